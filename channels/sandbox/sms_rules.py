"""What Twilio refuses to send, for the stand-in: the checks of its Messages API, in its own codes and words."""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from aiohttp import web

_PHONE = re.compile(r"\+[1-9]\d{6,14}")
_WHATSAPP = re.compile(r"whatsapp:(\+[1-9]\d{6,14}|[A-Z]{2}\.[A-Za-z0-9]{1,128})")


@dataclass(frozen=True, kw_only=True, slots=True)
class Sender:
    """Who sends, who has stopped it, and which content templates the account has."""

    name: str
    stopped: Collection[str]
    contents: Collection[str]

    @property
    def whatsapp(self) -> bool:
        return self.name.startswith("whatsapp:")

    @property
    def alphanumeric(self) -> bool:
        return not (self.whatsapp or self.name.startswith("MG") or self.name.lstrip("+").isdigit())


class Refusal(Exception):
    """An answer in Twilio's words."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.response = error(status, code, message)


def error(status: int, code: int, message: str, headers: Mapping[str, str] | None = None) -> web.Response:
    body = {"code": code, "message": message, "more_info": f"https://www.twilio.com/docs/errors/{code}", "status": status}
    return web.json_response(body, status=status, headers=headers)


def check_message(ours: Sender, form: Mapping[str, str], media: Sequence[str]) -> None:
    """Raises Refusal for the first thing that is wrong with a message."""
    to, sender, body = form.get("To", ""), form.get("From") or form.get("MessagingServiceSid"), form.get("Body", "")
    checks = (
        (not to, 21604, "A 'To' phone number is required."),
        (not sender, 21603, "A 'From' phone number is required."),
        (sender != ours.name, 21606, "The 'From' phone number provided is not a valid message-capable phone number."),
        (ours.whatsapp != to.startswith("whatsapp:"), 21910, "Invalid From and To pair. They should be of the same channel."),
        (not (_WHATSAPP if ours.whatsapp else _PHONE).fullmatch(to), 21211, "Invalid 'To' Phone Number"),
        (not (body or media or form.get("ContentSid")), 21619, "A text message body or media urls must be specified."),
        (len(body) > 1600, 21617, "The concatenated message body exceeds the 1600 character limit."),
        (ours.alphanumeric and bool(media), 21621, "The 'From' phone number is not enabled for MMS."),
        (len(media) > 10, 21623, "Number of media files exceeds allowed limit."),
        (any(not url.startswith(("http://", "https://")) for url in media), 21620, "Invalid media URL(s)"),
        ("_" in (urlsplit(form.get("StatusCallback", "")).hostname or ""), 21609, "Invalid 'StatusCallback' URL"),
        (form.get("ContentSid", "") not in {"", *ours.contents}, 21655, "The ContentSid is Invalid"),
        (not _is_object(form.get("ContentVariables", "{}")), 21656, "The ContentVariables Parameter is invalid"),
        (to.removeprefix("whatsapp:") in ours.stopped, 21610, "Attempt to send to unsubscribed recipient"),
    )
    for wrong, code, message in checks:
        if wrong:
            raise Refusal(400, code, message)


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False
