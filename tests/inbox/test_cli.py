"""The command line: what programs and people rely on, each command against a real database, by the program's own entry."""

import asyncio
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet
from typer.testing import CliRunner

from channels.registry import kinds
from channels.sandbox.base import Phones, serve
from channels.sandbox.telegram import TelegramStandIn
from inbox import doctor, revision
from inbox import migrate as migrations
from inbox import schema as t
from inbox.access import sign_in
from inbox.accounts import Vault, load_all
from inbox.cli import app, demo
from inbox.db import Database
from inbox.settings import Settings
from inbox.store import ids
from tests.conftest import make_settings

RUNNER = CliRunner()
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
SQLITE = pytest.mark.parametrize("settings", ["sqlite"], indirect=True)


@pytest.fixture
def here(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The installation that commands find in their environment."""
    monkeypatch.chdir(settings.data)
    monkeypatch.setenv("SWITCHBOARD_DATA", str(settings.data))
    monkeypatch.setenv("SWITCHBOARD_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("SWITCHBOARD_SECRET_KEY", settings.key)
    monkeypatch.setenv("SWITCHBOARD_PUBLIC_URL", "https://inbox.example.com")
    return settings


def run(*words: str, code: int = 0, given: str = "") -> str:
    """Run a command; what it printed, complaints included where it was to fail."""
    result = RUNNER.invoke(app, list(words), input=given)
    assert result.exit_code == code, f"{words}: {result.exit_code}\n{result.output}\n{result.exception!r}"
    return result.stdout if code == 0 else result.stderr


def add_owner(email: str = "anna@example.com") -> None:
    run("user", "add", email, "--role", "owner", "--password-stdin", given="a long password\n")


def test_people_are_added_and_listed(here: Settings) -> None:
    add_owner()
    run(
        "user", "add", "boris@example.com", "--role", "operator", "--name", "Boris", "--password-stdin", given="also quite long\n"
    )
    listed = json.loads(run("user", "list", "--json"))
    assert [(each["email"], each["role"], each["name"]) for each in listed] == [
        ("anna@example.com", "owner", "anna"),
        ("boris@example.com", "operator", "Boris"),
    ]
    assert "Boris" in run("user", "list")


WRONG_PEOPLE = [
    ("a role that there is not", ("x@example.com", "--role", "boss"), "a long password", "role: Choose one of owner"),
    ("no mail address", ("somebody", "--role", "owner"), "a long password", "email: This is not a mail address"),
    ("a short password", ("x@example.com", "--role", "owner"), "short", "password: A password has"),
    ("an address that is taken", ("ANNA@example.com", "--role", "owner"), "a long password", "here already"),
]


@SQLITE
@pytest.mark.parametrize(("words", "password", "said"), [row[1:] for row in WRONG_PEOPLE], ids=[row[0] for row in WRONG_PEOPLE])
def test_a_wrong_person_is_refused_in_words(here: Settings, words: tuple[str, ...], password: str, said: str) -> None:
    add_owner()
    assert said in run("user", "add", *words, "--password-stdin", given=password, code=1)
    assert len(json.loads(run("user", "list", "--json"))) == 1


def test_a_token_stands_alone_on_stdout_works_and_can_be_revoked(here: Settings, db: Database) -> None:
    add_owner()
    token = run("token", "add", "anna@example.com", "--name", "script")
    assert token.count("\n") == 1
    with db.begin() as connection:
        found = sign_in.by_token(connection, datetime.now(UTC), token.strip())
        assert found is not None
        assert found.role == "owner"
    listed = run("token", "list", "--json")
    assert token.strip() not in listed
    run("token", "revoke", str(json.loads(listed)[0]["id"]))
    with db.begin() as connection:
        assert sign_in.by_token(connection, datetime.now(UTC), token.strip()) is None
    assert "There is no token 99" in run("token", "revoke", "99", code=1)
    assert "Nobody here" in run("token", "add", "nobody@example.com", code=1)


@SQLITE
def test_a_new_password_ends_sessions(here: Settings, db: Database) -> None:
    add_owner()
    with db.begin() as connection:
        secret = sign_in.start_session(connection, datetime.now(UTC), 1)
    run("user", "password", "anna@example.com", "--password-stdin", given="another long one\n")
    with db.begin() as connection:
        assert sign_in.by_session(connection, datetime.now(UTC), secret) is None


async def test_a_channel_is_connected_with_its_provider(here: Settings, db: Database) -> None:
    async with serve(TelegramStandIn(Phones())) as provider:
        words = [word for key, value in provider.settings().items() for word in ("--set", f"{key}={value}")]
        # In a process of its own: this one's event loop serves the provider.
        done = await _elsewhere(here, "channel", "add", "telegram", "--name", "Support", *words, "--set", "mode=webhook")
        added = json.loads(done.stdout)
        assert [line.partition("warning: ")[2] for line in done.stderr.splitlines()] == added["notes"]
        assert (added["webhook"], "error" in added) == (f"https://inbox.example.com/hooks/{added['id']}", False)
        assert provider.webhook == added["webhook"]
    with db.begin() as connection:
        (channel,) = load_all(connection, Vault(here.key))
    assert (channel.name, channel.state, channel.settings.model_dump()["mode"]) == ("Support", "ok", "webhook")


async def _elsewhere(here: Settings, *words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "inbox.cli", *words]
    root = Path(__file__).parents[2]
    env = {"PYTHONPATH": str(root), **_environment(here)}
    return await asyncio.to_thread(
        lambda: subprocess.run(command, cwd=here.data, env=env, capture_output=True, text=True, timeout=60, check=True)
    )


def _environment(here: Settings) -> dict[str, str]:
    given = {
        "DATA": here.data,
        "DATABASE_URL": here.database_url,
        "SECRET_KEY": here.key,
        "PUBLIC_URL": "https://inbox.example.com",
    }
    return {f"SWITCHBOARD_{name}": str(value) for name, value in given.items()}


@SQLITE
def test_a_provider_out_of_reach_is_a_warning_and_the_channel_stays(here: Settings) -> None:
    words = ("--set", "token=123456:ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghi", "api_base=http://127.0.0.1:9")  # one --set for several
    result = RUNNER.invoke(app, ["channel", "add", "telegram", "--name", "Later", *words])
    added = json.loads(result.stdout)
    assert (result.exit_code, added["id"], "warning: The provider" in result.stderr) == (0, 1, True)
    assert "ABCDEF" not in result.output
    (listed,) = json.loads(run("channel", "list", "--json"))
    assert (listed["id"], listed["kind"], listed["name"], listed["state"]) == (1, "telegram", "Later", "ok")
    assert listed["webhook"] == "https://inbox.example.com/hooks/1"


WRONG_CHANNELS = [
    ("a kind that there is not", ("smoke", "--name", "X"), 1, "choose one of email, sms"),
    (
        "a field that is missing",
        ("sms", "--name", "X", "--set", "from=+15005550006", "--set", "auth_token=t"),
        2,
        "account_sid: ",
    ),
    ("a field that there is not", ("webchat", "--name", "X", "--set", "origin=https://a.example"), 2, "origin: "),
    (
        "a value that cannot be",
        ("email", "--name", "X", "--set", "address=a@b.example", "--set", "imap_port=x"),
        2,
        "imap_port: ",
    ),
    ("no key=value", ("webchat", "--name", "X", "--set", "origins"), 2, "--set key=value"),
]


@SQLITE
@pytest.mark.parametrize(("words", "code", "said"), [row[1:] for row in WRONG_CHANNELS], ids=[row[0] for row in WRONG_CHANNELS])
def test_a_wrong_channel_is_refused_naming_the_field(here: Settings, words: tuple[str, ...], code: int, said: str) -> None:
    assert said in run("channel", "add", *words, code=code)
    assert json.loads(run("channel", "list", "--json")) == []


@SQLITE
def test_a_channel_is_changed_switched_off_and_removed(here: Settings) -> None:
    run(
        "channel",
        "add",
        "webchat",
        "--name",
        "Site",
        "--set-stdin",
        given="origins=https://a.example\nhmac_secret=quite-secret-indeed\n",
    )
    run("channel", "change", "1", "--name", "Shop", "--set", "origins=https://b.example")
    run("channel", "change", "1", "--state", "off")
    (listed,) = json.loads(run("channel", "list", "--json"))
    assert (listed["name"], listed["state"]) == ("Shop", "disabled")
    run("channel", "change", "1", "--state", "on")
    with Database(here).begin() as connection:
        settings = load_all(connection, Vault(here.key))[0].settings.model_dump()
    assert settings["origins"] == "https://b.example"
    assert settings["hmac_secret"].get_secret_value() == "quite-secret-indeed", "a secret that is not given keeps its value"
    assert "on or off" in run("channel", "change", "1", "--state", "perhaps", code=2)
    assert "There is no channel 7" in run("channel", "remove", "7", "--yes", code=1)
    run("channel", "remove", "1", "--yes")
    assert json.loads(run("channel", "list", "--json")) == []


def test_every_kind_is_described_with_all_its_settings() -> None:
    described = {each["kind"]: each for each in json.loads(run("channel", "kinds", "--json"))}
    assert sorted(described) == sorted(kinds())
    telegram = {field["name"]: field for field in described["telegram"]["settings"]}
    assert (telegram["token"]["required"], telegram["token"]["secret"], telegram["mode"]["default"]) == (True, True, "polling")
    text = run("channel", "kinds")
    assert all(field["name"] in text for each in described.values() for field in each["settings"])


@SQLITE
def test_flows_are_checked_added_listed_and_switched(here: Settings, tmp_path: Path) -> None:
    assert "nothing wrong" in run("flow", "check", "welcome")
    broken = tmp_path / "broken.yaml"
    broken.write_text("version: 1\nname: broken\nlanguages: [en]\nsteps:\n  - say: {en: hello}\n    goto: nowhere\n")
    assert "nowhere" in run("flow", "check", str(broken), code=1)
    assert "nowhere" in run("flow", "add", str(broken), code=1)
    run("flow", "add", "welcome")
    assert "Flow 1 has the new text" in run("flow", "add", "welcome")
    run("flow", "off", "1")
    (listed,) = json.loads(run("flow", "list", "--json"))
    assert (listed["name"], listed["version"], listed["enabled"]) == ("welcome", 2, False)
    assert run("flow", "show", "1").startswith("# The first thing people meet")
    assert "There is no flow 5" in run("flow", "on", "5", code=1)
    assert "No such file" in run("flow", "check", "nowhere.yaml", code=2)


@pytest.fixture
def audience(here: Settings, db: Database) -> None:
    """Two contacts with a tag whom a connected web chat reaches."""
    run("channel", "add", "webchat", "--name", "Site")
    with db.begin() as connection:
        for n in (1, 2):
            number = ids.one(connection, "contacts")
            connection.execute(sa.insert(t.contacts).values(id=number, number=f"C{n}", name=f"Person {n}", created_at=NOW))
            connection.execute(sa.insert(t.contact_tags).values(tag="autumn", contact_id=number))
            reach = {"channel_id": 1, "address": f"visitor-{n}", "contact_id": number, "heard_at": datetime.now(UTC)}
            connection.execute(sa.insert(t.reaches).values(reach))


@pytest.mark.usefixtures("audience")
def test_a_broadcast_is_shown_begun_paused_resumed_and_cancelled(here: Settings) -> None:
    words = ("broadcast", "send", "--tag", "autumn", "--text", "Hello {{ name }}")
    shown = RUNNER.invoke(app, list(words), input="n\n")
    assert (shown.exit_code, "2 people get it" in shown.stderr, "Hello Person 1" in shown.stderr) == (1, True, True)
    assert json.loads(run("broadcast", "list", "--json")) == []
    begun = json.loads(run(*words, "--yes", "--json"))
    number = str(begun["id"])
    assert begun["state"] == "planning"
    run("broadcast", "pause", number)
    assert "The broadcast is paused" in run("broadcast", "pause", number, code=1)
    watched = RUNNER.invoke(app, ["broadcast", "watch", number])
    assert (watched.exit_code, "paused: nobody yet" in watched.stderr) == (0, True)
    run("broadcast", "resume", number)
    run("broadcast", "cancel", number)
    (listed,) = json.loads(run("broadcast", "list", "--json"))
    assert (listed["state"], listed["waiting"]) == ("cancelled", 0)


@SQLITE
@pytest.mark.usefixtures("audience")
def test_a_wrong_broadcast_is_refused_in_words(here: Settings) -> None:
    assert "--text" in run("broadcast", "send", "--tag", "autumn", code=2)
    assert "Nobody would get it" in run("broadcast", "send", "--tag", "spring", "--text", "Hi", code=1)
    assert run("broadcast", "send", "--tag", "autumn", "--text", "{{ name", "--yes", code=1).startswith("switchboard: ")
    assert "There is no broadcast 9" in run("broadcast", "pause", "9", code=1)
    assert json.loads(run("broadcast", "list", "--json")) == []


def keep_raw(db: Database, body: bytes, state: str = "failed") -> int:
    with db.begin() as connection:
        number = ids.one(connection, "raw_bodies")
        row = {"id": number, "channel_id": 1, "received_at": NOW, "method": "POST", "url": "https://x/hooks/1", "headers": {}}
        connection.execute(sa.insert(t.raw_bodies).values(row | {"body": body, "state": state}))
    return number


UPDATE = {
    "update_id": 1,
    "message": {
        "message_id": 5, "date": 1790000000, "text": "Привет", "from": {"id": 7, "is_bot": False, "first_name": "Anna"},
        "chat": {"id": 7, "type": "private", "first_name": "Anna"},
    },
}  # fmt: skip


def test_raw_deliveries_are_shown_and_replayed_without_doubling(here: Settings, db: Database) -> None:
    token = "token=123456:ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghi"
    run("channel", "add", "telegram", "--name", "Bot", "--set", token, "--set", "api_base=http://127.0.0.1:9")
    good = keep_raw(db, json.dumps(UPDATE).encode())
    bad = keep_raw(db, b"\xff not json")
    assert [each["id"] for each in json.loads(run("raw", "list", "--state", "failed", "--json"))] == [bad, good]
    assert json.loads(json.loads(run("raw", "show", str(good)))["body"]) == UPDATE
    assert "body_base64" in json.loads(run("raw", "show", str(bad)))
    said = RUNNER.invoke(app, ["raw", "replay", "--state", "failed"])
    assert (said.exit_code, "Replayed 1 of 2: 1 new messages" in said.stdout, f"{bad}: " in said.stderr) == (1, True, True)
    assert "0 new messages" in run("raw", "replay", str(good))
    with db.begin() as connection:
        assert connection.execute(sa.select(t.messages.c.text)).scalars().all() == ["Привет"]
    assert "There is no raw delivery 99" in run("raw", "show", "99", code=1)
    assert "Name deliveries" in run("raw", "replay", code=2)
    assert "--state" in run("raw", "list", "--state", "odd", code=2)


def test_a_new_database_is_made_by_the_first_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWITCHBOARD_DATA", str(tmp_path / "new"))
    assert json.loads(run("user", "list", "--json")) == []
    assert f"at revision {revision.newest()}" in run("migrate")


@SQLITE
def test_another_schema_is_named_and_never_changed_by_the_way(here: Settings, db: Database) -> None:
    with db.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '0000'"))
    assert "switchboard migrate" in run("user", "list", code=1)


def test_revisions_are_told_as_alembic_tells_them(settings: Settings, db: Database) -> None:
    with db.begin() as connection:
        assert revision.current(connection) == migrations.current(connection) == revision.newest() == migrations.newest()


def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWITCHBOARD_PORT", "http")
    assert "SWITCHBOARD_PORT: " in run("user", "list", code=2)


@SQLITE
def test_another_key_is_said(here: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    run("channel", "add", "webchat", "--name", "Site", "--set", "hmac_secret=quite-secret-indeed")
    monkeypatch.setenv("SWITCHBOARD_SECRET_KEY", Fernet.generate_key().decode())
    assert "SWITCHBOARD_SECRET_KEY" in run("channel", "list", code=1)
    assert any(each["state"] == "problem" and "another key" in each["found"] for each in findings(code=1))


def test_a_database_that_is_away_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SWITCHBOARD_DATA", str(tmp_path))
    monkeypatch.setenv("SWITCHBOARD_DATABASE_URL", "postgresql://u:hidden@127.0.0.1:9/x")
    assert "switchboard doctor" in run("user", "list", code=1)
    assert ("database", "problem") in {(each["about"], each["state"]) for each in findings(code=1)}


def findings(code: int | None = None) -> list[dict[str, str]]:
    result = RUNNER.invoke(app, ["doctor", "--json"])
    assert code is None or result.exit_code == code
    found: list[dict[str, str]] = json.loads(result.stdout)["findings"]
    return found


def test_the_doctor_finds_a_healthy_installation_healthy(here: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWITCHBOARD_PORT", "0")
    states = {each["about"]: each["state"] for each in findings()}
    wrong = {about for about, state in states.items() if state == "problem"}
    assert wrong <= {"the app"}, "the app may not be built where tests run"
    assert states["database"] == states["Redis"] == states["public URL"] == "ok"


ILL = [
    ("a folder that is a file", {"SWITCHBOARD_DATA": "/dev/null/x"}, "data folder"),
    ("a Redis that is away", {"SWITCHBOARD_REDIS_URL": "redis://:hidden@127.0.0.1:9"}, "Redis"),
    ("a host that is not ours", {"SWITCHBOARD_HOST": "192.0.2.1"}, "port"),
    ("a public URL that is none", {"SWITCHBOARD_PUBLIC_URL": "inbox"}, "public URL"),
    ("an unknown time zone", {"SWITCHBOARD_TIMEZONE": "Mars/Olympus"}, "time zone"),
]


@SQLITE
@pytest.mark.parametrize(("change", "about"), [row[1:] for row in ILL], ids=[row[0] for row in ILL])
def test_the_doctor_finds_what_is_wrong_and_says_how_to_mend_it(
    here: Settings, monkeypatch: pytest.MonkeyPatch, change: dict[str, str], about: str
) -> None:
    for name, value in change.items():
        monkeypatch.setenv(name, value)
    (found,) = [each for each in findings(code=1) if each["about"] == about]
    assert (found["state"], bool(found["mend"])) == ("problem", True)


@SQLITE
def test_the_doctor_shows_every_setting_and_no_secret(here: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWITCHBOARD_SECRET_KEY", "hidden-hidden-hidden-hidden")
    monkeypatch.setenv("SWITCHBOARD_DATABASE_URL", "postgresql://u:hidden@127.0.0.1:9/x")
    monkeypatch.setenv("SWITCHBOARD_REDIS_URL", "redis://:hidden@127.0.0.1:9")
    shown = RUNNER.invoke(app, ["doctor"]).output
    assert "hidden" not in shown
    assert all(f"SWITCHBOARD_{name.upper()}=" in shown for name in Settings.model_fields)
    assert {name for name, _, _ in doctor.shown(here)} == {f"SWITCHBOARD_{name.upper()}" for name in Settings.model_fields}


@SQLITE
def test_the_demo_keeps_away_from_an_installation_of_its_own(here: Settings) -> None:
    add_owner()
    assert "another" in run("demo", "--port", "0", code=1)
    assert "no demo" in run("demo", "--port", "0", "--fresh", code=1)
    assert len(json.loads(run("user", "list", "--json"))) == 1


def test_a_fresh_demo_forgets_the_last_one_only(tmp_path: Path) -> None:
    found = make_settings(tmp_path)
    db = Database(found)
    migrations.migrate(db)
    db.close()
    password = demo.furnish(found)
    assert demo.furnish(found) == password, "a second start keeps everything"
    (tmp_path / "notes.txt").write_text("mine")
    demo.forget(found)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["notes.txt"]


def test_every_command_explains_itself() -> None:
    groups = {"user", "token", "channel", "broadcast", "flow", "raw"}
    top = run("--help")
    for name in ("up", "serve", "worker", "migrate", "demo", "doctor", *groups):
        assert name in top
        assert run(name, "--help").strip()
    assert run("--version").startswith("switchboard ")
