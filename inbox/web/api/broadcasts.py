"""Broadcasts: look first, then start, pause, go on, cancel, and see who got it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

import sqlalchemy as sa
from pydantic import Field, StringConstraints

from bots.render import RenderError
from inbox import broadcasts as actions
from inbox import segments
from inbox.access.rights import Right
from inbox.actions.template_use import prepare
from inbox.refusals import Conflict, Invalid, NotFound
from inbox.views import channels, templates
from inbox.views import marketing as views
from inbox.views.paging import Page
from inbox.web import keys
from inbox.web.endpoint import Call, endpoint
from inbox.web.fields import Body, Id, Name, PageQuery, Tag
from inbox.web.repeat import once

Text = Annotated[str, Field(max_length=20_000)]
Variables = Annotated[dict[str, Any], Field(max_length=100)]
RecipientState = Literal["waiting", "queued", "sent", "delivered", "read", "failed", "unknown", "skipped"]


class NewBroadcast(Body):
    """One text to everybody with a tag, or in a segment: give one of them."""

    name: Name
    body: Text | None = None
    template_id: Id | None = None
    """Instead of `body`: the template's text as it is now. One that a channel's provider keeps goes by that channel, also through
    a shut window; `variables` then hold a text for each of its own ({"1": "{{ name }}"})."""
    subject: Annotated[str, Field(max_length=998)] | None = None
    tag: Tag | None = None
    segment_id: Id | None = None
    """Whoever is in it when the broadcast is started."""
    channel_id: Id | None = None
    """Only by this channel; without one, by the channel that each person used last."""
    variables: Variables = Field(default_factory=dict)
    buttons: dict[Annotated[str, StringConstraints(pattern=r"^[0-9]$")], Annotated[str, Field(max_length=2000)]] = Field(
        default_factory=dict
    )
    """Of a provider's template: index of a button -> its value, a text with variables like the others."""


class BroadcastPreview(Body):
    """A broadcast to look at: to a tag, or to a segment."""

    body: Text
    tag: Tag | None = None
    segment_id: Id | None = None
    channel_id: Id | None = None
    variables: Variables = Field(default_factory=dict)


class RecipientQuery(PageQuery):
    """Which people of a broadcast."""

    state: RecipientState | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """What one person would read, and by which channel."""

    contact_id: int
    name: str
    text: str
    channel_id: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Preview:
    """What a broadcast would do: how many people get it, how many not and why, and what the first few would read."""

    people: int
    skipped: dict[str, int]
    sample: list[Sample]
    exact: bool
    """False: there are too many to look at each now; the numbers are an estimate from the first of them."""


@endpoint("GET", "/broadcasts", Right.BROADCASTS_READ)
async def list_broadcasts(call: Call, query: PageQuery) -> Page[views.BroadcastShown]:
    """All broadcasts, newest first."""
    return await call.read(views.broadcasts, query.cursor, query.limit)


@endpoint("GET", "/broadcasts/{broadcast_id}", Right.BROADCASTS_READ)
async def get_broadcast(call: Call, broadcast_id: int) -> views.BroadcastShown:
    """One broadcast with its numbers."""
    return await call.read(views.broadcast, broadcast_id)


@endpoint("POST", "/broadcasts", Right.BROADCASTS_WRITE, status=201, repeatable=True)
async def add_broadcast(call: Call, body: NewBroadcast) -> views.BroadcastShown:
    """Make a draft: nothing is sent before it is started."""
    await _require_channel(call, body.channel_id)
    audience = await _audience(call, body)
    if (body.template_id is None) == (body.body is None):
        raise Invalid("body", "Give either body or template_id")
    said: dict[str, Any] = {
        "body": body.body,
        "subject": body.subject,
        "channel_id": body.channel_id,
        "variables": body.variables,
        **({"tag": audience} if isinstance(audience, str) else {"segment_id": body.segment_id}),
    }
    if body.template_id is not None:
        template = await call.read(templates.one, body.template_id)
        said |= await call.read(_provided, template, body) if template.source == "provider" else _own(template, body)
    try:
        number = await once(call, actions.create, call.now, name=body.name, created_by=call.me, **said)
    except RenderError as error:
        raise Invalid("body", str(error)) from error
    return await call.read(views.broadcast, number)


def _own(template: templates.TemplateShown, body: NewBroadcast) -> dict[str, Any]:
    return {"body": template.body, "subject": body.subject or template.subject, "template_id": template.id}


