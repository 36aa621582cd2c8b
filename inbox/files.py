"""Attachments: contents stored once by hash, fetched from providers in the background, served by signed address."""

import hashlib
import hmac
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from channels.events import Event, InboundFile, InboundMessage, MessageEdited
from inbox import queue
from inbox import schema as t
from inbox.media.recognise import INLINE, kind_of, real_mime
from inbox.settings import Settings

__all__ = ["INLINE", "KINDS", "Limits", "Store", "kind_of", "real_mime"]

STORED = "stored_as"
"""The key under which an attachment's `remote` names a content of the store. A provider's own `sha256` means something else."""
OBJECTION = "not_kept"
"""The key under which an attachment's `remote` says why what came inside a message was not kept."""
KINDS = ("image", "audio", "voice", "video", "file", "sticker")


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What is kept of strangers' files. `refused`: types by content, `video/*` for a whole family."""

    size: int = 100 * 1024 * 1024
    refused: tuple[str, ...] = ()

    @classmethod
    def of(cls, settings: Settings) -> "Limits":
        return cls(size=settings.max_file, refused=tuple(settings.refused_files.replace(",", " ").split()))

    def objection(self, size: int, mime: str = "") -> str:
        """Why a file of this size and type is not kept, in words; empty if it is."""
        if size > self.size:
            return f"The file is too large to keep: {size / 1024**2:.1f} MB, at most {self.size / 1024**2:.0f} MB are kept"
        if mime in self.refused or f"{mime.partition('/')[0]}/*" in self.refused:
            return f"Files of this type are not kept: {mime}"
        return ""


class Store:
    """A folder of contents, named by their SHA-256."""

    def __init__(self, folder: Path, limits: Limits | None = None) -> None:
        self.folder = folder
        self.limits = limits or Limits()

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
    objection = store.limits.objection(len(file.content), mime)
    remote = {OBJECTION: objection} if objection else {STORED: store.put(file.content)}
    return replace(file, content=None, size=len(file.content), mime=mime, remote=remote)


def inbound_row(connection: sa.Connection, number: int, owner: Any, file: InboundFile, now: datetime) -> dict[str, Any]:
    """The row of an attachment of `owner` (with id, contact_id, channel_id), and of its content if that is stored already."""
    digest, objection = file.remote.get(STORED), file.remote.get(OBJECTION)
    if digest:
        note_content(connection, digest, file.size or 0, file.mime, now)
    settled = digest or objection
    return {
        "id": number, "message_id": owner.id, "contact_id": owner.contact_id, "channel_id": owner.channel_id, "kind": file.kind,
        "name": file.name, "mime": file.mime, "size": file.size, "sha256": digest, "remote": {} if settled else dict(file.remote),
        "content_id": file.content_id, "state": "stored" if digest else "failed" if objection else "waiting",
        "try_at": None if settled else now, "reason": objection or "",
    }  # fmt: skip


def note_content(connection: sa.Connection, digest: str, size: int, mime: str, now: datetime) -> None:
    """Note a content that the store holds, once, and have it looked at."""
    row = {"sha256": digest, "size": size, "mime": mime, "created_at": now}
    if connection.execute(_NOTE[connection.dialect.name], row).rowcount:
        queue.wake(connection, "files")


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
