"""An attachment's content: which file it is, and who may see it."""

from dataclasses import dataclass

import sqlalchemy as sa

from inbox import schema as t


@dataclass(frozen=True, kw_only=True, slots=True)
class Content:
    """A stored file as it is to be served."""

    sha256: str
    name: str
    mime: str


def content(connection: sa.Connection, attachment_id: int) -> Content | None:
    """The stored content of an attachment; None if there is none (yet)."""
    a = t.attachments.c
    query = sa.select(a.sha256, a.name, t.files.c.mime).join(t.files, t.files.c.sha256 == a.sha256)
    row = connection.execute(query.where(a.id == attachment_id, a.state == "stored")).one_or_none()
    return None if row is None else Content(sha256=row.sha256, name=row.name or "file", mime=row.mime)


def upload(connection: sa.Connection, sha256: str) -> Content | None:
    """A stored content by its hash: whoever knows that has had the file."""
    f = t.files.c
    mime = connection.scalar(sa.select(f.mime).where(f.sha256 == sha256))
    return None if mime is None else Content(sha256=sha256, name="file", mime=mime)