def _provided(connection: sa.Connection, template: templates.TemplateShown, body: NewBroadcast) -> dict[str, Any]:
    """A provider's template with a text for each of its variables. Its words with those texts are what each person will read."""
    assert template.channel is not None
    if body.channel_id not in (None, template.channel.id):
        raise Invalid("channel_id", "Another channel's provider keeps this template")
    if template.header is not None and template.header.kind not in ("text", ""):
        raise Invalid("template_id", f"This template begins with its own {template.header.kind}: send it from a conversation")
    for key, value in body.variables.items():
        if not isinstance(value, str):
            raise Invalid(f"variables.{key}", "Give a text")
    use = {"name": template.name, "language": template.language, "variables": body.variables, "buttons": body.buttons}
    try:
        ready = prepare(connection, template.channel.id, use, [], has_place=False)
    except Invalid as error:
        raise Invalid(error.field.removeprefix("template."), error.message) from error
    return {"body": ready.text, "template": ready.template, "channel_id": template.channel.id, "variables": {}}


@endpoint("POST", "/broadcasts/preview", Right.BROADCASTS_READ)
async def preview_broadcast(call: Call, body: BroadcastPreview) -> Preview:
    """What a broadcast would do, without doing it."""
    await _require_channel(call, body.channel_id)
    audience = await _audience(call, body)
    try:
        found = await call.read(
            actions.preview, call.now, body=body.body, audience=audience, channel_id=body.channel_id, variables=body.variables
        )
    except RenderError as error:
        raise Invalid("body", str(error)) from error
    return Preview(
        people=found.people, skipped=dict(found.skipped), sample=[Sample(**each) for each in found.sample], exact=found.exact
    )


@endpoint("POST", "/broadcasts/{broadcast_id}/start", Right.BROADCASTS_WRITE)
async def start_broadcast(call: Call, broadcast_id: int) -> views.BroadcastShown:
    """Begin to send."""
    return await _do(call, broadcast_id, actions.start)


@endpoint("POST", "/broadcasts/{broadcast_id}/pause", Right.BROADCASTS_WRITE)
async def pause_broadcast(call: Call, broadcast_id: int) -> views.BroadcastShown:
    """Send nothing more until it goes on."""
    return await _do(call, broadcast_id, actions.pause)


@endpoint("POST", "/broadcasts/{broadcast_id}/resume", Right.BROADCASTS_WRITE)
async def resume_broadcast(call: Call, broadcast_id: int) -> views.BroadcastShown:
    """Go on after a pause."""
    return await _do(call, broadcast_id, actions.start)


@endpoint("POST", "/broadcasts/{broadcast_id}/cancel", Right.BROADCASTS_WRITE)
async def cancel_broadcast(call: Call, broadcast_id: int) -> views.BroadcastShown:
    """End it: who has not got it will not."""
    return await _do(call, broadcast_id, actions.cancel)


@endpoint("GET", "/broadcasts/{broadcast_id}/recipients", Right.BROADCASTS_READ)
async def list_recipients(call: Call, broadcast_id: int, query: RecipientQuery) -> Page[views.Recipient]:
    """Who got it, who did not and why."""
    await call.read(views.broadcast, broadcast_id)
    return await call.read(views.recipients, broadcast_id, query.state, query.cursor, query.limit)


Step = Callable[[sa.Connection, datetime, int, int | None], None]


async def _do(call: Call, broadcast_id: int, step: Step) -> views.BroadcastShown:
    await call.read(views.broadcast, broadcast_id)
    try:
        await call.run(step, call.now, broadcast_id, call.me)
    except actions.NotNow as error:
        raise Conflict(str(error)) from error
    return await call.read(views.broadcast, broadcast_id)


async def _audience(call: Call, body: NewBroadcast | BroadcastPreview) -> str | segments.Filter:
    """The tag, or what the segment says now. Raises Invalid."""
    if body.tag is not None and body.segment_id is None:
        return body.tag
    if body.segment_id is None or body.tag is not None:
        raise Invalid("tag", "Give either tag or segment_id")
    try:
        return await call.read(segments.load, body.segment_id)
    except NotFound as error:
        raise Invalid("segment_id", error.detail) from error


async def _require_channel(call: Call, channel_id: int | None) -> None:
    if channel_id is None:
        return
    listed = await call.read(channels.channels, call.app[keys.VAULT], call.app[keys.SETTINGS].base_url)
    if all(each.id != channel_id for each in listed.items):
        raise Invalid("channel_id", f"There is no channel {channel_id}")
