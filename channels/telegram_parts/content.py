"""What a Telegram message says: one small reader for each kind of content, in the order in which Telegram means them."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from channels.events import InboundFile

Raw = dict[str, Any]
"""A JSON object of Telegram's. `Any`: nothing in it is trusted, the readers check what they take."""


@dataclass(kw_only=True, slots=True)
class Content:
    """What will become the content of an InboundMessage."""

    kind: str
    text: str = ""
    entities: Any = None
    files: list[InboundFile] = field(default_factory=list)
    data: Raw = field(default_factory=dict)


def read_content(message: Raw) -> Content | None:
    """The content of a message, None where it has none that we know. May raise where it is not what Telegram documents."""
    text = message.get("text")
    if type(text) is str:
        return Content(kind="text", text=text, entities=message.get("entities"))
    for name, reader in _READERS.items():
        if name in message:
            return reader(message)
    return None


def key(value: Any) -> str:
    """A Telegram id as we keep ids. Raises TypeError where it is none."""
    if isinstance(value, bool) or not isinstance(value, int | str) or value == "":
        raise TypeError("not an id")
    return str(value)


def words(value: Any) -> str:
    """A text or a number as text; nothing else is one."""
    return value if isinstance(value, str) else str(value) if isinstance(value, int | float) else ""


def full_name(user: Raw) -> str:
    """First and last name of a user, or a chat's title."""
    return " ".join(filter(None, (words(user.get("first_name")), words(user.get("last_name"))))) or words(user.get("title"))


def _file(kind: str, raw: Raw, *, name: str = "", mime: str = "") -> InboundFile:
    size = raw.get("file_size")
    remote = {"file_id": key(raw["file_id"])}
    if unique := words(raw.get("file_unique_id")):
        remote["unique"] = unique
    own_name = words(raw.get("file_name")) or name
    if own_name:
        remote["name"] = own_name
    return InboundFile(
        kind=kind,
        name=own_name,
        mime=words(raw.get("mime_type")) or mime,
        size=size if isinstance(size, int) else None,
        remote=remote,
    )


def _photo(sizes: list[Raw]) -> InboundFile:
    """The largest of the sizes that Telegram offers; by its words the last, but some relays sort them otherwise."""
    return _file(
        "image", max(sizes, key=lambda size: int(size.get("width") or 0) * int(size.get("height") or 0)), mime="image/jpeg"
    )


def _media(kind: str, message: Raw, *files: InboundFile) -> Content:
    caption = words(message.get("caption"))
    return Content(kind=kind, text=caption, entities=message.get("caption_entities"), files=list(files))


def _of(field_name: str, kind: str, mime: str = "") -> Callable[[Raw], Content]:
    """A reader for the kinds that are one file under one field."""
    return lambda message: _media(kind, message, _file(kind, message[field_name], mime=mime))


def _audio(message: Raw) -> Content:
    raw = message["audio"]
    title = " – ".join(filter(None, (words(raw.get("performer")), words(raw.get("title")))))
    return _media("audio", message, _file("audio", raw, name=title, mime="audio/mpeg"))


def _sticker(message: Raw) -> Content:
    raw = message["sticker"]
    mime = "video/webm" if raw.get("is_video") else "application/x-tgsticker" if raw.get("is_animated") else "image/webp"
    content = _media("sticker", message, _file("sticker", raw, mime=mime))
    content.data = {"sticker": {"emoji": words(raw.get("emoji")), "set": words(raw.get("set_name"))}}
    return content


def _live_photo(message: Raw) -> Content:
    raw = message["live_photo"]
    stills = [_photo(raw["photo"])] if raw.get("photo") else []
    return _media("image", message, *stills, _file("video", raw, mime="video/mp4"))


