"""How the WhatsApp stand-in refuses, in Meta's words, and what it makes of a message that it takes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

CAPTION = 1024
FILES = ("image", "video", "audio", "document", "sticker")

Json = Mapping[str, Any]
"""A part of a request. `Any`: it is JSON that has not been checked yet."""


class Refusal(Exception):
    """An answer with Meta's error body."""

    def __init__(
        self, *, code: int, message: str, status: int = 400, details: str = "", subcode: int = 0, sort: str = "OAuthException"
    ) -> None:
        super().__init__(message)
        self.status = status
        self.error: dict[str, Any] = {"message": message, "type": sort, "code": code, "fbtrace_id": "Sandbox"}
        if details:
            self.error["error_data"] = {"messaging_product": "whatsapp", "details": details}
        if subcode:
            self.error["error_subcode"] = subcode


def graph_error(refusal: Refusal, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.json_response({"error": refusal.error}, status=refusal.status, headers=dict(headers or {}))


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """What the customer sees of a message. `media`: id of an uploaded file; `reacts_to`: the message that gets the emoji."""

    kind: str
    text: str = ""
    media: str = ""
    name: str = ""
    choices: Sequence[tuple[str, str]] = field(default=())
    template: bool = False
    reacts_to: str = ""


def demand(good: object, parameter: str, why: str, code: int = 131009) -> None:
    """Refuse unless `good`, in the words of the Cloud API."""
    if not good:
        raise Refusal(code=code, message=f"(#{code}) Parameter value is not valid", details=f"{parameter}: {why}")


def media_of(kind: str, part: Json, media: Mapping[str, object]) -> Shown:
    """What a file shows: one that was uploaded, or that a link names."""
    media_id = part.get("id", "")
    demand(media_id in media or part.get("link"), f"{kind}['id']", "is not a valid media id")
    caption = part.get("caption", "")
    demand(not caption or kind in ("image", "video", "document"), f"{kind}['caption']", "is not allowed")
    demand(len(caption) <= CAPTION, f"{kind}['caption']", f"must be at most {CAPTION} characters long.")
    demand("voice" not in part or (kind == "audio" and isinstance(part["voice"], bool)), f"{kind}['voice']", "is not allowed")
    return Shown(kind="file" if kind == "document" else kind, text=caption, media=media_id, name=part.get("filename", ""))
