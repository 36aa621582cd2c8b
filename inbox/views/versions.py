"""What an edited message said before: each earlier version, and until when it stood."""

from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

import sqlalchemy as sa

from inbox import schema as t
from inbox.refusals import NotFound
from inbox.views.paging import All


@dataclass(frozen=True, kw_only=True, slots=True)
class Version:
    """Words of before. `at`: when they were changed."""

    text: str
    html: str | None
    at: datetime


def earlier(connection: sa.Connection, message_id: int) -> All[Version]:
    """Earlier versions of a message, oldest first. Raises NotFound."""
    m, v = t.messages.c, t.versions.c
    message = connection.execute(sa.select(m.at, m.edited_at).where(m.id == message_id)).one_or_none()
    if message is None:
        raise NotFound(f"There is no message {message_id}")
    rows = connection.execute(sa.select(t.versions).where(v.message_id == message_id).order_by(v.at, v.id)).all()
    ends = [later.at for _, later in pairwise(rows)] + [message.edited_at or message.at]
    return All(items=[Version(text=row.text, html=row.html, at=end) for row, end in zip(rows, ends, strict=False)])
