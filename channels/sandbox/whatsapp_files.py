"""The files that the WhatsApp stand-in keeps: what the business uploads and what customers send."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from aiohttp import web

from channels.sandbox.base import PhoneFile
from channels.sandbox.whatsapp_refusals import Refusal


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    name: str
    mime: str
    content: bytes = field(repr=False)


class Files(Mapping[str, Kept]):
    """Media id -> file."""

    def __init__(self) -> None:
        self._kept: dict[str, Kept] = {}

    def __getitem__(self, media_id: str) -> Kept:
        return self._kept[media_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._kept)

    def __len__(self) -> int:
        return len(self._kept)

    def keep(self, mime: str, name: str, content: bytes) -> str:
        """The id under which the business can fetch the file."""
        media_id = str(9_000_000_000 + len(self._kept))
        self._kept[media_id] = Kept(name=name, mime=mime, content=content)
        return media_id

    def take(self, form: Mapping[str, object]) -> str:
        """The id of a file that was uploaded with a form."""
        file = form.get("file")
        if form.get("messaging_product") != "whatsapp" or not isinstance(file, web.FileField):
            raise Refusal(code=100, message="(#100) The parameters messaging_product and file are required.")
        return self.keep(str(form.get("type") or file.content_type), file.filename, file.file.read())

    def describe(self, media_id: str, base_url: str) -> Mapping[str, object]:
        """What Meta says of a media id: where it is for the next minutes, and its checksum."""
        kept = self._kept[media_id]
        return {
            "messaging_product": "whatsapp",
            "id": media_id,
            "url": f"{base_url}/files/{media_id}",
            "mime_type": kept.mime,
            "sha256": hashlib.sha256(kept.content).hexdigest(),
            "file_size": len(kept.content),
        }

    def on_phone(self, media_id: str, kind: str, name: str) -> list[PhoneFile]:
        """The file as a customer's phone shows it; none where the message has none."""
        kept = self._kept.get(media_id)
        return [PhoneFile(kind=kind, name=name or kept.name, mime=kept.mime, content=kept.content)] if kept else []
