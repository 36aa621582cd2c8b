"""`switchboard channel check` and `test`: what a newcomer reads at the terminal, by a channel's id or its name."""

import json

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from inbox import schema as t
from inbox.cli import app
from inbox.db import Database
from inbox.settings import Settings
from tests.inbox.test_cli import here, run  # noqa: F401 `here` is a fixture

RUNNER = CliRunner()
pytestmark = pytest.mark.parametrize("settings", ["sqlite"], indirect=True)


@pytest.fixture
def chat(here: Settings, monkeypatch: pytest.MonkeyPatch) -> int:  # noqa: F811
    """A channel that needs no provider."""
    monkeypatch.setenv("SWITCHBOARD_PUBLIC_URL", "http://127.0.0.1:9")
    run("user", "add", "vera@shop.example", "--role", "owner", "--name", "Vera", "--password-stdin", given="a long password\n")
    return int(json.loads(run("channel", "add", "webchat", "--name", "Shop chat", "--set", "origins=http://shop.example"))["id"])


def test_a_check_says_what_to_do(chat: int) -> None:
    said = run("channel", "check", "shop CHAT")
    assert "✓ sites" in said and "! received" in said and "look again" in said
    found = json.loads(run("channel", "check", str(chat), "--json"))
    assert found["ok"] is True and {c["name"] for c in found["checks"]} >= {"sites", "address", "received", "sending"}


def test_a_check_of_what_does_not_work_ends_with_1(chat: int) -> None:
    run("channel", "change", str(chat), "--set", "origins=https://shop.example")
    said = RUNNER.invoke(app, ["channel", "check", str(chat)])
    assert said.exit_code == 1 and "✗ address" in said.stdout


def test_a_name_must_be_one_channels(chat: int) -> None:
    assert "There is no channel Nobody" in run("channel", "check", "Nobody", code=1)
    assert "There is no channel 99" in run("channel", "check", "99", code=1)
    run("channel", "add", "webchat", "--name", "shop chat")
    assert "2 channels are named" in run("channel", "check", "Shop chat", code=1)


def test_a_test_message_is_queued(chat: int, db: Database) -> None:
    values = ("account_sid=AC" + "0" * 32, "auth_token=a secret", "from=+15005550006", "api_base=http://127.0.0.1:9")
    RUNNER.invoke(app, ["channel", "add", "sms", "--name", "SMS", *(word for v in values for word in ("--set", v))])
    sent = json.loads(run("channel", "test", "SMS", "+4930901820", "--text", "Hello"))
    with db.begin() as connection:
        m = t.messages.c
        row = connection.execute(sa.select(m.text, m.state, m.address).where(m.id == sent["message_id"])).one()
    assert tuple(row) == ("Hello", "queued", "+4930901820")
    assert "cannot write first" in run("channel", "test", "Shop chat", "somebody", code=1)
    assert "nobody with the address" in run("channel", "test", "SMS", "+4930901820", "--by", "x@y.example", code=1)
