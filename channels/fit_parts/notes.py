"""What became of a message on its way through `channels.fit`, in words for whoever wrote it. Shown before it is sent."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from channels.base import Capabilities, OutgoingMessage


@dataclass(frozen=True, kw_only=True, slots=True)
class Note:
    """One thing that is not carried as it was written. `code` is for programs, `text` for people."""

    code: str
    text: str


def notes(message: OutgoingMessage, parts: Sequence[OutgoingMessage], can: Capabilities) -> list[Note]:
    """What of `message` is said otherwise in its fitted `parts`, in the order of their weight."""
    if message.template and can.templates:
        return []
    found = [*_of_choices(message, parts, can), *_of_files(message, parts, can), *_of_text(message, parts, can)]
    return [Note(code=code, text=text) for code, text in found]


def _of_choices(message: OutgoingMessage, parts: Sequence[OutgoingMessage], can: Capabilities) -> Iterator[tuple[str, str]]:
    buttons = [choice for choice in message.choices if choice.kind in can.choice_kinds]
    shown = [choice for part in parts for choice in part.choices]
    if buttons and not shown:
        yield "choices_numbered", "The buttons become a numbered list; the customer answers with a number or the words."
    elif [choice.title for choice in shown] != [choice.title for choice in buttons]:
        yield "choices_shortened", f"Buttons take {can.choice_title_limit} characters here; the text lists their whole titles."
    if len(buttons) < len(message.choices):
        yield "links_as_text", "Buttons that open something become lines of the text."


def _of_files(message: OutgoingMessage, parts: Sequence[OutgoingMessage], can: Capabilities) -> Iterator[tuple[str, str]]:
    carried = {file.url: file.kind for part in parts for file in part.attachments}
    linked = [file.name for file in message.attachments if file.url not in carried]
    if linked:
        yield "media_link", f"The customer gets a link to {', '.join(linked)}."
    if any(carried.get(file.url, file.kind) != file.kind for file in message.attachments):
        yield "media_as_file", "Some attachments are sent as another kind of file."
    if sum(bool(part.attachments) for part in parts) > 1:
        yield "media_apart", "The attachments are sent in several messages."
    if carried and message.text and not any(part.attachments and part.text for part in parts):
        yield "caption_split", "The text is sent apart from the attachment."


def _of_text(message: OutgoingMessage, parts: Sequence[OutgoingMessage], can: Capabilities) -> Iterator[tuple[str, str]]:
    texts = sum(bool(part.text) for part in parts)
    if texts > 1:
        yield "text_split", f"The text is sent in {texts} messages."
    if message.html and not any(part.html for part in parts):
        yield "html_to_text", "Formatting is not carried: the customer gets plain text."
    if message.subject and not can.subject:
        yield "subject_dropped", "There is no subject here."
    if message.template:
        yield "template_text", "The template is sent as a plain text."
    said = (("location", message.location), ("contacts", message.contacts or None), ("reaction", message.reaction))
    for name, given in said:
        if given is not None and name not in can.natively:
            yield f"{name}_text", f"{name.title()} cannot be sent as such: words say the same."
    if message.quote and not (can.replies and message.reply_to):
        yield "quote_text", "The quoted message stands above the text."
