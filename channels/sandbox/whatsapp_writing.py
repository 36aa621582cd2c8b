"""What a customer of the WhatsApp stand-in writes, in the words of the webhook."""

import base64
import hashlib
from collections.abc import Callable, Collection, Sequence

from channels.sandbox.base import Bubble, Draft, PhoneFile
from channels.sandbox.whatsapp_hooks import DISPLAY, Element

_TYPES = {"image": "image", "video": "video", "audio": "audio", "voice": "audio", "sticker": "sticker"}
_CAPTIONED = ("image", "video", "document")

Keep = Callable[[str, str, bytes], str]
"""(type, name, content) -> id under which the business can fetch it."""


def contents_of(draft: Draft, keep: Keep) -> Sequence[Element]:
    """One message for each file, the text as a caption of the first where it can have one; else the text."""
    if not draft.files:
        return [{"type": "text", "text": {"body": draft.text}}]
    contents = [_attached(file, keep) for file in draft.files]
    kind = contents[0]["type"]
    if draft.text and kind in _CAPTIONED:
        contents[0][kind]["caption"] = draft.text
    elif draft.text:
        contents.append({"type": "text", "text": {"body": draft.text}})
    return contents


def _attached(file: PhoneFile, keep: Keep) -> Element:
    kind = _TYPES.get(file.kind, "document")
    media: Element = {
        "id": keep(file.mime, file.name, file.content),
        "mime_type": file.mime,
        "sha256": base64.b64encode(hashlib.sha256(file.content).digest()).decode(),
    }
    if kind == "document":
        media["filename"] = file.name
    if kind == "audio":
        media["voice"] = file.kind == "voice"
    return {"type": kind, kind: media}


def pressed(bubbles: Sequence[Bubble], draft: Draft, choice: str, lists: Collection[str]) -> Element:
    """The reply of a button, or of a row of a list, with the message that it stood under."""
    under = [b for b in bubbles if choice in [c[0] for c in b.choices] and draft.reply_to in (None, b.id)]
    titles = dict(under[-1].choices) if under else {}
    kind = "list_reply" if under and under[-1].id in lists else "button_reply"
    reply = {"id": choice, "title": titles.get(choice) or draft.text or choice}
    element: Element = {"type": "interactive", "interactive": {"type": kind, kind: reply}}
    return {**element, "context": {"from": DISPLAY, "id": under[-1].id}} if under else element
