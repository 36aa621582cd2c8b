"""What Twilio's error codes mean: what happens to the message, and the words that the operator reads.

One table for both ways an error comes: in the answer to a send, and later in a status callback.
Codes: https://www.twilio.com/docs/api/errors
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from channels.base import Blocked, ChannelError, Misconfigured, Refused, Retry, Throttled


@dataclass(frozen=True, slots=True)
class Meaning:
    error: type[ChannelError]
    words: str


_SUSPENDED = "The Twilio account is suspended or closed"
_NO_ACCESS = "Twilio does not accept the account SID and auth token"
_NOT_OURS = "The number in `from` does not belong to this Twilio account or cannot send messages"
_WRONG_NUMBER = "This is not a phone number that can receive messages"
_STOPPED = "The customer has stopped messages from this number; they can resume by sending START"
_TOO_LONG = "The text is longer than 1600 characters"
_SHUT = "The WhatsApp window is shut: the customer last wrote more than 24 hours ago, only an approved template may be sent"
_COUNTRY = "Sending to this country is switched off in the Twilio account (geographic permissions)"
_BAD_MEDIA = "Twilio could not use the attachment: its address, type or size"
_BUSY = "Twilio asks to slow down"
_UNREGISTERED = "The sending number is not registered for this kind of traffic with the carriers"

MEANINGS: Mapping[str, Meaning] = {
    "20003": Meaning(Misconfigured, _NO_ACCESS),
    "20005": Meaning(Misconfigured, _SUSPENDED),
    "20403": Meaning(Misconfigured, "The Twilio account has no right to do this"),
    "20404": Meaning(Misconfigured, "Twilio knows no such account or number"),
    "20429": Meaning(Throttled, _BUSY),
    "21211": Meaning(Refused, _WRONG_NUMBER),
    "21212": Meaning(Misconfigured, _NOT_OURS),
    "21214": Meaning(Refused, "The customer's number cannot be reached by Twilio"),
    "21217": Meaning(Refused, _WRONG_NUMBER),
    "21265": Meaning(Refused, "Messages cannot be sent to a short code"),
    "21266": Meaning(Refused, "The message is addressed to the number that it comes from"),
    "21408": Meaning(Refused, _COUNTRY),
    "21601": Meaning(Misconfigured, _NOT_OURS),
    "21602": Meaning(Refused, "The message has no text"),
    "21603": Meaning(Misconfigured, "The channel has no number to send from"),
    "21604": Meaning(Refused, "The message has no phone number to go to"),
    "21606": Meaning(Misconfigured, _NOT_OURS),
    "21608": Meaning(Refused, "A trial account of Twilio's sends only to numbers verified in it"),
    "21609": Meaning(Misconfigured, "Twilio does not accept the public address of this installation for status reports"),
    "21610": Meaning(Blocked, _STOPPED),
    "21611": Meaning(Throttled, "Twilio's queue for this number is full"),
    "21612": Meaning(Refused, "Twilio has no way from our number to this one"),
    "21614": Meaning(Refused, "This number cannot receive text messages: it may be a landline"),
    "21617": Meaning(Refused, _TOO_LONG),
    "21619": Meaning(Refused, "The message has neither text nor attachments"),
    "21620": Meaning(Refused, _BAD_MEDIA),
    "21623": Meaning(Refused, "The message has more than 10 attachments"),
    "21635": Meaning(Refused, "Messages cannot be sent to a landline"),
    "21654": Meaning(Refused, "Twilio knows no such template (ContentSid)"),
    "21655": Meaning(Refused, "The template's id (ContentSid) is not valid"),
    "21656": Meaning(Refused, "The template's variables do not fit it"),
    "21659": Meaning(Misconfigured, _NOT_OURS),
    "21660": Meaning(Misconfigured, _NOT_OURS),
    "21661": Meaning(Misconfigured, _NOT_OURS),
    "21701": Meaning(Misconfigured, "Twilio knows no such Messaging Service"),
    "21703": Meaning(Misconfigured, "The Messaging Service has no number to send from"),
    "21705": Meaning(Misconfigured, "The Messaging Service SID in `from` is not valid"),
    "21910": Meaning(Refused, "Our number and the customer's are not on the same channel (SMS and WhatsApp mixed)"),
    "30001": Meaning(Refused, "Twilio's queue was full, the message was dropped: send it again later"),
    "30002": Meaning(Misconfigured, _SUSPENDED),
    "30003": Meaning(Refused, "The phone is switched off or out of reach: try again later"),
    "30004": Meaning(Refused, "The customer's phone or carrier does not accept messages from us"),
    "30005": Meaning(Refused, "The number does not exist or is no longer in service"),
    "30006": Meaning(Refused, "A landline, or a carrier that cannot be reached: text messages never arrive there"),
    "30007": Meaning(Refused, "The carrier took the message for unwanted and filtered it out"),
    "30008": Meaning(Refused, "The carrier did not deliver the message and did not say why"),
    "30010": Meaning(Refused, "The message costs more than the limit that was set"),
    "30019": Meaning(Refused, "The attachment is too large for the customer's carrier"),
    "30022": Meaning(Refused, "The carrier's daily limit for our number is reached: send it again later"),
    "30023": Meaning(Refused, "The carrier's daily limit for our brand is reached: send it again tomorrow"),
    "30024": Meaning(Refused, "The carrier does not know this sender"),
    "30032": Meaning(Misconfigured, _UNREGISTERED),
    "30034": Meaning(Misconfigured, _UNREGISTERED),
    "30036": Meaning(Refused, "The message waited too long and was not sent"),
    "30044": Meaning(Refused, "A trial account of Twilio's cannot send a text this long"),
    "30410": Meaning(Refused, "The carrier did not answer in time: send it again later"),
    "30450": Meaning(Refused, "The carrier took the message for a repeated one and did not deliver it"),
    "30453": Meaning(Refused, "The customer's carrier is out of order: send it again later"),
    "30454": Meaning(Refused, "Twilio stopped a repetition of the same message to the same number"),
    "30485": Meaning(Refused, "The carrier did not deliver the message in time"),
    "63001": Meaning(Misconfigured, "WhatsApp does not accept the sender's credentials"),
    "63003": Meaning(Refused, "The customer has no WhatsApp under this number"),
    "63005": Meaning(Refused, "WhatsApp did not accept the content of the message"),
    "63007": Meaning(Misconfigured, "The number in `from` is not a WhatsApp sender of this Twilio account"),
    "63010": Meaning(Refused, "WhatsApp had an internal error: send it again later"),
    "63012": Meaning(Refused, "WhatsApp had an internal error: send it again later"),
    "63013": Meaning(Refused, "The message breaks a rule of WhatsApp's"),
    "63014": Meaning(Blocked, "The customer has blocked us on WhatsApp"),
    "63015": Meaning(Refused, "The WhatsApp sandbox sends only to people who have joined it"),
    "63016": Meaning(Refused, _SHUT),
    "63018": Meaning(Throttled, "WhatsApp asks to slow down"),
    "63019": Meaning(Refused, _BAD_MEDIA),
    "63020": Meaning(Misconfigured, "Meta has not accepted Twilio's invitation for this WhatsApp account"),
    "63021": Meaning(Refused, "WhatsApp cannot show this content"),
    "63024": Meaning(Refused, "The customer cannot be reached on WhatsApp"),
    "63027": Meaning(Refused, "WhatsApp has no such template in this language"),
    "63028": Meaning(Refused, "The number of variables does not fit the WhatsApp template"),
    "63032": Meaning(Refused, "WhatsApp holds this message back: the customer takes part in an experiment of Meta's"),
    "63033": Meaning(Blocked, "The customer has blocked us on WhatsApp"),
    "63038": Meaning(Throttled, "The Twilio account has reached its daily limit of messages"),
    "63049": Meaning(Refused, "Meta chose not to deliver this marketing message to the customer"),
    "63051": Meaning(Misconfigured, "Meta has closed this WhatsApp business account"),
}

_PAUSES = {"21611": 60.0, "63038": 3600.0}
"""Seconds to wait where Twilio does not say; one second else."""

_BY_STATUS = {
    401: Meaning(Misconfigured, _NO_ACCESS),
    403: Meaning(Misconfigured, "The Twilio account has no right to do this"),
    404: Meaning(Misconfigured, "Twilio knows no such account or number"),
    429: Meaning(Throttled, _BUSY),
}


def words(code: str, told: str = "") -> str:
    """What the operator reads for a code in a status; `told` is what Twilio wrote itself."""
    meaning = MEANINGS.get(code)
    if meaning:
        return meaning.words
    return told or (f"Twilio could not deliver it (error {code})" if code else "Twilio could not deliver it and did not say why")


def is_stop(code: str) -> bool:
    return code in MEANINGS and issubclass(MEANINGS[code].error, Blocked)


def raise_for(status: int, headers: Mapping[str, str], body: bytes) -> None:
    """Turn an answer that is not 2xx into the error that decides what happens."""
    if 200 <= status < 300:
        return
    code, told = _read(body)
    meaning = _meaning(status, code)
    reason = meaning.words if meaning.words else told or f"Twilio answered with HTTP status {status}"
    if issubclass(meaning.error, Throttled):
        raise Throttled(reason, after=_pause(headers, code), code=code or str(status))
    raise meaning.error(reason, code=code or str(status))


def _meaning(status: int, code: str) -> Meaning:
    if code in MEANINGS:
        return MEANINGS[code]
    if status >= 500:
        return Meaning(Retry, f"Twilio has a failure of its own (HTTP {status})")
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    return Meaning(Retry, "Twilio did not answer in time") if status == 408 else Meaning(Refused, "")


def _read(body: bytes) -> tuple[str, str]:
    try:
        found = json.loads(body)
    except ValueError:
        return "", ""
    if not isinstance(found, dict):
        return "", ""
    return str(found.get("code") or ""), str(found.get("message") or "")


def _pause(headers: Mapping[str, str], code: str) -> float:
    try:
        told = float(headers.get("Retry-After", ""))
    except ValueError:
        told = 0.0
    return told if 0 < told < float("inf") else _PAUSES.get(code, 1.0)
