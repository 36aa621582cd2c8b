"""What is wrong with a phone number: there is none such, or somebody wrote 0000000."""

from functools import lru_cache

import phonenumbers

from inbox.quality.findings import Fault

_RUNS = ("01234567890123456789", "98765432109876543210")


@lru_cache(maxsize=500)
def check(number: str) -> Fault | None:
    """`number` as it is kept: +49…, or as somebody typed it into a field; without a country little can be said of it."""
    digits = "".join(each for each in number if each.isdigit())
    if _placeholder(digits):
        return Fault(kind="phone_placeholder", after="")
    if not number.strip().startswith("+"):
        return Fault(kind="phone_impossible", after="") if len(digits) < 5 or len(digits) > 15 else None
    try:
        found = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return Fault(kind="phone_impossible", after="")
    if not phonenumbers.is_possible_number(found):
        return Fault(kind="phone_impossible", after="")
    # Of the right length, but no operator's: perhaps a slip, perhaps newer than our tables. A person decides.
    return None if phonenumbers.is_valid_number(found) else Fault(kind="phone_impossible", after=None)


def _placeholder(digits: str) -> bool:
    """All the same, or one after another: 0000000, +7 999 999-99-99, 1234567."""
    same, run = digits[-7:], digits[-9:]
    return (len(same) > 3 and len(set(same)) == 1) or (len(run) > 4 and any(run in each for each in _RUNS))
