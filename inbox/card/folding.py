"""Spellings of one address: what two identities have in common if they are the same phone or mailbox. For matching only.

Addresses are kept and written to as they came; only the search for their owner looks at the fold.
"""

import re

_ARGENTINE = re.compile(r"\+549(\d{10})")
_BRAZILIAN = re.compile(r"\+55(\d\d)9([6-9]\d{7})")
_MEXICAN = re.compile(r"\+521(\d{10})")
_SEVERAL = ("+54", "+55", "+52")
"""Countries with two spellings of mobile numbers: Argentina's have a 9 or not, Brazil's one more 9 since 2012, Mexico's a 1."""

_GMAIL = {"gmail.com", "googlemail.com"}
_YANDEX = {"yandex.ru", "ya.ru", "yandex.com", "yandex.by", "yandex.kz", "yandex.ua"}
_PROTON = {"proton.me", "protonmail.com", "pm.me"}
_PLUS = {"outlook.com", "hotmail.com", "live.com", "msn.com", "icloud.com", "me.com", "fastmail.com"}


def fold(kind: str, address: str) -> str | None:
    """What all spellings of the address share; None for an address that has only one."""
    if kind == "phone":
        return _phone(address) if address.startswith(_SEVERAL) else None
    return _mail(address) if kind == "email" else None


def key(kind: str, address: str) -> str:
    """What stands for the address among others of its kind."""
    return fold(kind, address) or address


def _phone(number: str) -> str:
    if found := _ARGENTINE.fullmatch(number):
        return f"+54{found[1]}"
    if found := _BRAZILIAN.fullmatch(number):
        return f"+55{found[1]}{found[2]}"
    found = _MEXICAN.fullmatch(number)
    return f"+52{found[1]}" if found else number


def _mail(address: str) -> str | None:
    box, _, host = address.lower().rpartition("@")
    plain = box.partition("+")[0]
    if not plain:
        return None
    if host in _GMAIL:
        return f"{plain.replace('.', '')}@gmail.com"
    if host in _YANDEX:
        return f"{plain.replace('.', '-')}@yandex.ru"
    if host in _PROTON:
        return f"{re.sub(r'[._-]', '', plain)}@proton.me"
    return f"{plain}@{host}" if host in _PLUS else None
