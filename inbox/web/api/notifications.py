"""What I want to be told of, and what waits for me now."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from inbox.access.rights import Right
from inbox.notices import attention as waiting
from inbox.notices import post
from inbox.notices import settings as notices
from inbox.views.paging import All
from inbox.web import keys
from inbox.web.endpoint import Call, endpoint
from inbox.web.fields import NOT_GIVEN, Change

Clock = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
Kind = Literal["request", "reply", "mention", "unassigned", "late"]


@dataclass(frozen=True, kw_only=True, slots=True)
class NotificationsShown(notices.Wanted):
    """My settings. `mail_from`: whom digests come from; null where this installation has no mail to send them with."""

    mail_from: str | None


class NotificationsChange(Change):
    """What to change about what I am told."""

    kinds: Annotated[list[Kind], Field(max_length=10)] = NOT_GIVEN
    """request: nobody has answered it yet; reply: in a conversation of mine; unassigned: of my teams; late: its time is over."""
    sound: bool = NOT_GIVEN
    quiet_from: Clock | None = NOT_GIVEN
    """From this time of the day until `quiet_to` nothing is shown and nothing sounds."""
    quiet_to: Clock | None = NOT_GIVEN
    timezone: Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_+/-]*$", max_length=60)] = NOT_GIVEN
    digest: Literal["off", "hourly", "daily"] = NOT_GIVEN
    """A mail about what waits, when I am not here and something does."""
    digest_at: Clock = NOT_GIVEN
    """When the daily one comes."""


@endpoint("GET", "/attention", Right.CONVERSATIONS_READ)
async def list_attention(call: Call) -> All[waiting.Waits]:
    """What waits for me now, newest first.

    A conversation can wait in several ways. Compare with what you knew: a new `conversation_id`, or a later `at`, is news.
    """
    return All(items=await call.read(waiting.attention, call.me, call.now))


@endpoint("GET", "/notifications", Right.SELF)
async def get_notifications(call: Call) -> NotificationsShown:
    """What I am told of, and how."""
    return await _shown(call)


@endpoint("PATCH", "/notifications", Right.SELF)
async def change_notifications(call: Call, body: NotificationsChange) -> NotificationsShown:
    """Change what I am told of."""
    given = body.given()
    if "kinds" in given:
        given["kinds"] = list(dict.fromkeys(given["kinds"]))
    await call.run(notices.change, call.now, call.me, _zone(call), given)
    return await _shown(call)


async def _shown(call: Call) -> NotificationsShown:
    found = await call.read(notices.of, call.me, _zone(call))
    sender = await call.read(post.sender, call.app[keys.SETTINGS], call.app[keys.VAULT])
    values = {name: getattr(found, name) for name in notices.Wanted.__slots__}
    return NotificationsShown(**values, mail_from=sender.address if sender else None)


def _zone(call: Call) -> str:
    return call.app[keys.SETTINGS].timezone
