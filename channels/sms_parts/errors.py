"""From one of Twilio's error codes to the error that decides what happens, or to the words of a failed delivery."""

import json
from collections.abc import Mapping

from channels.base import Blocked, ChannelError, Misconfigured, Refused, Retry, Throttled
from channels.sms_parts.codes import BY_STATUS, MEANINGS, Meaning, Policy

_ERRORS: Mapping[Policy, type[ChannelError]] = {
    "again": Retry,
    "slow_down": Throttled,
    "refuse": Refused,
    "suppress": Blocked,
    "mend": Misconfigured,
}
_ADVICE: Mapping[Policy, str] = {
    "again": ": send it again later",
    "slow_down": ": send it again later",
    "mend": ": an administrator has to mend the channel",
}
"""What a failed delivery adds: nobody else will send it again, or see what is wrong with the channel."""


def words(code: str, told: str = "") -> str:
    """What the operator reads for a code in a status; `told` is what Twilio wrote itself."""
    meaning = MEANINGS.get(code)
    if meaning:
        return meaning.words + _ADVICE.get(meaning.policy, "")
    return told or (f"Twilio could not deliver it (error {code})" if code else "Twilio could not deliver it and did not say why")


def is_stop(code: str) -> bool:
    """Whether nothing else reaches this address either."""
    return code in MEANINGS and MEANINGS[code].policy == "suppress"


def raise_for(status: int, headers: Mapping[str, str], body: bytes) -> None:
    """Turn an answer that is not 2xx into the error that decides what happens."""
    if 200 <= status < 300:
        return
    code, told = _read(body)
    meaning = _meaning(status, code)
    reason = meaning.words or told or f"Twilio answered with HTTP status {status}"
    error = _ERRORS[meaning.policy]
    if issubclass(error, Throttled):
        raise Throttled(reason, after=_pause(headers, meaning), code=code or str(status))
    raise error(reason, code=code or str(status))


def _meaning(status: int, code: str) -> Meaning:
    if code in MEANINGS:
        return MEANINGS[code]
    if status >= 500:
        return Meaning("again", f"Twilio has a failure of its own (HTTP {status})")
    return BY_STATUS.get(status, Meaning("refuse", ""))


def _read(body: bytes) -> tuple[str, str]:
    try:
        found = json.loads(body)
    except ValueError:
        return "", ""
    if not isinstance(found, dict):
        return "", ""
    return str(found.get("code") or ""), str(found.get("message") or "")


def _pause(headers: Mapping[str, str], meaning: Meaning) -> float:
    try:
        told = float(headers.get("Retry-After", ""))
    except ValueError:
        told = 0.0
    return told if 0 < told < float("inf") else meaning.pause or 1.0
