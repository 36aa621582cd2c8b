"""What Telegram accepts from a bot, and the words in which it refuses (https://core.telegram.org/bots/api)."""

import json
import re
from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Any

from aiohttp import web

Raw = dict[str, Any]
"""The parameters of a call or a Telegram object. `Any`: they are JSON, checked here."""

TEXT_LIMIT = 4096
CAPTION_LIMIT = 1024
CALLBACK_LIMIT = 64
ACTIONS = frozenset(
    [
        "typing",
        "upload_photo",
        "record_video",
        "upload_video",
        "record_voice",
        "upload_voice",
        "upload_document",
        "choose_sticker",
        "find_location",
    ]
)
_TAGS = frozenset(
    [
        "b",
        "strong",
        "i",
        "em",
        "u",
        "ins",
        "s",
        "strike",
        "del",
        "span",
        "tg-spoiler",
        "a",
        "tg-emoji",
        "code",
        "pre",
        "blockquote",
    ]
)


class ApiError(Exception):
    """The provider says no: `code` is both the HTTP status and error_code."""

    def __init__(self, code: int, description: str, **parameters: object) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters


def bad(words: str) -> ApiError:
    return ApiError(400, f"Bad Request: {words}")


async def parameters_of(request: web.Request) -> Raw:
    """A call's parameters, however they came: JSON, form, multipart or query. Files are `web.FileField`s."""
    if request.content_type == "application/json":
        try:
            sent = json.loads(await request.read() or b"{}")
        except ValueError:
            raise bad("can't parse JSON object") from None
        return {**request.query, **sent} if isinstance(sent, dict) else {**request.query}
    return {**request.query, **(await request.post() if request.can_read_body else {})}


def structure(parameters: Mapping[str, Any], name: str) -> Any:
    """A JSON-serialised parameter: an object in a JSON call, a text of JSON in a form."""
    value = parameters.get(name)
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise bad(f"can't parse {name.replace('_', ' ')} JSON object") from None


def number(parameters: Mapping[str, Any], name: str, otherwise: int = 0) -> int:
    try:
        return int(parameters.get(name, otherwise))
    except (TypeError, ValueError):
        raise bad(f"parameter {name} must be a number") from None


def words_of(parameters: Mapping[str, Any], name: str) -> tuple[str, str | None]:
    """(text as read, its HTML or None), within the limit for `text` or `caption`."""
    written = str(parameters.get(name) or "")
    html = str(parameters.get("parse_mode") or "").upper() == "HTML"
    plain = _without_tags(written) if html else written
    if name == "text" and not plain.strip():
        raise bad("message text is empty")
    if len(plain.encode("utf-16-le", "surrogatepass")) // 2 > (TEXT_LIMIT if name == "text" else CAPTION_LIMIT):
        raise bad("message is too long" if name == "text" else "message caption is too long")
    return plain, written if html and plain != written else None


class _Tags(HTMLParser):
    """Telegram's HTML: few tags, all of them closed."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in _TAGS:
            raise bad(f'can\'t parse entities: Unsupported start tag "{tag}" at byte offset {self.getpos()[1]}')
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            raise bad(f'can\'t parse entities: Unexpected end tag at byte offset {self.getpos()[1]}, found "</{tag}>"')

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def _without_tags(written: str) -> str:
    reader = _Tags()
    reader.feed(written)
    reader.close()
    if reader.open:
        raise bad(f"can't parse entities: Can't find end tag corresponding to start tag \"{reader.open[-1]}\"")
    return "".join(reader.text)


def keyboard_of(parameters: Mapping[str, Any]) -> Raw | None:
    """The inline keyboard, every button checked."""
    markup = structure(parameters, "reply_markup")
    if isinstance(markup, dict) and "keyboard" in markup:
        return _typed_keyboard(markup)
    if not isinstance(markup, dict) or "inline_keyboard" not in markup:
        return None
    rows = markup["inline_keyboard"]
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise bad('can\'t parse inline keyboard: field "inline_keyboard" must be an Array of Arrays')
    for button in (button for row in rows for button in row):
        _check_button(button)
    return markup


def _check_button(button: Any) -> None:
    if not isinstance(button, dict) or not str(button.get("text") or "").strip():
        raise bad("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
    if "url" in button:
        if not re.match(r"(https?://|tg://)\S+\.?\S*", str(button["url"])):
            raise bad("inline keyboard button URL is invalid: BUTTON_URL_INVALID")
    elif "web_app" in button:
        if not str(button["web_app"].get("url")).startswith("https://"):
            raise bad("inline keyboard button Web App URL is invalid: Only HTTPS links are allowed")
    elif not 0 < len(str(button.get("callback_data") or "").encode()) <= CALLBACK_LIMIT:
        raise bad("BUTTON_DATA_INVALID")


def _typed_keyboard(markup: Raw) -> Raw:
    """A keyboard in place of the phone's own: every button needs a text."""
    rows = markup["keyboard"]
    buttons = [button for row in rows for button in row] if isinstance(rows, list) else []
    if not buttons or not all(isinstance(b, dict) and str(b.get("text") or "").strip() for b in buttons):
        raise bad('can\'t parse keyboard button: Field "text" must be of type String')
    return markup


def choices_of(markup: Raw | None) -> list[tuple[str, str]]:
    """(id, title) of the buttons, as a phone shows them; one of a typed keyboard sends its title."""
    rows = (markup.get("inline_keyboard") or markup.get("keyboard") or []) if markup else []
    return [(_sends(button), str(button["text"])) for row in rows for button in row]


def _sends(button: Raw) -> str:
    web_app = button.get("web_app")
    return str(button.get("callback_data") or button.get("url") or (web_app and web_app["url"]) or button["text"])


def point_of(parameters: Mapping[str, Any]) -> Raw:
    """A place on the map."""
    try:
        latitude, longitude = float(parameters["latitude"]), float(parameters["longitude"])
    except (KeyError, TypeError, ValueError):
        raise bad("wrong latitude or longitude specified") from None
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise bad("wrong latitude or longitude specified")
    return {"latitude": latitude, "longitude": longitude}


def needed(parameters: Mapping[str, Any], *names: str) -> list[str]:
    """Texts that must be there."""
    for name in names:
        if not str(parameters.get(name) or "").strip():
            raise bad(f"{name.replace('_', ' ')} is empty")
    return [str(parameters[name]) for name in names]


def commands_of(parameters: Mapping[str, Any]) -> list[Raw]:
    """The menu that setMyCommands sets."""
    commands = structure(parameters, "commands")
    if not isinstance(commands, list) or len(commands) > 100:
        raise bad("can't parse list of bot commands" if not isinstance(commands, list) else "BOT_COMMANDS_TOO_MUCH")
    for command in commands:
        if not re.fullmatch(r"[a-z0-9_]{1,32}", str(command.get("command"))):
            raise bad("BOT_COMMAND_INVALID")
        if not 1 <= len(str(command.get("description") or "")) <= 256:
            raise bad("BOT_COMMAND_DESCRIPTION_INVALID")
    return commands
