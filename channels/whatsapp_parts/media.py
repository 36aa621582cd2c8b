"""Files to and from Meta: upload before sending, download after receiving."""

import asyncio
import base64
import hashlib
import time
from collections.abc import Mapping
from urllib.parse import urlsplit

import aiohttp

from channels.base import Download, Misconfigured, OutgoingFile, Refused, Retry, Unknown
from channels.events import JSON
from channels.whatsapp_parts.formats import Uploaded, ready
from channels.whatsapp_parts.graph import Graph

_KEPT_SECONDS = 24 * 3600.0
"""An uploaded file lives 30 days at Meta; a day is enough to send one picture to a whole segment."""
_KEPT_FILES = 500
_META_HOSTS = (".fbsbx.com", ".facebook.com", ".whatsapp.net", ".fbcdn.net")
_SHA256_BYTES = 32
_GONE = ("100", "404")
"""Of a media id these say that the file is gone, not that our number is."""


class Media:
    """Uploads each file once, however many people get it."""

    def __init__(self, graph: Graph, phone_number_id: str) -> None:
        self._graph = graph
        self._phone_number_id = phone_number_id
        self._known: dict[tuple[bytes, str], tuple[float, str]] = {}

    async def upload(self, file: OutgoingFile) -> Uploaded:
        made = await asyncio.to_thread(ready, file)
        key = (hashlib.sha256(made.content).digest(), made.mime)
        now = time.monotonic()
        kept = self._known.get(key)
        if kept is None or now - kept[0] > _KEPT_SECONDS:
            while len(self._known) >= _KEPT_FILES:
                self._known.pop(next(iter(self._known)))
            kept = self._known[key] = (now, await self._upload(made.content, made.name, made.mime))
        return Uploaded(media_id=kept[1], kind=made.kind, name=made.name, voice=made.voice)

    async def _upload(self, content: bytes, name: str, mime: str) -> str:
        form = aiohttp.FormData()
        form.add_field("messaging_product", "whatsapp")
        form.add_field("type", mime)
        form.add_field("file", content, filename=name or "file", content_type=mime)
        try:
            answer = await self._graph.post_form(f"{self._phone_number_id}/media", form)
        except Unknown as error:  # an upload that nobody refers to harms nobody: it may be repeated
            raise Retry(error.reason, code=error.code) from error
        media_id = answer.get("id")
        if not isinstance(media_id, str | int):
            raise Retry("WhatsApp took the file but gave it no id")
        return str(media_id)

    async def download(self, remote: Mapping[str, JSON]) -> Download:
        """The file behind an id; its address is good for 5 minutes only, so it is asked for each time."""
        media_id = remote.get("id")
        if not isinstance(media_id, str) or not media_id or not media_id.replace("-", "").replace("_", "").isalnum():
            raise Refused("The attachment has no WhatsApp media id")
        try:
            known = await self._graph.get(media_id)
            mime, content = await self._graph.fetch(self._trusted(known.get("url")))
        except Unknown as error:
            raise Retry(error.reason, code=error.code) from error
        except Misconfigured as error:
            if error.code in _GONE:
                raise Refused("WhatsApp no longer has the file", code=error.code) from error
            raise
        for expected in (remote.get("sha256"), known.get("sha256")):
            if not _same_digest(content, expected):
                raise Retry("The file arrived damaged: its checksum differs", code="sha256")
        return Download(content=content, mime=str(known.get("mime_type") or mime), name=str(remote.get("name") or ""))

    def _trusted(self, url: JSON) -> str:
        """The address, if it is Meta's or the API's own: our token is sent there."""
        if isinstance(url, str):
            parts, api = urlsplit(url), urlsplit(self._graph.base)
            ours = (parts.scheme, parts.netloc) == (api.scheme, api.netloc)
            if ours or (parts.scheme == "https" and (parts.hostname or "").endswith(_META_HOSTS)):
                return url
        raise Refused("WhatsApp names a download address that is not its own")


def _same_digest(content: bytes, expected: JSON) -> bool:
    """Whether the SHA-256 fits; webhooks give it in base64, the API in hex. What is no checksum at all proves nothing."""
    if not isinstance(expected, str):
        return True
    try:
        digest = bytes.fromhex(expected) if len(expected) == 2 * _SHA256_BYTES else base64.b64decode(expected, validate=True)
    except ValueError:
        return True
    return len(digest) != _SHA256_BYTES or digest == hashlib.sha256(content).digest()
