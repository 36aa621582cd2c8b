"""A mail as it was sent: its layout with the pictures in their place, and the raw mail itself."""

from collections.abc import Sequence

import sqlalchemy as sa

from channels.mail.pictures import place_inline
from inbox import schema as t
from inbox.refusals import NotFound
from inbox.views.files import URL

_m, _a, _r = t.messages.c, t.attachments.c, t.raw_bodies.c


def with_pictures(connection: sa.Connection, htmls: Sequence[tuple[int, str | None]]) -> dict[int, str | None]:
    """HTML by message, the pictures that came with each mail at addresses where they can be loaded."""
    asking = [message_id for message_id, html in htmls if html and "cid:" in html]
    addresses: dict[int, dict[str, str]] = {}
    if asking:
        query = sa.select(_a.message_id, _a.id, _a.content_id).where(_a.message_id.in_(asking), _a.content_id.is_not(None))
        for row in connection.execute(query.order_by(_a.id.desc())):
            addresses.setdefault(row.message_id, {})[row.content_id] = URL.format(row.id)
    return {message_id: html and place_inline(html, addresses.get(message_id, {})) for message_id, html in htmls}


def letter(connection: sa.Connection, message_id: int) -> str:
    """The HTML of a mail. Raises NotFound where it has none."""
    html = connection.scalar(sa.select(_m.html).where(_m.id == message_id, _m.deleted_at.is_(None)))
    if not html:
        raise NotFound(f"Message {message_id} has no layout of its own")
    return with_pictures(connection, [(message_id, html)])[message_id] or ""


def original(connection: sa.Connection, message_id: int) -> bytes:
    """The mail exactly as it came. Raises NotFound for messages of other channels, of ours, and where it is kept no more."""
    query = sa.select(_r.body).join(t.messages, _m.raw_id == _r.id).join(t.channels, t.channels.c.id == _m.channel_id)
    mine = (_m.id == message_id, t.channels.c.kind == "email", _r.method == "MAIL", _m.deleted_at.is_(None))
    body: bytes | None = connection.scalar(query.where(*mine))
    if not body:
        raise NotFound(f"There is no original mail of message {message_id} (any more)")
    return body
