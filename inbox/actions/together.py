"""What several people in one conversation need: no double answers, calling one another, one's own name under a mail."""

from collections.abc import Sequence
from typing import Any, Protocol

import sqlalchemy as sa

from inbox import schema as t
from inbox.accounts import capabilities
from inbox.delivery.outgoing import CannotSend
from inbox.refusals import Invalid

_m, _p = t.messages.c, t.managers.c
SEPARATOR = "\n\n-- \n"
"""RFC 3676, 4.3: what follows is a signature."""


class Said(Protocol):
    """The part of a reply that matters here."""

    @property
    def note(self) -> bool: ...
    @property
    def sign(self) -> bool: ...
    @property
    def mentions(self) -> Sequence[int]: ...


def besides(connection: sa.Connection, by: int, channel_id: int, said: Said) -> dict[str, Any]:
    """What the message's row keeps: mentions of a note, the signature under a mail. Raises Invalid."""
    found: dict[str, Any] = {}
    if said.mentions:
        found["mentions"] = _colleagues(connection, said.mentions, note=said.note)
    if said.sign and not said.note and (signature := _signature(connection, by, channel_id)):
        found["signature"] = signature
    return found


def require_news_read(connection: sa.Connection, by: int, conversation_id: int, seen_up_to: int) -> None:
    """Raises CannotSend, naming the colleague, where one has answered after the message `seen_up_to`.

    Two who answer at once come one after the other: the conversation's row is kept until the transaction ends.
    """
    connection.execute(sa.select(t.conversations.c.id).where(t.conversations.c.id == conversation_id).with_for_update())
    answered = (_m.conversation_id == conversation_id, _m.id > seen_up_to, _m.direction == "out", _m.deleted_at.is_(None))
    query = sa.select(_p.name).join_from(t.messages, t.managers, _p.id == _m.author_id)
    query = query.where(*answered, _m.author_kind == "manager", _m.author_id != by).order_by(_m.id.desc()).limit(1)
    name = connection.scalar(query)
    if name is not None:
        raise CannotSend(f"{name} has just answered. Read it first.", field="seen_up_to")


def _colleagues(connection: sa.Connection, wanted: Sequence[int], *, note: bool) -> list[int]:
    """Those of `wanted` once each. Raises Invalid for who is not here, and where the customer would read it."""
    if not note:
        raise Invalid("mentions", "Only a note can call colleagues: the customer would read it")
    numbers = sorted(set(wanted))
    here = set(connection.scalars(sa.select(_p.id).where(_p.id.in_(numbers), _p.disabled_at.is_(None))))
    if missing := [number for number in numbers if number not in here]:
        raise Invalid("mentions", f"There is no manager {missing[0]}")
    return numbers


def _signature(connection: sa.Connection, by: int, channel_id: int) -> str:
    """What stands under what this person writes by this channel, with its separator; empty where it is no mail."""
    channel = connection.execute(sa.select(t.channels).where(t.channels.c.id == channel_id)).one_or_none()
    if channel is None or not capabilities(channel.kind, channel.settings).subject:
        return ""
    signature = str(connection.scalar(sa.select(_p.signature).where(_p.id == by)) or "").strip()
    return SEPARATOR + signature if signature else ""
