"""Signing in and out, cookies with their CSRF header, tokens, and how often one may guess."""

import asyncio
from datetime import timedelta

import pytest
import sqlalchemy as sa

from inbox import schema as t
from inbox.access import sign_in
from inbox.access.passwords import AT_ONCE, WAITING, TooBusy
from inbox.web import keys
from tests.inbox.conftest import PASSWORD, Answer, Client, cheap_passwords

RIGHT = {"email": "olga.owner@example.com", "password": PASSWORD}


async def signed_in(client: Client) -> tuple[Client, Answer]:
    """A browser with a session of its own."""
    browser = Client(client.http, client.url, client.app, client.clock)
    answer = await browser.post("/session", RIGHT)
    assert answer.status == 200
    browser.headers = {"Cookie": answer.headers["Set-Cookie"].partition(";")[0]}
    return browser, answer


async def test_a_password_opens_a_session_with_all_that_the_app_needs_to_start(client: Client) -> None:
    browser, answer = await signed_in(client)
    assert answer.body["manager"]["email"] == "olga.owner@example.com"
    assert "channels.write" in answer.body["rights"]
    assert (await browser.get("/session")).body == answer.body
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Secure" not in cookie


async def test_the_cookie_is_secure_where_the_site_is(client: Client) -> None:
    client.app[keys.SETTINGS].public_url = "https://inbox.example"
    _, answer = await signed_in(client)
    assert "Secure" in answer.headers["Set-Cookie"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        pytest.param(RIGHT | {"password": "wrong"}, 401, id="wrong password"),
        pytest.param(RIGHT | {"email": "nobody@example.com"}, 401, id="nobody of this name"),
        pytest.param(RIGHT | {"email": " OLGA.owner@Example.com "}, 200, id="the case of the address does not matter"),
        pytest.param(RIGHT | {"remember": True}, 422, id="unknown field"),
        pytest.param({"email": "olga.owner@example.com"}, 422, id="no password"),
    ],
)
async def test_signing_in(client: Client, body: dict[str, object], status: int) -> None:
    browser = Client(client.http, client.url, client.app, client.clock)
    assert (await browser.post("/session", body)).status == status


async def test_a_wrong_name_and_a_wrong_password_look_the_same(client: Client) -> None:
    browser = Client(client.http, client.url, client.app, client.clock)
    one = await browser.post("/session", RIGHT | {"password": "wrong"})
    other = await browser.post("/session", RIGHT | {"email": "nobody@example.com"})
    assert one.body == other.body


async def test_a_cookie_without_its_csrf_header_changes_nothing(client: Client) -> None:
    browser, answer = await signed_in(client)
    assert (await browser.post("/teams", {"name": "Sales"})).status == 403
    assert (await browser.post("/teams", {"name": "Sales"}, **{"X-CSRF-Token": "0" * 64})).status == 403
    assert (await browser.post("/teams", {"name": "Sales"}, **{"X-CSRF-Token": answer.body["csrf"]})).status == 201


async def test_signing_out_ends_the_session_at_once(client: Client) -> None:
    browser, answer = await signed_in(client)
    gone = await browser.call("DELETE", "/session", headers={"X-CSRF-Token": answer.body["csrf"]})
    assert gone.status == 204 and "Max-Age=0" in gone.headers["Set-Cookie"]
    assert (await browser.get("/session")).status == 401


async def test_one_sees_and_ends_only_ones_own_sessions(client: Client) -> None:
    browser, _ = await signed_in(client)
    listed = (await browser.get("/sessions")).body["items"]
    assert [s["current"] for s in listed] == [True]
    other = await client.become("lead")
    assert (await other.get("/sessions")).body["items"] == []
    assert (await other.delete(f"/sessions/{listed[0]['id']}")).status == 404
    assert (await client.delete(f"/sessions/{listed[0]['id']}")).status == 204
    assert (await browser.get("/session")).status == 401


async def test_a_session_ends_when_it_is_not_used_and_lives_while_it_is(client: Client) -> None:
    browser, _ = await signed_in(client)
    for _ in range(3):
        client.clock.tick(days=20)
        assert (await browser.get("/session")).status == 200
    client.clock.tick(days=31)
    assert (await browser.get("/session")).status == 401


