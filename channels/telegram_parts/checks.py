"""What can be wrong with a bot: its token, the way its messages come in, what it reads in groups. Looks, and changes nothing."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from channels.base import ChannelError, Check
from channels.telegram_parts.calls import BotApi
from channels.telegram_parts.updates import ALLOWED

_RECENT = timedelta(hours=1)
_MANY = 100
"""Updates that may wait before somebody should know."""
_AGAIN = "Save the channel again, which registers its address with Telegram"


async def look(api: BotApi, webhook: str, *, polls: bool, groups: bool, now: datetime) -> list[Check]:
    """All checks of a bot. Raises nothing."""
    try:
        me = await api.call("getMe", {})
    except ChannelError as error:
        return [Check.failed("token", error, "Copy the token from @BotFather (/mybots – API Token) into the settings")]
    try:
        info = await api.call("getWebhookInfo", {})
    except ChannelError as error:
        return [_token(me), Check.failed("webhook", error, "Try again")]
    way = _polling(info) if polls else _webhook(info, webhook)
    return [_token(me), way, *_deliveries(info, now, polls=polls), *_groups(me, groups=groups)]


def host(url: object) -> str:
    """Where a webhook leads, without the rest of its address, which may hold somebody's secret."""
    return urlsplit(str(url)).netloc.rpartition("@")[2] or "an unknown address"


def privacy_note(me: Mapping[str, Any], *, groups: bool) -> str:
    """What the bot hears in groups, where that may surprise; empty where it may not."""
    if not groups:
        return ""
    if me.get("can_read_all_group_messages"):
        return "The bot hears all that is said in its groups (privacy mode is off, see @BotFather): each writer becomes a contact"
    return "In groups the bot sees only commands and answers to itself (privacy mode, see @BotFather)"


def _token(me: Mapping[str, Any]) -> Check:
    return Check(name="token", text=f"@{me.get('username')}")


def _polling(info: Mapping[str, Any]) -> Check:
    if not info.get("url"):
        return Check(name="polling", text="Messages are fetched; no webhook stands in the way")
    taken = f"A webhook at {host(info['url'])} takes the messages"
    mend = "Polling removes it when it next begins. If another program set it, give that one a bot of its own"
    return Check(name="polling", state="error", text=taken, mend=mend)


def _webhook(info: Mapping[str, Any], webhook: str) -> Check:
    url = info.get("url")
    if not url:
        return Check(name="webhook", state="error", text="No webhook is set: Telegram delivers nothing", mend=_AGAIN)
    if url != webhook:
        elsewhere = f"Telegram delivers to {host(url)}, not to this channel's address"
        return Check(
            name="webhook", state="error", text=elsewhere, mend=f"{_AGAIN}; check the public address of this installation"
        )
    missing = sorted(set(ALLOWED) - set(info.get("allowed_updates") or ALLOWED))
    if missing:
        text = f"Telegram is not asked for {', '.join(missing)}"
        return Check(name="webhook", state="warning", text=text, mend=_AGAIN)
    return Check(name="webhook", text=f"Telegram delivers to {host(url)}")


def _deliveries(info: Mapping[str, Any], now: datetime, *, polls: bool) -> list[Check]:
    """How the deliveries fare: the last failure, and what has heaped up."""
    found = []
    failed = info.get("last_error_date")
    if not polls and isinstance(failed, int) and now - datetime.fromtimestamp(failed, UTC) < _RECENT:
        text = f"Telegram's last failure, {datetime.fromtimestamp(failed, UTC):%H:%M} UTC: {info.get('last_error_message')}"
        mend = "The public address must answer from the internet, on port 443, 80, 88 or 8443, with a valid certificate"
        found.append(Check(name="deliveries", state="warning", text=text, mend=mend))
    waiting = info.get("pending_update_count")
    if isinstance(waiting, int) and waiting >= _MANY:
        text = f"{waiting} updates wait at Telegram"
        found.append(
            Check(
                name="waiting",
                state="warning",
                text=text,
                mend="They come when this channel takes them; Telegram keeps them 24 hours",
            )
        )
    return found


def _groups(me: Mapping[str, Any], *, groups: bool) -> list[Check]:
    note = privacy_note(me, groups=groups)
    return [Check(name="groups", text=note)] if note else []
