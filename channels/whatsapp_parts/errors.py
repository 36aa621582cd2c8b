"""What Meta's error codes mean: which of our errors each one is, and the words that an operator reads.

Source: "Error codes" of Meta's WhatsApp Cloud API documentation. A code that is not here keeps Meta's own words.
"""

from collections.abc import Callable, Mapping
from functools import partial

from channels.base import Blocked, ChannelError, Misconfigured, Refused, Retry, Throttled, Unknown
from channels.events import JSON

STOPPED_MARKETING = "131050"
PAIR_LIMIT = "131056"

PAUSES = {"4": 60.0, "80007": 60.0, "130429": 5.0, "131048": 300.0, "131056": 6.0, "133016": 900.0, "613": 60.0}
"""Codes that mean "slow down", and the seconds to wait where the answer does not say: the pair limit is one message per 6 s."""

PASSING = frozenset({"1", "2", "131000", "131016", "131053", "131057", "133004"})
OURS = frozenset({"0", "3", "10", "33", "190", "368", "131005", "131031", "131037", "131042", "131045", "133000", "133010"})
"""The token, the account or the number is wrong: no message will pass until somebody mends it."""

WORDS = {
    "0": "WhatsApp does not accept the access token: create a new one",
    "3": "The app may not use this WhatsApp function: check the permissions of the access token",
    "4": "The app made too many calls; WhatsApp asks to slow down",
    "10": "The permission to send is missing or was withdrawn: check the access token",
    "190": "The access token has expired: create a new one",
    "368": "WhatsApp has restricted the business account for breaking its policies",
    "80007": "The business account made too many calls; WhatsApp asks to slow down",
    "130429": "Too many messages at once from this number; WhatsApp asks to slow down",
    "130472": "WhatsApp holds this person in an experiment without marketing messages; the message was not delivered",
    "130497": "This business may not write to people of this country",
    "131000": "WhatsApp had an internal error",
    "131005": "The access token may not send from this number",
    "131008": "WhatsApp misses a required parameter",
    "131009": "WhatsApp does not accept the value of a parameter",
    "131016": "WhatsApp is temporarily unavailable",
    "131021": "The message is addressed to the business's own number",
    "131026": "Undeliverable: the number has no WhatsApp, an old version of it, or has not accepted its terms",
    "131030": "The number is not on the list of numbers that this test account may write to",
    "131031": "WhatsApp has locked the business account",
    "131037": "The display name of the number still needs WhatsApp's approval",
    "131042": "The WhatsApp business account has a payment problem",
    "131045": "The number is not registered correctly with WhatsApp",
    "131047": "The 24-hour window is shut: only an approved template may be sent until the customer writes again",
    "131048": "WhatsApp limits this number because people blocked it or marked its messages as spam",
    "131049": "WhatsApp held the marketing message back: this person has had enough of them; do not repeat it soon",
    "131050": "This person has stopped marketing messages from the business",
    "131051": "WhatsApp does not support this type of message",
    "131052": "WhatsApp could not fetch the customer's file",
    "131053": "WhatsApp could not take the file: its type or size does not fit",
    "131056": "Too many messages to this one person in a short time; WhatsApp asks to slow down",
    "131057": "The WhatsApp account is in maintenance",
    "132000": "The number of variables does not match the template",
    "132001": "The template does not exist in this language or is not approved",
    "132005": "The template is too long with these variables",
    "132007": "The template's content breaks a WhatsApp policy",
    "132012": "A variable of the template has the wrong format",
    "132015": "WhatsApp has paused the template for low quality",
    "132016": "WhatsApp has disabled the template for low quality",
    "132068": "The form of the message is blocked",
    "132069": "The form of the message is throttled",
    "133004": "WhatsApp's server is temporarily unavailable",
    "133010": "The number is not registered with the WhatsApp Business Platform",
    "133016": "The number was registered too often; WhatsApp asks to wait",
}


def error_code(error: Mapping[str, JSON]) -> str:
    """The code as text, empty where there is none."""
    code = error.get("code")
    return str(code) if isinstance(code, int | str) else ""


def reason_of(error: Mapping[str, JSON]) -> str:
    """Words for the operator: ours where we have them, followed by Meta's details; else Meta's own."""
    extra = error.get("error_data")
    details = (extra.get("details") if isinstance(extra, Mapping) else None) or error.get("details")
    ours = WORDS.get(error_code(error))
    theirs = details or error.get("error_user_msg") or error.get("message") or error.get("title")
    if ours is None:
        return str(theirs or "WhatsApp gave no reason")
    return f"{ours} ({details})" if isinstance(details, str) and details else ours


def provider_error(status: int, headers: Mapping[str, str], body: Mapping[str, JSON] | None) -> ChannelError:
    """The error that an answer of Meta's API is. `body`: its JSON, None if it is no JSON object."""
    error = _error_in(body or {})
    if error is None:
        return _wordless(status, headers)
    code, reason = error_code(error), reason_of(error)
    if code in PAUSES or status == 429:
        after = _retry_after(headers, PAUSES.get(code, 60.0))
        return Throttled(reason, after=after, code=code, one_person=code == PAIR_LIMIT)
    return _meaning(status, code, error)(reason, code=code)


def _error_in(body: Mapping[str, JSON]) -> Mapping[str, JSON] | None:
    """Meta answers with one `error`; on-premise gateways with a list of `errors`."""
    several = body.get("errors")
    found = body.get("error") or (several[0] if isinstance(several, list) and several else None)
    return found if isinstance(found, Mapping) else None


def _meaning(status: int, code: str, error: Mapping[str, JSON]) -> Callable[..., ChannelError]:
    gone = code == "100" and error.get("error_subcode") == 33  # "Object with ID ... does not exist": the number, not the message
    if code in OURS or status == 401 or gone or (code.isdigit() and 200 <= int(code) <= 299):
        return Misconfigured
    if code == STOPPED_MARKETING:
        return partial(Blocked, marketing_only=True)
    if code in PASSING or (status >= 500 and code not in WORDS):
        return Retry
    return Refused


def _wordless(status: int, headers: Mapping[str, str]) -> ChannelError:
    code = str(status)
    if status == 429:
        return Throttled("WhatsApp asks to slow down", after=_retry_after(headers, 60.0), code=code)
    if status == 504 or status < 400:  # a gateway lost the answer, or an acceptance that cannot be read: it may have been taken
        return Unknown(f"WhatsApp's answer ({status}) cannot be read", code=code)
    if status >= 500 or status == 408:
        return Retry(f"WhatsApp is temporarily unavailable ({status})", code=code)
    if status in (401, 404):
        return Misconfigured(f"WhatsApp's API does not know this token or address ({status})", code=code)
    return Refused(f"WhatsApp refused the message without a reason ({status})", code=code)


def _retry_after(headers: Mapping[str, str], otherwise: float) -> float:
    try:
        return max(0.0, float(headers.get("Retry-After", "")))
    except ValueError:
        return otherwise