def _paid_media(message: Raw) -> Content:
    files: list[InboundFile] = []
    for item in message["paid_media"]["paid_media"]:
        if item.get("photo"):
            files.append(_photo(item["photo"]))
        elif item.get("video"):
            files.append(_file("video", item["video"], mime="video/mp4"))
        elif item.get("live_photo"):
            files += _live_photo(item).files
    content = _media(files[0].kind if files else "unsupported", message, *files)
    content.data = {"paid_media": {"stars": message["paid_media"].get("star_count")}}
    return content


def _location(message: Raw) -> Content:
    return Content(kind="location", data={"location": _point(message["location"])})


def _venue(message: Raw) -> Content:
    venue = message["venue"]
    name, address = words(venue.get("title")), words(venue.get("address"))
    point = _point(venue["location"]) | {"name": name, "address": address}
    return Content(kind="location", text=", ".join(filter(None, (name, address))), data={"location": point})


def _point(location: Raw) -> Raw:
    point: Raw = {"latitude": float(location["latitude"]), "longitude": float(location["longitude"])}
    for ours, theirs in _LIVE.items():
        if theirs in location:
            point[ours] = location[theirs]
    return point


_LIVE = {"live_seconds": "live_period", "heading": "heading", "accuracy": "horizontal_accuracy"}
"""What a location may tell beside the point: how long it moves, which way, how exact it is in metres."""


def _contact(message: Raw) -> Content:
    raw = message["contact"]
    phone, name = words(raw.get("phone_number")), full_name(raw)
    shown = " ".join(filter(None, (name, phone and f"({phone})")))
    return Content(kind="contact", text=shown, data={"contacts": [{"name": name, "phone": phone, "user_id": raw.get("user_id")}]})


def _users_shared(message: Raw) -> Content:
    users = [user for user in message["users_shared"]["users"] if isinstance(user, dict)]
    contacts = [{"name": full_name(u), "username": words(u.get("username")), "user_id": u.get("user_id")} for u in users]
    shown = (str(c["name"] or c["username"] or c["user_id"]) for c in contacts)
    return Content(kind="contact", text=", ".join(shown), data={"contacts": contacts})


def _listed(title: str, lines: list[Any]) -> str:
    return "\n".join([title, *(f"• {words(line.get('text'))}" for line in lines if isinstance(line, dict))])


def _poll(message: Raw) -> Content:
    poll = message["poll"]
    return Content(kind="poll", text=_listed(words(poll.get("question")), poll.get("options") or []), data={"poll": poll})


def _checklist(message: Raw) -> Content:
    raw = message["checklist"]
    return Content(kind="checklist", text=_listed(words(raw.get("title")), raw.get("tasks") or []), data={"checklist": raw})


def _dice(message: Raw) -> Content:
    dice = message["dice"]
    return Content(kind="dice", text=f"{words(dice.get('emoji'))} {words(dice.get('value'))}".strip(), data={"dice": dice})


def _game(message: Raw) -> Content:
    game = message["game"]
    shown = "\n".join(filter(None, (words(game.get("title")), words(game.get("description")))))
    files = [_photo(game["photo"])] if game.get("photo") else []
    return Content(kind="game", text=shown, files=files, data={"game": {"title": words(game.get("title"))}})


def _web_app(message: Raw) -> Content:
    """A filled-in form: its button is what the person sees of it; what is no JSON object is shown as it stands."""
    raw = message["web_app_data"]
    sent = words(raw.get("data"))
    try:
        fields = json.loads(sent)
    except ValueError:
        fields = None
    if not isinstance(fields, dict):
        return Content(kind="form", text=sent, data={"form": {"raw": sent}})
    return Content(kind="form", text=words(raw.get("button_text")), data={"form": {"raw": sent, "fields": fields}})


_WHOLE_UNITS = {"XTR", "JPY", "KRW", "VND", "CLP", "ISK", "UGX", "PYG"}
"""Currencies without hundredths (XTR: Telegram Stars)."""


