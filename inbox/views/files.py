"""Attachments as the thread shows them, and the contents behind them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from inbox import schema as t
from inbox.refusals import NotFound

URL = "/api/v1/files/{}"
THUMBNAIL_URL = "/api/v1/files/{}/thumbnail"
_a, _f = t.attachments.c, t.files.c


@dataclass(frozen=True, kw_only=True, slots=True)
class Attachment:
    """A file of a message. `url` has the bytes once `state` is stored; `reason` says why they are not here (yet).

    `thumbnail`: address of a small picture; `width`, `height` in pixels, `duration` in seconds, as soon as they are known.
    """

    id: int
    kind: str
    name: str
    mime: str
    size: int | None
    url: str
    thumbnail: str | None
    width: int | None
    height: int | None
    duration: float | None
    state: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Content:
    """A stored file as it is to be served."""

    sha256: str
    name: str
    mime: str


def attachments(connection: sa.Connection, message_ids: Sequence[int]) -> dict[int, list[Attachment]]:
    """The attachments of messages, by message."""
    found: dict[int, list[Attachment]] = defaultdict(list)
    for row in connection.execute(_SHOWN.where(_a.message_id.in_(message_ids)).order_by(_a.id)):
        found[row.message_id].append(_shown(row))
    return found


def attachment(connection: sa.Connection, attachment_id: int) -> Attachment:
    """One attachment. Raises NotFound."""
    row = connection.execute(_SHOWN.where(_a.id == attachment_id)).one_or_none()
    if row is None:
        raise NotFound(f"There is no attachment {attachment_id}")
    return _shown(row)


def _shown(row: Any) -> Attachment:
    small = THUMBNAIL_URL.format(row.id) if row.thumbnail and row.state == "stored" else None
    return Attachment(
        id=row.id, kind=row.kind, name=row.name, mime=row.mime, size=row.size, url=URL.format(row.id), thumbnail=small,
        width=row.width, height=row.height, duration=row.duration, state=row.state, reason=row.reason,
    )  # fmt: skip


def content(connection: sa.Connection, attachment_id: int) -> Content | None:
    """The stored content of an attachment; None if there is none (yet)."""
    query = sa.select(_a.sha256, _a.name, _f.mime).join(t.files, _f.sha256 == _a.sha256)
    row = connection.execute(query.where(_a.id == attachment_id, _a.state == "stored")).one_or_none()
    return None if row is None else Content(sha256=row.sha256, name=row.name or "file", mime=row.mime)


def thumbnail(connection: sa.Connection, attachment_id: int) -> Content | None:
    """The small picture of an attachment; None if it has none."""
    query = sa.select(_f.thumbnail).join(t.attachments, _f.sha256 == _a.sha256)
    small = connection.scalar(query.where(_a.id == attachment_id, _a.state == "stored"))
    return None if small is None else Content(sha256=small, name="thumbnail.webp", mime="image/webp")


def upload(connection: sa.Connection, sha256: str) -> Content | None:
    """A stored content by its hash: whoever knows that has had the file."""
    mime = connection.scalar(sa.select(_f.mime).where(_f.sha256 == sha256))
    return None if mime is None else Content(sha256=sha256, name="file", mime=mime)


_SHOWN = sa.select(
    _a.message_id, _a.id, _a.kind, _a.name, _a.mime, _a.size, _a.state, _a.reason,
    _f.thumbnail, _f.width, _f.height, _f.duration,
).outerjoin(t.files, _f.sha256 == _a.sha256)  # fmt: skip
