"""Channels: connect, change, check, and what their providers delivered."""

import asyncio
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from channels.registry import kinds
from inbox import accounts
from inbox.access.rights import Right
from inbox.care import checking, trial
from inbox.care.checking import look
from inbox.care.connecting import introduce
from inbox.people import require_team
from inbox.refusals import Invalid, NotFound
from inbox.replay import Replayed, raw_shown, replay_raw
from inbox.views import channels as views
from inbox.views import raw
from inbox.views.paging import All, Page
from inbox.web import keys
from inbox.web.endpoint import Call, endpoint
from inbox.web.fields import NOT_GIVEN, Body, Change, Id, Name, PageQuery

Given = dict[str, str | int | bool]


class NewChannel(Body):
    """An account to connect."""

    kind: Annotated[str, StringConstraints(min_length=1, max_length=40)]
    name: Name
    settings: Annotated[Given, Field(max_length=50)]
    """By the kind's fields (see /channels/kinds)."""


class ChannelChange(Change):
    """What to change about a channel."""

    name: Name = NOT_GIVEN
    settings: Annotated[Given, Field(max_length=50)] = NOT_GIVEN
    """What is not named keeps its value, secrets too."""
    state: Literal["ok", "disabled"] = NOT_GIVEN
    team: Id | None = NOT_GIVEN
    """Requests that come in here go to this team's queue."""


class RawQuery(PageQuery):
    """Which deliveries."""

    state: Literal["done", "partial", "failed"] | None = None


class TestMessage(Body):
    """Whom to send a test message to."""

    __test__ = False

    address: Annotated[str, StringConstraints(min_length=1, max_length=254)]
    """As the channel knows people: a phone number, a mail address; elsewhere one that has written already."""
    text: Annotated[str, Field(max_length=1000)] = ""
    """Without one, a sentence that says what it is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckShown:
    """One thing that was looked at. `state`: ok, warning or error; `mend`: what to do where it is not ok."""

    name: str
    state: str
    text: str
    mend: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Checked:
    """What was found. `ok`: no check is an error. `problem`: why the channel does not work, null if it does."""

    ok: bool
    account: views.AccountShown | None
    problem: str | None
    checks: list[CheckShown]


@endpoint("GET", "/channels", Right.CHANNELS_READ)
async def list_channels(call: Call) -> All[views.Channel]:
    """All connected channels."""
    return await call.read(views.channels, call.app[keys.VAULT], call.app[keys.SETTINGS].base_url, call.now)


@endpoint("GET", "/channels/kinds", Right.CHANNELS_READ)
async def list_channel_kinds(call: Call) -> All[views.Kind]:
    """The kinds of channels there are, with the form that connects one."""
    return await asyncio.to_thread(views.all_kinds)


@endpoint("POST", "/channels", Right.CHANNELS_WRITE, status=201)
async def add_channel(call: Call, body: NewChannel) -> views.Channel:
    """Connect an account.

    The settings are tested with the provider; what it has to say is in `account.notes` and `error`.
    """
    if body.kind not in kinds():
        raise Invalid("kind", f"Choose one of {', '.join(kinds())}")
    channel_id = await call.run(accounts.add, call.now, call.app[keys.VAULT], body.kind, body.name, body.settings)
    await _check(call, channel_id)
    return await _show(call, channel_id)


@endpoint("PATCH", "/channels/{channel_id}", Right.CHANNELS_WRITE)
async def change_channel(call: Call, channel_id: int, body: ChannelChange) -> views.Channel:
    """Rename, change settings, switch off and on, give to a team."""
    await _show(call, channel_id)
    given = body.given()
    if body.team is not None:
        await _require_team(call, body.team)
    await call.run(
        accounts.change, call.now, call.app[keys.VAULT], channel_id, name=given.get("name"), values=given.get("settings"),
        state=given.get("state"), team_id=given.get("team", ""),
    )  # fmt: skip
    if "settings" in given:
        await _check(call, channel_id)
    return await _show(call, channel_id)


@endpoint("DELETE", "/channels/{channel_id}", Right.CHANNELS_WRITE)
async def remove_channel(call: Call, channel_id: int) -> None:
    """Disconnect: the history stays, nothing comes in or goes out any more."""
    await _show(call, channel_id)
    await call.run(accounts.remove, call.now, channel_id)


@endpoint("POST", "/channels/{channel_id}/check", Right.CHANNELS_WRITE)
async def check_channel(call: Call, channel_id: int) -> Checked:
    """Look at everything that can be wrong with a channel, thing by thing, and tell its provider our webhook address again."""
    await _show(call, channel_id)
    looked = await look(call.app[keys.HOUSE], channel_id, call.now)
    checks = [CheckShown(name=c.name, state=c.state, text=c.text, mend=c.mend) for c in looked.checks]
    account = (await _show(call, channel_id)).account
    return Checked(ok=looked.ok, account=account, problem=looked.problem or None, checks=checks)


@endpoint("POST", "/channels/{channel_id}/test", Right.CHANNELS_WRITE, status=201)
async def send_test(call: Call, channel_id: int, body: TestMessage) -> trial.Sending:
    """Send a real message to an address, to see whether the channel works. Its state shows what becomes of it.

    409 says in words why the channel may not write there now.
    """
    return await call.run(trial.send, call.now, call.me, channel_id, body.address, body.text)


@endpoint("GET", "/channels/{channel_id}/raw", Right.RAW_READ)
async def list_raw_bodies(call: Call, channel_id: int, query: RawQuery) -> Page[raw.RawBody]:
    """What the provider delivered, newest first."""
    await _show(call, channel_id)
    secrets = await call.read(raw.secrets_of, call.app[keys.VAULT], channel_id)
    return await call.read(raw.page, channel_id, query.state, secrets, query.cursor, query.limit)


@endpoint("GET", "/raw/{raw_id}", Right.RAW_READ)
async def get_raw_body(call: Call, raw_id: int) -> raw.RawWhole:
    """A delivery with its body, and what it is read as. Secrets are masked; what the customer wrote is not."""
    try:
        return await raw_shown(call.app[keys.HOUSE], raw_id)
    except LookupError as error:
        raise NotFound(str(error)) from error


@endpoint("POST", "/raw/{raw_id}/replay", Right.RAW_READ)
async def replay_raw_body(call: Call, raw_id: int) -> Replayed:
    """Read a kept body again: what is stored already stays as it is."""
    try:
        return await replay_raw(call.app[keys.HOUSE], raw_id)
    except LookupError as error:
        raise NotFound(str(error)) from error


async def _show(call: Call, channel_id: int) -> views.Channel:
    return await call.read(views.channel, call.app[keys.VAULT], call.app[keys.SETTINGS].base_url, channel_id, call.now)


async def _check(call: Call, channel_id: int) -> str | None:
    """What is wrong with the channel, in words."""
    try:
        async with asyncio.timeout(checking.PATIENCE):
            found = await introduce(call.app[keys.HOUSE], channel_id)
    except TimeoutError:
        return "The provider does not answer."
    return found.error or None


async def _require_team(call: Call, team_id: int) -> None:
    try:
        await call.read(require_team, team_id)
    except NotFound as error:
        raise Invalid("team", error.detail) from error