def _sum(raw: Raw) -> str:
    amount, currency = raw.get("total_amount"), words(raw.get("currency"))
    if not isinstance(amount, int):
        return currency
    return f"{amount} {currency}" if currency in _WHOLE_UNITS else f"{amount / 100:.2f} {currency}"


def _invoice(message: Raw) -> Content:
    raw = message["invoice"]
    return Content(kind="invoice", text=f"{words(raw.get('title'))}: {_sum(raw)}", data={"invoice": raw})


def _payment(name: str, sign: str) -> Callable[[Raw], Content]:
    return lambda message: Content(kind="payment", text=sign + _sum(message[name]), data={name: message[name]})


def _story(message: Raw) -> Content:
    story = message["story"]
    shown = " ".join(filter(None, ("📖", full_name(story["chat"]))))
    return Content(kind="story", text=words(message.get("caption")) or shown, data={"story": story})


def _gift(name: str) -> Callable[[Raw], Content]:
    """A gift that a customer sent: its picture's emoji, what it cost, and the words that came with it."""

    def read(message: Raw) -> Content:
        raw = message[name]
        gift = raw["gift"]
        sticker = gift.get("sticker")
        picture = words(sticker.get("emoji")) if isinstance(sticker, dict) else words(gift.get("base_name"))
        price = f"{gift['star_count']} ⭐" if "star_count" in gift else f"#{gift['number']}" if "number" in gift else ""
        shown = " ".join(filter(None, ("🎁", picture, price)))
        return Content(kind="gift", text="\n".join(filter(None, (shown, words(raw.get("text"))))), data={name: raw})

    return read


def _passport(message: Raw) -> Content:
    """Documents that only a bot with a passport key could decrypt; we keep none of it, but say that it came."""
    return Content(kind="unsupported", text="🪪 Telegram Passport")


def _rich(message: Raw) -> Content:
    return Content(
        kind="text", text=_flat(message["rich_message"].get("blocks")).strip(), data={"rich_message": message["rich_message"]}
    )


def _flat(value: Any) -> str:
    """The words of a formatted text, whatever its nesting: `text` and its like are strings, lists or further objects."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        between = "\n" if value and all(isinstance(v, dict) and "blocks" not in v and _is_block(v) for v in value) else ""
        return between.join(_flat(v) for v in value)
    if isinstance(value, dict):
        return "".join(_flat(value[name]) for name in ("text", "blocks", "items", "cells", "caption") if name in value)
    return ""


def _is_block(value: Raw) -> bool:
    return value.get("type") in {"paragraph", "heading", "pre", "footer", "divider", "list", "table", "details"}


_READERS: dict[str, Callable[[Raw], Content]] = {
    # An animation also fills `document`, a live photo `photo`, a venue `location`: the fuller one comes first.
    "live_photo": _live_photo,
    "photo": lambda message: _media("image", message, _photo(message["photo"])),
    "voice": _of("voice", "voice", "audio/ogg"),
    "video": _of("video", "video", "video/mp4"),
    "animation": lambda message: _media("video", message, _file("video", message["animation"], mime="video/mp4")),
    "document": _of("document", "file"),
    "audio": _audio,
    "sticker": _sticker,
    "video_note": _of("video_note", "video", "video/mp4"),
    "paid_media": _paid_media,
    "venue": _venue,
    "location": _location,
    "contact": _contact,
    "users_shared": _users_shared,
    "poll": _poll,
    "dice": _dice,
    "game": _game,
    "checklist": _checklist,
    "web_app_data": _web_app,
    "invoice": _invoice,
    "successful_payment": _payment("successful_payment", ""),
    "refunded_payment": _payment("refunded_payment", "-"),
    "story": _story,
    "gift": _gift("gift"),
    "unique_gift": _gift("unique_gift"),
    "gift_upgrade_sent": _gift("gift_upgrade_sent"),
    "passport_data": _passport,
    "rich_message": _rich,
}
