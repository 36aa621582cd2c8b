"""Look a channel over, for somebody who has to put it right: our address, what comes in and goes out, the provider's side."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from urllib.parse import urlsplit

import aiohttp
import sqlalchemy as sa

from channels.base import Account, Check
from inbox import schema as t
from inbox.accounts import Line
from inbox.care import connecting
from inbox.house import House
from inbox.views import care

PATIENCE = 20.0
"""Seconds that a provider may take to answer."""
_QUICK = aiohttp.ClientTimeout(total=5)
_SKEW, _LARGE_SKEW = 30.0, 300.0
"""Seconds by which our clock may be wrong before somebody should know, and before signatures and windows are wrong."""
_PROXY = (
    "Let a proxy with a certificate (Caddy, nginx) answer at a public name and pass everything on to this installation, then "
    "set SWITCHBOARD_PUBLIC_URL to its https address"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Looked:
    """All that was found. `problem`: why the channel does not work, in words; empty if it does."""

    checks: Sequence[Check]
    account: Account | None
    problem: str

    @property
    def ok(self) -> bool:
        return not any(each.state == "error" for each in self.checks)


async def look(house: House, channel_id: int, now: datetime | None = None) -> Looked:
    """Check a channel, and have its provider told our address again. Raises LookupError if there is no such channel.

    What was wrong with the provider and is right once it was told is a warning: somebody else may have changed it.
    """
    await house.accounts.refresh(only_stale=False)
    line = await house.accounts.line(channel_id)
    if line is None:
        raise LookupError(f"There is no channel {channel_id}")
    address = connecting.webhook(house.settings.base_url, channel_id)
    theirs, found = await _ask(house, line, address)
    facts = await house.db.read(_facts, channel_id, now or datetime.now(UTC))
    seen = any(each.name == "address" for each in theirs)
    outside = [] if line.connector.pulls else [*([] if seen else _address(house, line, address)), *await _reachable(house)]
    clock = await _clock(house, line) if found is not None else []
    checks = [*theirs, *outside, *clock, *_traffic(line, facts)]
    return Looked(checks=checks, account=found.account if found else None, problem=_problem(found, theirs))


async def _ask(house: House, line: Line, address: str) -> tuple[list[Check], connecting.Introduction | None]:
    """What the connector finds; before and, where something was wrong, after the provider was told our address again."""
    try:
        async with asyncio.timeout(PATIENCE):
            before = list(await line.connector.checks(address))
            found = await connecting.introduce(house, line.channel.id)
            if found.error or all(each.state == "ok" for each in before):
                return before, found
            return _mended(before, list(await line.connector.checks(address))), found
    except TimeoutError:
        mend = "Is the provider down (see its status page)? May this machine reach it through the firewall?"
        return [Check(name="provider", state="error", text="The provider does not answer.", mend=mend)], None


def _mended(before: Sequence[Check], after: Sequence[Check]) -> list[Check]:
    bad = {each.name: each for each in before if each.state == "error"}
    return [_put_right(each, bad[each.name]) if each.state == "ok" and each.name in bad else each for each in after]


def _put_right(now: Check, was: Check) -> Check:
    mend = "It was put right just now. If it comes again, another program changes it: give that one an account of its own"
    return replace(now, state="warning", text=was.text, mend=mend)


def _problem(found: connecting.Introduction | None, theirs: Sequence[Check]) -> str:
    if found is not None and found.error:
        return found.error
    return next((each.text for each in theirs if each.state == "error"), "")


def _address(house: House, line: Line, address: str) -> list[Check]:
    """Whether a provider can reach what we give it as our address. A stand-in on this machine reaches whatever we do."""
    parts = urlsplit(address)
    local = not _public(parts.hostname or "")
    if local and not _public(urlsplit(str(getattr(line.channel.settings, "api_base", ""))).hostname or ""):
        return [Check(name="address", text=f"{parts.netloc}, on this machine only")]
    if local:
        unset = "" if house.settings.public_url else " (SWITCHBOARD_PUBLIC_URL is not set)"
        text = f"{parts.netloc} cannot be reached from the internet{unset}, so that nothing can be delivered"
        return [Check(name="address", state="error", text=text, mend=_PROXY)]
    if parts.scheme != "https":
        text = "The public address is not https: providers deliver to nothing else"
        return [Check(name="address", state="error", text=text, mend=_PROXY)]
    return [Check(name="address", text=parts.netloc)]


def _public(host: str) -> bool:
    try:
        return ip_address(host).is_global
    except ValueError:
        return "." in host and not host.endswith((".local", ".internal", ".localhost", ".lan", ".home.arpa"))


async def _reachable(house: House) -> list[Check]:
    """Whether we reach ourselves by the public address; some networks cannot, so a failure is only a warning."""
    base = house.settings.base_url
    try:
        async with house.http.get(f"{base}/healthz", timeout=_QUICK, allow_redirects=False) as answer:
            ours = answer.status == 200 and "ok" in await answer.text()
            text = "" if ours else f"At {urlsplit(base).netloc} something else answers ({answer.status})"
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        why = "its certificate is not valid" if isinstance(error, aiohttp.ClientSSLError) else "nothing answers"
        text = f"From this machine, {why} at {urlsplit(base).netloc}"
    if not text:
        return [Check(name="reachable", text="We answer at our public address")]
    mend = (
        "Look whether the name leads to this machine, the proxy runs and passes everything on, and `switchboard up` runs. If the "
        "page opens from a phone outside your network, all is well"
    )
    return [Check(name="reachable", state="warning", text=text, mend=mend)]


async def _clock(house: House, line: Line) -> list[Check]:
    """Our clock against the provider's."""
    base = getattr(line.channel.settings, "api_base", "")
    if not base:
        return []
    parts = urlsplit(str(base))
    try:
        url = f"{parts.scheme}://{parts.netloc}/"
        async with house.http.get(url, timeout=_QUICK, allow_redirects=False) as answer:
            theirs = parsedate_to_datetime(answer.headers["Date"])
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError, KeyError, TypeError):
        return []  # the other checks say that the provider cannot be reached
    return [skew((datetime.now(UTC) - theirs).total_seconds())]


