"""Turn one WhatsApp message element into an event: what its type says, who sent it, what it answers."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from channels.events import JSON, Event, InboundFile, InboundMessage, MessageDeleted, MessageEdited, Notice, Reaction
from channels.whatsapp_parts.errors import reason_of
from channels.whatsapp_parts.payload import object_of, objects_in, text_of, time_of
from channels.whatsapp_parts.people import Contacts, address_of, only_user_id, person_at

Content = dict[str, Any]
"""Fields of an InboundMessage that a kind of message fills. `Any`: they go straight into its constructor."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """What the elements of one webhook value share."""

    contacts: Contacts
    received_at: datetime


def read_message(element: Mapping[str, JSON], source: Source, *, echo: bool = False, to: JSON = None) -> Event:
    """The event that a message is. `echo`: the business sent it with the phone app; its person is then the recipient (`to`).

    Raises one of payload.UNREADABLE where it has no sender or no content.
    """
    if element.get("group_id"):
        return Notice(kind="group", text="A message in a WhatsApp group; groups are not answered from here", data=element)
    kind = _type_of(element)
    if kind in _ACTIONS:
        return _ACTIONS[kind](element, source, echo, to)
    at = time_of(element.get("timestamp"), source.received_at)
    return _message(element, source, kind, at=at, external_id=_id_of(element), echo=echo, to=to)


def _message(
    element: Mapping[str, JSON], source: Source, kind: str, *, at: datetime, external_id: str, echo: bool = False, to: JSON = None
) -> InboundMessage:
    address, user_id = _who(element, source.contacts, echo, to)
    failed = "errors" in element and kind not in element  # WhatsApp knows the kind but could not get hold of the content
    content = (_unsupported if failed else _CONTENTS.get(kind, _unsupported))(element)
    context = element.get("context")
    reply_to = None
    if isinstance(context, dict):
        reply_to = text_of(context.get("id")) or None
        _note_context(context, content)
    if "referral" in element:
        _note_referral(element["referral"], content)
    return InboundMessage(
        external_id=external_id,
        sender=person_at(address, user_id, source.contacts),
        address=address,
        at=at,
        reply_to=reply_to,
        echo=echo,
        **content,
    )


def _type_of(element: Mapping[str, JSON]) -> str:
    """The declared type; where it is missing, the one whose content is there."""
    declared = element.get("type")
    if declared is None:
        return next((kind for kind in _CONTENTS if kind in element), "")
    return text_of(declared)


def _id_of(element: Mapping[str, JSON]) -> str:
    """The provider's id; a message without one gets the hash of its content, so that it is kept, and only once."""
    given = text_of(element.get("id"))
    if given:
        return given
    return "unnamed-" + hashlib.sha256(msgspec.json.encode(element, order="sorted")).hexdigest()[:32]


def _who(element: Mapping[str, JSON], contacts: Contacts, echo: bool, to: JSON) -> tuple[str, JSON]:
    """(address, user id) of the customer: sender of a message, recipient of an echo."""
    if echo:
        user_id = element.get("to_user_id")
        return address_of(to or element.get("to"), user_id), user_id
    user_id = element.get("from_user_id") or element.get("from_bsuid")
    phone = element.get("from")
    if not phone and not user_id:
        user_id = only_user_id(contacts)
    return address_of(phone, user_id), user_id


def _note_context(context: Mapping[str, JSON], content: Content) -> None:
    noted = {key: context[key] for key in ("forwarded", "frequently_forwarded", "referred_product") if context.get(key)}
    if noted:
        content["data"] = {**content.get("data", {}), **noted}


def _note_referral(referral: JSON, content: Content) -> None:
    """The advert or post that brought the customer."""
    if isinstance(referral, dict):
        source = next((referral[key] for key in ("source_id", "ctwa_clid", "source_url") if referral.get(key)), None)
        content["start"] = text_of(source) or None
        content["data"] = {**content.get("data", {}), "referral": referral}


def _text(element: Mapping[str, JSON]) -> Content:
    return {"text": text_of(element["text"]["body"])}


def _media(field: str, kind: str) -> Callable[[Mapping[str, JSON]], Content]:
    def read(element: Mapping[str, JSON]) -> Content:
        media = object_of(element[field])
        voice = kind == "audio" and media.get("voice") is True
        return _file(media, "voice" if voice else kind)

    return read


def _file(media: Mapping[str, JSON], kind: str) -> Content:
    content: Content = {"kind": kind, "text": text_of(media.get("caption"))}
    media_id = text_of(media.get("id"))
    if not media_id:  # a gateway that could not fetch the file says so by leaving the id out
        return content | {"data": {"file": media}}
    file = InboundFile(
        kind=kind,
        name=text_of(media.get("filename")),
        mime=text_of(media.get("mime_type")),
        remote={"id": media_id, "sha256": text_of(media.get("sha256"))},
    )
    return content | {"attachments": (file,)}