async def test_a_token_works_until_it_is_revoked_and_is_shown_once(client: Client) -> None:
    made = (await client.post("/tokens", {"name": "Robot"})).body
    robot = Client(client.http, client.url, client.app, client.clock, token=made["token"])
    assert (await robot.get("/session")).body["csrf"] is None
    listed = (await client.get("/tokens")).body["items"]
    assert made["token"] not in str(listed) and [x["name"] for x in listed] == ["Robot", "tests"]
    assert (await client.delete(f"/tokens/{made['id']}")).status == 204
    assert (await robot.get("/session")).status == 401
    assert (await client.delete(f"/tokens/{made['id']}")).status == 404


@pytest.mark.parametrize("header", ["Bearer nonsense", "Bearer ", "Basic abc", "Bearer sb_" + "x" * 5000, "bearer \xff"])
async def test_a_wrong_token_is_told_so(client: Client, header: str) -> None:
    browser = Client(client.http, client.url, client.app, client.clock, headers={"Authorization": header})
    answer = await browser.get("/session")
    assert answer.status == 401 and "WWW-Authenticate" in answer.headers


async def test_whoever_is_shut_out_is_out_at_once(client: Client) -> None:
    other = await client.become("operator")
    assert (await other.get("/session")).status == 200
    assert (await client.patch(f"/managers/{other.id}", {"disabled": True})).status == 200
    assert (await other.get("/session")).status == 401
    assert (await client.patch(f"/managers/{other.id}", {"disabled": False})).status == 200
    assert (await other.get("/session")).status == 200


async def test_ten_wrong_guesses_are_enough_for_five_minutes(client: Client) -> None:
    browser = Client(client.http, client.url, client.app, client.clock)
    for _ in range(10):
        assert (await browser.post("/session", RIGHT | {"password": "wrong"})).status == 401
    refused = await browser.post("/session", RIGHT)
    assert refused.status == 429 and refused.headers["Retry-After"] == "301"
    client.clock.tick(minutes=5, seconds=1)
    assert (await browser.post("/session", RIGHT)).status == 200


async def test_ones_own_password_is_changed_with_the_old_one_and_ends_all_sessions(client: Client) -> None:
    browser, _ = await signed_in(client)
    me = f"/managers/{client.id}"
    assert (await client.patch(me, {"password": "a new one"})).errors.keys() == {"current_password"}
    assert (await client.patch(me, {"password": "short", "current_password": PASSWORD})).errors.keys() == {"password"}
    assert (await client.patch(me, {"password": "a new one", "current_password": PASSWORD})).status == 200
    assert (await browser.get("/session")).status == 401
    assert (await Client(client.http, client.url, client.app, client.clock).post("/session", RIGHT)).status == 401


async def test_the_last_owner_stays_owner(client: Client) -> None:
    me = f"/managers/{client.id}"
    assert (await client.patch(me, {"role": "lead"})).status == 409
    assert (await client.patch(me, {"disabled": True})).status == 409
    await client.become("owner", "Second Owner")
    assert (await client.patch(me, {"role": "lead"})).status == 200


async def test_no_secret_is_stored(client: Client) -> None:
    await signed_in(client)
    everything = await client.run(_all_rows)
    assert client.token not in everything and PASSWORD not in everything
    assert sign_in.digest(client.token) in everything


async def test_hashes_that_wait_too_long_a_line_are_turned_away() -> None:
    passwords = cheap_passwords()
    hashed = passwords.hash_now(PASSWORD)
    results = await asyncio.gather(*(passwords.verify(PASSWORD, hashed) for _ in range(WAITING + 5)), return_exceptions=True)
    assert sum(r is True for r in results) == WAITING > AT_ONCE
    assert sum(isinstance(r, TooBusy) for r in results) == 5
    assert await passwords.verify(PASSWORD, hashed) and not await passwords.verify("", None)
    passwords.close()


def test_a_csrf_token_fits_one_session_of_one_installation() -> None:
    assert sign_in.csrf("key", "a") == sign_in.csrf("key", "a")
    assert len({sign_in.csrf(k, s) for k in ("key", "other") for s in ("a", "b")}) == 4
    assert timedelta(days=1) < sign_in.LASTS


def _all_rows(connection: sa.Connection) -> str:
    return str([connection.execute(table.select()).all() for table in (t.sessions, t.tokens, t.managers, t.events)])