def skew(seconds: float) -> Check:
    """What it means that our clock is so many seconds ahead of the provider's."""
    if abs(seconds) <= _SKEW:
        return Check(name="clock", text="Right")
    text = f"This machine's clock is {abs(seconds):.0f} s {'ahead of' if seconds > 0 else 'behind'} the provider's"
    mend = "Switch on time synchronisation: `timedatectl set-ntp true`, or chrony"
    return Check(name="clock", state="error" if abs(seconds) > _LARGE_SKEW else "warning", text=text, mend=mend)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Facts:
    health: care.Health
    unread: int


def _facts(connection: sa.Connection, channel_id: int, now: datetime) -> _Facts:
    row = connection.execute(sa.select(t.channels).where(t.channels.c.id == channel_id)).one()
    return _Facts(health=care.health(connection, row, now), unread=care.unread(connection, channel_id, now))


def _traffic(line: Line, facts: _Facts) -> list[Check]:
    """What came in, what could not be read, what does not go out."""
    number, health = line.channel.id, facts.health
    if health.last_in_at is None:
        mend = "Write to this channel yourself, for example from your own phone, and look again"
        found = [Check(name="received", state="warning", text="Nothing has come in yet", mend=mend)]
    else:
        found = [Check(name="received", text=f"The last delivery came at {health.last_in_at:%Y-%m-%d %H:%M} UTC")]
    if facts.unread:
        mend = f"See `switchboard raw list --channel {number} --state failed`; after an upgrade, replay them"
        found.append(Check(name="unread", state="warning", text=f"{facts.unread} deliveries could not be read whole", mend=mend))
    return [*found, *_sending(number, health)]


def _sending(number: int, health: care.Health) -> list[Check]:
    states: dict[str, tuple[str, str]] = {
        "disabled": ("This channel is switched off", f"`switchboard channel change {number} --state on`, or switch it on here"),
        "paused": (f"Sending pauses: {health.error or 'the provider asked us to wait'}", "It goes on by itself"),
        "failing": (health.error or "Sending fails", "Mend what the other checks name; then it goes on by itself"),
    }
    if health.state not in states:
        return [Check(name="sending", text=f"{health.waiting} messages wait" if health.waiting else "Nothing waits")]
    text, mend = states[health.state]
    waits = f"; {health.waiting} messages wait" if health.waiting else ""
    return [Check(name="sending", state="error" if health.state == "failing" else "warning", text=text + waits, mend=mend)]
