"""Attachments: contents stored once by hash, fetched from providers in the background, served by signed address."""

import hashlib
import hmac
import mimetypes
import os
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import filetype
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from channels.events import Event, InboundFile, InboundMessage, MessageEdited
from inbox import schema as t

STORED = "stored_as"
"""The key under which an attachment's `remote` names a content of the store. A provider's own `sha256` means something else."""
KINDS = ("image", "audio", "voice", "video", "file", "sticker")
INLINE = frozenset({
    "image/png", "image/jpeg", "image/gif", "image/webp", "audio/ogg", "audio/mpeg", "audio/mp4", "audio/aac", "audio/wav",
    "audio/webm", "video/mp4", "video/webm",
})  # fmt: skip
"""Types a browser may show by itself; everything else is downloaded, so that no page of a stranger runs under our address."""


class Store:
    """A folder of contents, named by their SHA-256."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, content: bytes) -> str:
        """Keep the content; returns its hash. The file is whole on disk when this returns."""
        digest = hashlib.sha256(content).hexdigest()
        path = self.path(digest)
        if path.exists():
            return digest
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(file.name).replace(path)
        return digest

    def path(self, digest: str) -> Path:
        """Where a content lies. Raises ValueError for anything that is no hash."""
        if len(digest) != 64 or not all(c in "0123456789abcdef" for c in digest):
            raise ValueError("not a SHA-256")
        return self.folder / digest[:2] / digest

    def read(self, digest: str) -> bytes:
        return self.path(digest).read_bytes()


def real_mime(content: bytes, told: str = "", name: str = "") -> str:
    """The type by content where the content shows it, else what was told, else by the name."""
    seen = filetype.guess_mime(content[:8192])  # type: ignore[no-untyped-call]
    if seen and not (seen == "application/zip" and told.startswith("application/")):
        same_family = seen.split("/")[1] == told.split(";")[0].partition("/")[2]
        return told.split(";")[0] if same_family else str(seen)
    return told.split(";")[0].strip().lower() or mimetypes.guess_type(name)[0] or "application/octet-stream"


def kind_of(mime: str) -> str:
    """image, audio, video or file."""
    family = mime.partition("/")[0]
    return family if family in ("image", "audio", "video") else "file"


def put_contents(store: Store, events: Sequence[Event]) -> list[Event]:
    """The events with attachments that came inside them put into the store; in their place stands the hash."""
    return [_put(store, event) for event in events]


def _put(store: Store, event: Event) -> Event:
    if isinstance(event, MessageEdited):
        message = _put_message(store, event.message)
        return event if message is event.message else replace(event, message=message)
    return _put_message(store, event) if isinstance(event, InboundMessage) else event


def _put_message(store: Store, message: InboundMessage) -> InboundMessage:
    if all(file.content is None for file in message.attachments):
        return message
    return replace(message, attachments=tuple(_put_file(store, file) for file in message.attachments))


def _put_file(store: Store, file: InboundFile) -> InboundFile:
    if file.content is None:
        return file
    mime = real_mime(file.content, file.mime, file.name)
    return replace(file, content=None, size=len(file.content), mime=mime, remote={STORED: store.put(file.content)})


def inbound_row(connection: sa.Connection, number: int, owner: Any, file: InboundFile, now: datetime) -> dict[str, Any]:
    """The row of an attachment of `owner` (with id, contact_id, channel_id), and of its content if that is stored already."""
    digest = file.remote.get(STORED)
    if digest:
        note_content(connection, digest, file.size or 0, file.mime, now)
    return {
        "id": number, "message_id": owner.id, "contact_id": owner.contact_id, "channel_id": owner.channel_id, "kind": file.kind,
        "name": file.name, "mime": file.mime, "size": file.size, "sha256": digest, "remote": {} if digest else dict(file.remote),
        "content_id": file.content_id, "state": "stored" if digest else "waiting", "try_at": None if digest else now,
    }  # fmt: skip


def note_content(connection: sa.Connection, digest: str, size: int, mime: str, now: datetime) -> None:
    """Note a content that the store holds, once."""
    row = {"sha256": digest, "size": size, "mime": mime, "created_at": now}
    connection.execute(_NOTE[connection.dialect.name], row)


def sign(key: str, attachment_id: int) -> str:
    """The signature that lets a provider fetch one attachment."""
    return hmac.new(key.encode(), f"file:{attachment_id}".encode(), hashlib.sha256).hexdigest()[:32]


def public_url(base_url: str, key: str, attachment_id: int, name: str) -> str:
    """The address where a provider may fetch an attachment, without signing in."""
    return f"{base_url}/files/{attachment_id}/{sign(key, attachment_id)}/{quote(name or 'file', safe='')}"


_NOTE = {
    "sqlite": sqlite.insert(t.files).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(t.files).on_conflict_do_nothing(),
}
