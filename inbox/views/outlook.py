"""What the composer shows of a message before it is sent: the parts its channel makes of it, their cost, what is in the way."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from channels.base import Capabilities, Connector, OutgoingMessage
from channels.fit import fit, notes
from inbox.delivery.preview import Outlook
from inbox.delivery.reach import SHUT
from inbox.views.messages import Alternative, alternative
from inbox.views.shapes import ChannelName, channel_named


@dataclass(frozen=True, kw_only=True, slots=True)
class ButtonShown:
    """A button as the customer sees it."""

    id: str
    title: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PartShown:
    """One message that the provider will be given. `attachments`: {kind, name, as}, as "media", or as "link" in the text."""

    text: str
    html: str | None
    subject: str | None
    choices: list[ButtonShown]
    attachments: list[dict[str, str]]
    template: dict[str, Any] | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """Something to tell whoever writes: `code` for programs, `text` for people."""

    code: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SegmentsShown:
    """What is paid for: `count` SMS, with room for `left` more characters in the last."""

    encoding: str
    characters: int
    count: int
    left: int


@dataclass(frozen=True, kw_only=True, slots=True)
class WindowShown:
    """Whether free messages may be sent, and until when."""

    open: bool
    until: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Preview:
    """What would become of a message now. `notes`: what is carried otherwise than written; `problem`: why it cannot be sent."""

    channel: ChannelName
    parts: list[PartShown]
    notes: list[Told]
    segments: SegmentsShown | None
    window: WindowShown | None
    problem: Told | None
    alternatives: list[Alternative]


def show(outlook: Outlook, connector: Connector | None) -> Preview:
    """Fit the message to its channel. `connector`: of the channel, to ask for the cost."""
    way, can = outlook.way, outlook.way.can
    parts = fit(outlook.message, can)
    told = [Told(code=note.code, text=note.text) for note in notes(outlook.message, parts, can)]
    if way.failing:
        told.append(Told(code="channel_failing", text=f"The channel fails at the moment, the message will wait: {way.failing}"))
    return Preview(
        channel=channel_named(way.channel_id, way.kind, way.channel_name),
        parts=[_part(part, outlook.message, can) for part in parts],
        notes=told,
        segments=_segments(parts, connector),
        window=None if can.window is None else WindowShown(open=way.reason != SHUT, until=way.window_until),
        problem=None if outlook.problem is None else Told(code=outlook.problem[0], text=outlook.problem[1]),
        alternatives=[alternative(each) for each in outlook.alternatives],
    )


def _part(part: OutgoingMessage, whole: OutgoingMessage, can: Capabilities) -> PartShown:
    carried = [{"kind": file.kind, "name": file.name, "as": "media"} for file in part.attachments]
    linked = [{"kind": file.kind, "name": file.name, "as": "link"} for file in whole.attachments if file.url in part.text]
    use = part.template
    template = {"name": use.name, "language": use.language, "variables": dict(use.variables)} if use is not None else None
    return PartShown(
        text=part.text, html=part.html, subject=part.subject, attachments=carried + linked, template=template,
        choices=[ButtonShown(id=choice.id, title=choice.title) for choice in part.choices],
    )  # fmt: skip


def _segments(parts: Sequence[OutgoingMessage], connector: Connector | None) -> SegmentsShown | None:
    """What all parts cost together; None where nothing is paid by the piece."""
    costs = [cost for part in parts if connector is not None and (cost := connector.cost(part)) is not None]
    if not costs:
        return None
    dearest = next((cost.encoding for cost in costs if cost.encoding != "GSM-7"), costs[0].encoding)
    return SegmentsShown(
        encoding=dearest, characters=sum(cost.characters for cost in costs), count=sum(cost.count for cost in costs),
        left=costs[-1].left,
    )  # fmt: skip