def _location(element: Mapping[str, JSON]) -> Content:
    return {"kind": "location", "data": {"location": object_of(element["location"])}}


def _contacts(element: Mapping[str, JSON]) -> Content:
    return {"kind": "contact", "data": {"contacts": objects_in(element, "contacts")}}


def _button(element: Mapping[str, JSON]) -> Content:
    button = object_of(element["button"])
    text = text_of(button.get("text"))
    return {"kind": "choice", "text": text, "choice": text_of(button.get("payload")) or text}


def _interactive(element: Mapping[str, JSON]) -> Content:
    interactive = object_of(element["interactive"])
    for kind in ("button_reply", "list_reply"):
        if kind in interactive:
            reply = object_of(interactive[kind])
            title = text_of(reply.get("title"))
            content: Content = {"kind": "choice", "text": title, "choice": text_of(reply.get("id")) or title}
            return content | {"data": {"description": reply["description"]}} if reply.get("description") else content
    if "nfm_reply" in interactive:
        return _form(object_of(interactive["nfm_reply"]))
    return {"kind": "unsupported", "text": _permission(interactive), "data": {"interactive": interactive}}


def _permission(interactive: Mapping[str, JSON]) -> str:
    """The answer to "may we call you?"."""
    answer = interactive.get("call_permission_reply")
    if not isinstance(answer, dict):
        return ""
    return "Calls are allowed" if answer.get("response") == "accept" else "Calls are declined"


def _form(reply: Mapping[str, JSON]) -> Content:
    """The answer to a form (flow): its fields arrive as JSON inside JSON."""
    raw = reply.get("response_json")
    try:
        fields = msgspec.json.decode(raw) if isinstance(raw, str) else raw
    except msgspec.DecodeError:
        fields = raw
    return {"kind": "form", "text": text_of(reply.get("body")), "data": {"form": fields, "name": text_of(reply.get("name"))}}


def _order(element: Mapping[str, JSON]) -> Content:
    order = object_of(element["order"])
    return {"kind": "order", "text": text_of(order.get("text")), "data": {"order": order}}


def _welcome(element: Mapping[str, JSON]) -> Content:
    """The customer opened the chat for the first time and has not written yet."""
    return {"kind": "start", "start": "request_welcome"}


def _call(element: Mapping[str, JSON]) -> Content:
    return {"kind": "call", "data": {"call": element}}


def _unsupported(element: Mapping[str, JSON]) -> Content:
    """A person sent something that WhatsApp or we cannot show: the operator must know that it came."""
    errors = [error for error in objects_in(element, "errors") if isinstance(error, dict)]
    return {"kind": "unsupported", "data": {"message": element, "reason": reason_of(errors[0]) if errors else ""}}


_CONTENTS: Mapping[str, Callable[[Mapping[str, JSON]], Content]] = {
    "text": _text,
    "image": _media("image", "image"),
    "video": _media("video", "video"),
    "audio": _media("audio", "audio"),
    "voice": _media("voice", "voice"),
    "document": _media("document", "file"),
    "sticker": _media("sticker", "sticker"),
    "location": _location,
    "contacts": _contacts,
    "button": _button,
    "interactive": _interactive,
    "order": _order,
    "request_welcome": _welcome,
    "call": _call,
}


def _reaction(element: Mapping[str, JSON], source: Source, echo: bool, to: JSON) -> Event:
    reaction = object_of(element["reaction"])
    target = text_of(reaction.get("message_id"))
    if not target:
        raise ValueError("a reaction names no message")
    if echo:
        return Notice(kind="reaction", text="The business reacted to a message with the phone app", data=element)
    address, user_id = _who(element, source.contacts, False, None)
    return Reaction(
        external_id=target,
        sender=person_at(address, user_id, source.contacts),
        address=address,
        emoji=text_of(reaction.get("emoji")),
        at=time_of(element.get("timestamp"), source.received_at),
    )


def _edit(element: Mapping[str, JSON], source: Source, echo: bool, to: JSON) -> Event:
    edit = object_of(element["edit"])
    inner = object_of(edit["message"])
    at = time_of(element.get("timestamp"), source.received_at)
    who = {key: element[key] for key in ("from", "from_user_id", "from_bsuid", "to", "to_user_id") if key in element}
    original, written = text_of(edit["original_message_id"]), time_of(inner.get("timestamp"), at)
    message = _message({**inner, **who}, source, _type_of(inner), at=written, external_id=original, echo=echo, to=to)
    return MessageEdited(message=message, at=at)


def _revoke(element: Mapping[str, JSON], source: Source, echo: bool, to: JSON) -> Event:
    original = text_of(object_of(element["revoke"])["original_message_id"])
    return MessageDeleted(external_id=original, at=time_of(element.get("timestamp"), source.received_at))


_ACTIONS: Mapping[str, Callable[[Mapping[str, JSON], Source, bool, JSON], Event]] = {
    "reaction": _reaction,
    "edit": _edit,
    "revoke": _revoke,
}
