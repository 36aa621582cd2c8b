"""Templates: our own, and those that channels' providers keep."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field

from bots.card import Card, by_name
from bots.render import RenderError, render
from inbox.access.rights import Right
from inbox.actions import marketing as actions
from inbox.card import told
from inbox.care.template_sync import sync
from inbox.refusals import Invalid
from inbox.views import contacts, templates
from inbox.views.paging import Page
from inbox.web import keys
from inbox.web.endpoint import Call, endpoint
from inbox.web.fields import NOT_GIVEN, Body, Change, Id, Language, Name, PageQuery

TemplateText = Annotated[str, Field(max_length=20_000)]
Subject = Annotated[str, Field(max_length=998)]


class TemplateQuery(PageQuery):
    """Which templates."""

    source: Literal["own", "provider"] | None = None
    channel: Id | None = None
    """Only those that this channel's provider keeps."""
    q: Annotated[str, Field(max_length=200)] = ""
    """A part of the name or of the text."""


class NewTemplate(Body):
    """A template to keep."""

    name: Name
    language: Language
    body: TemplateText
    subject: Subject | None = None


class TemplateChange(Change):
    """What to change about a template."""

    name: Name = NOT_GIVEN
    language: Language = NOT_GIVEN
    body: TemplateText = NOT_GIVEN
    subject: Subject | None = NOT_GIVEN


class TemplatePreview(Body):
    """A text to try on somebody."""

    body: TemplateText
    variables: dict[str, Any] = Field(default_factory=dict, max_length=100)
    contact_id: Id | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Rendered:
    """What the customer would read."""

    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ListRead:
    """What a reading of the provider's list changed."""

    added: int
    changed: int
    removed: int


@endpoint("GET", "/templates", Right.TEMPLATES_READ)
async def list_templates(call: Call, query: TemplateQuery) -> Page[templates.TemplateShown]:
    """Our own templates and those that channels' providers keep, newest first."""
    wanted = templates.Wanted(source=query.source, channel=query.channel, q=query.q.strip())
    return await call.read(templates.page, wanted, query.cursor, query.limit)


@endpoint("POST", "/channels/{channel_id}/templates/sync", Right.TEMPLATES_WRITE)
async def sync_templates(call: Call, channel_id: int) -> ListRead:
    """Read the list that the channel's provider keeps, now. 409 says in words why it could not be read."""
    found = await sync(call.app[keys.HOUSE], channel_id, call.now)
    return ListRead(added=found.added, changed=found.changed, removed=found.removed)


@endpoint("POST", "/templates", Right.TEMPLATES_WRITE, status=201)
async def add_template(call: Call, body: NewTemplate) -> templates.TemplateShown:
    """Keep a template. 422 says what cannot be rendered."""
    number = await call.run(
        actions.add_template, call.now, call.me, name=body.name, language=body.language, body=body.body, subject=body.subject
    )
    return await call.read(templates.own, number)


@endpoint("PATCH", "/templates/{template_id}", Right.TEMPLATES_WRITE)
async def change_template(call: Call, template_id: int, body: TemplateChange) -> templates.TemplateShown:
    """Change a template."""
    await call.run(actions.change_template, call.now, call.me, template_id, body.given())
    return await call.read(templates.own, template_id)


@endpoint("DELETE", "/templates/{template_id}", Right.TEMPLATES_WRITE)
async def remove_template(call: Call, template_id: int) -> None:
    """Take a template out of the lists."""
    await call.run(actions.remove_template, call.now, call.me, template_id)


@endpoint("POST", "/templates/preview", Right.TEMPLATES_READ)
async def preview_template(call: Call, body: TemplatePreview) -> Rendered:
    """What a customer would read."""
    card = Card({}, "", by_name)
    if body.contact_id is not None:
        if Right.CONTACTS_READ not in call.who.rights:
            raise Invalid("contact_id", "You may not see contacts")
        card = await call.read(told.of, (await call.read(contacts.one, body.contact_id)).id, many=True)
    try:
        return Rendered(text=render(body.body, {**card, "contact": card, **body.variables}))
    except RenderError as error:
        raise Invalid("body", str(error)) from error
