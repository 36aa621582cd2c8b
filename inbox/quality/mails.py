"""What is wrong with a mail address: a slip in its domain, a box of a whole office, somebody who wrote test@test."""

import re
from functools import lru_cache

from rapidfuzz.distance import OSA

from inbox.quality.findings import Fault

PROVIDERS = frozenset({"gmail.com", "googlemail.com", "mail.ru", "bk.ru", "inbox.ru", "list.ru", "internet.ru", "vk.com",
    "yandex.ru", "ya.ru", "yandex.com", "yandex.by", "yandex.kz", "yandex.ua", "rambler.ru", "lenta.ru", "autorambler.ru",
    "myrambler.ru", "ro.ru", "outlook.com", "hotmail.com", "live.com", "live.ru", "msn.com", "hotmail.ru", "outlook.de",
    "hotmail.de", "hotmail.fr", "hotmail.co.uk", "live.de", "live.co.uk", "live.fr", "yahoo.com", "ymail.com", "yahoo.de",
    "yahoo.fr", "yahoo.co.uk", "yahoo.es", "icloud.com", "me.com", "mac.com", "aol.com", "aol.de", "proton.me",
    "protonmail.com", "pm.me", "gmx.de", "gmx.net", "gmx.com", "gmx.at", "gmx.ch", "web.de", "t-online.de", "freenet.de",
    "mail.de", "mail.com", "email.com", "email.ru", "mail.ua", "ukr.net", "i.ua", "meta.ua", "tut.by", "mail.kz",
    "seznam.cz", "wp.pl", "o2.pl", "onet.pl", "orange.fr", "free.fr", "laposte.net", "libero.it", "btinternet.com",
    "sky.com", "comcast.net", "qq.com", "163.com", "126.com", "fastmail.com", "zoho.com", "ngs.ru", "e1.ru", "mail.bg",
    "abv.bg", "mail.ee", "inbox.lv", "hey.com", "tuta.com", "tutanota.com"})  # fmt: skip
_SUGGESTED = ("gmail.com", "mail.ru", "yandex.ru", "rambler.ru", "bk.ru", "inbox.ru", "list.ru", "hotmail.com",
    "outlook.com", "yahoo.com", "icloud.com", "protonmail.com", "googlemail.com", "gmx.de", "web.de", "t-online.de",
    "aol.com", "live.com")  # fmt: skip
"""What people mean, the likeliest first."""
_SLIPS = {"con": "com", "cmo": "com", "ocm": "com", "vom": "com", "xom": "com", "comm": "com", "coom": "com", "cim": "com",
    "cpm": "com", "om": "com", "ruu": "ru", "rru": "ru", "ri": "ru", "ry": "ru", "tu": "ru", "rи": "ru", "ру": "ru",
    "nte": "net", "ney": "net"}  # fmt: skip
"""Endings that people type and that no country has, or hardly anybody means."""
_BRANDS = {"gmail": "gmail.com", "googlemail": "googlemail.com", "icloud": "icloud.com", "rambler": "rambler.ru"}
"""Names that have one ending only."""
_ROLES = frozenset({"info", "admin", "administrator", "sales", "support", "office", "contact", "contacts", "hello", "mail",
    "post", "help", "noreply", "no-reply", "donotreply", "do-not-reply", "webmaster", "postmaster", "hostmaster", "abuse",
    "billing", "accounting", "buh", "zakaz", "order", "orders", "reception", "hr", "job", "jobs", "marketing", "press",
    "shop", "service", "team", "welcome", "kontakt", "buero", "verkauf", "sale", "opt", "priem", "sekretar"})  # fmt: skip
_NOBODY = frozenset({"test", "tests", "test1", "test123", "asdf", "asd", "qwe", "qwerty", "none", "no", "net", "nomail",
    "noemail", "no-email", "email", "e-mail", "user", "name", "a", "aa", "aaa", "x", "xx", "xxx", "123", "1234", "12345",
    "111", "0"})  # fmt: skip
_NOWHERE = frozenset({"test.com", "test.ru", "test.test", "example.com", "example.org", "example.net", "example.ru",
    "domain.com", "mail.mail", "email.email", "asdf.com", "no.no", "none.com", "nomail.com", "a.a", "localhost"})  # fmt: skip
_FORM = re.compile(r"[^\s@,;<>()]+@[^\s@,;<>()]+\.[^\W\d_]{2,}", re.IGNORECASE)


@lru_cache(maxsize=500)
def check(address: str) -> Fault | None:
    """`address` as it is kept, or as somebody typed it into a field."""
    text = address.strip().lower()
    box, at, host = text.rpartition("@")
    if at and (host in _NOWHERE or (box in _NOBODY and (host in PROVIDERS or host.partition(".")[0] == box))):
        return Fault(kind="mail_placeholder", after="")
    domain = meant(host)
    if at and domain and _FORM.fullmatch(f"{box}@{domain}"):
        return Fault(kind="mail_typo", after=f"{box}@{domain}")
    if not _FORM.fullmatch(text) or ".." in text:
        return Fault(kind="mail_wrong", after=None)
    return Fault(kind="mail_role", after=None) if box in _ROLES else None


@lru_cache(maxsize=500)
def meant(host: str) -> str | None:
    """The provider whose domain somebody mistyped; None for a domain that may well be right."""
    if not host or host in PROVIDERS:
        return None
    tidied = re.sub(r"[,\s]+", ".", host.strip(".,")).replace("..", ".")
    name, dot, ending = tidied.rpartition(".")
    if dot and ending in _SLIPS and f"{name}.{_SLIPS[ending]}" in PROVIDERS:
        return f"{name}.{_SLIPS[ending]}"
    if name in _BRANDS:
        return _BRANDS[name]
    if tidied in PROVIDERS:
        return tidied if tidied != host else None
    if not dot and tidied in {each.replace(".", "") for each in _SUGGESTED}:
        return next(each for each in _SUGGESTED if each.replace(".", "") == tidied)
    near = [each for each in _SUGGESTED if len(each) > 5 and OSA.distance(tidied, each, score_cutoff=2) <= _slips(each)]
    return min(near, key=lambda each: OSA.distance(tidied, each)) if near else None


def _slips(provider: str) -> int:
    """How many slips a provider's name bears before it may be another's."""
    return 2 if len(provider) > 10 else 1
