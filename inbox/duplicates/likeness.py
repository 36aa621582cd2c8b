"""How alike two cards are, with the reasons: pure, so that it can be read, tested and measured."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz.distance import OSA
from rapidfuzz.fuzz import ratio

from inbox.duplicates.spelling import full_form, plain_name

SUGGESTED = 50
"""From this score on two cards are shown to a person."""
CROWD = 30
"""A key that more cards share says nothing: a shop's own number, a family name and its town."""
_SHARED = frozenset(
    {"info", "mail", "office", "sales", "support", "admin", "hello", "contact", "kontakt", "test", "shop", "zakaz"}
)
"""Mailboxes that are a company's, not a person's."""

POINTS = {
    "claimed": 60, "same_phone": 60, "same_mail": 60, "mail_domain_typo": 45, "near_phone": 30, "same_mailbox": 25,
    "near_mail": 25,
    "same_name": 40, "swapped_name": 40, "other_alphabet": 40, "short_name": 30, "alike_name": 25, "same_first_name": 10,
    "same_birthday": 20, "nothing_against": 15, "other_name": -45, "other_birthday": -40,
}  # fmt: skip
"""What each reason counts. A page says every one of them in words."""
_POINTS = {**POINTS, "": 0}


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """What is compared. `phones` are digits, `mails` folded as their providers do; `claims`: addresses said to be theirs too."""

    id: int
    name: str = ""
    phones: frozenset[str] = frozenset()
    mails: frozenset[str] = frozenset()
    birthday: str = ""
    claims: frozenset[tuple[str, str]] = frozenset()
    own: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class Likeness:
    """0 to 100, and why: codes of `POINTS`."""

    score: int
    reasons: tuple[str, ...]


def keys(card: Card) -> set[str]:
    """Whoever shares none of these, and claims no address of the other's, is never compared. Each is rare: a million people make
    blocks of a few."""
    words = tuple(sorted(set(map(full_form, plain_name(card.name)))))
    initials = "".join(sorted({word[0] for word in words}))
    found = set()
    for phone in card.phones:
        found |= {f"p:{phone[-7:]}", f"pb:{phone[-10:-5]}:{initials}", f"pe:{phone[-5:]}:{initials}"}
    for mail in card.mails:
        box, _, domain = mail.partition("@")
        found.add(f"m:{mail}")
        if box not in _SHARED:
            bare = _bare(box)
            found.add(f"b:{bare}" if len(bare) > 4 else f"b:{bare}:{initials}")
        found.add(f"d:{domain}:{box[:3]}:{initials}")
    if len(words) > 1:
        found.add("n:" + " ".join(words))
    return found


def compare(one: Card, other: Card) -> Likeness:
    """How likely it is that these are one person."""
    shared, named = [*_addresses(one, other)], _names(one.name, other.name)
    reasons = [*shared, *named, *(_birthdays(one, other) if one.birthday and other.birthday else ())]
    if named and not shared and not _against(one, other):
        reasons.append("nothing_against")
    score = max(0, min(100, sum(POINTS[reason] for reason in reasons)))
    return Likeness(score=score, reasons=tuple(reasons))


def _addresses(one: Card, other: Card) -> Iterator[str]:
    if (one.claims or other.claims) and (one.claims & other.own or other.claims & one.own):
        yield "claimed"
    if one.phones and other.phones and (found := _best(_phones, one.phones, other.phones)):
        yield found
    if one.mails and other.mails and (found := _best(_mails, one.mails, other.mails)):
        yield found


def _best(alike: Callable[[str, str], str], ones: frozenset[str], others: frozenset[str]) -> str:
    return max([alike(a, b) for a in ones for b in others], key=_POINTS.__getitem__)


def _phones(one: str, other: str) -> str:
    """The last ten digits leave the ways out of which a country dials its own numbers."""
    a, b = one[-10:], other[-10:]
    if a == b:
        return "same_phone"
    return "near_phone" if len(a) >= 7 and len(b) >= 7 and OSA.distance(a, b, score_cutoff=1) <= 1 else ""


def _mails(one: str, other: str) -> str:
    if one == other:
        return "same_mail"
    (a, _, a_domain), (b, _, b_domain) = one.partition("@"), other.partition("@")
    if _bare(a) == _bare(b) and a not in _SHARED:
        if OSA.distance(a_domain, b_domain, score_cutoff=2) <= 2 and a_domain != b_domain:
            return "mail_domain_typo"
        if a == b:
            return "same_mailbox" if len(a) > 4 else ""
    close = a_domain == b_domain and min(len(a), len(b)) > 4 and OSA.distance(a, b, score_cutoff=1) <= 1
    return "near_mail" if close else ""


def _bare(box: str) -> str:
    """Without the dots that some providers overlook: beside a misspelt domain they say nothing."""
    return box.replace(".", "")


@lru_cache(maxsize=2_000)
def _names(one: str, other: str) -> tuple[str, ...]:
    a, b = plain_name(one), plain_name(other)
    if not a or not b:
        return ()
    if min(len(a), len(b)) == 1:
        return _first_names(a, b)
    if a == b or set(a) <= set(b) or set(b) <= set(a):
        return (_same_how(one, other, a, b),)
    full_a, full_b = {full_form(word) for word in a}, {full_form(word) for word in b}
    if full_a <= full_b or full_b <= full_a:
        return ("short_name",)
    # Word by word, best first: ten letters of a common surname say little of the rest of the name.
    shorter, longer = sorted((full_a, full_b), key=len)
    worst = min(max(ratio(word, each) for each in longer) for word in shorter)
    if worst >= 75:
        return ("alike_name",)
    return ("other_name",) if worst < 60 else ()


def _first_names(a: tuple[str, ...], b: tuple[str, ...]) -> tuple[str, ...]:
    full_a, full_b = {full_form(word) for word in a}, {full_form(word) for word in b}
    if full_a & full_b:
        return ("same_first_name",)
    return ("other_name",) if max(ratio(x, y) for x in full_a for y in full_b) < 60 else ()


def _same_how(one: str, other: str, a: tuple[str, ...], b: tuple[str, ...]) -> str:
    if one.isascii() != other.isascii():
        return "other_alphabet"
    return "swapped_name" if a != b and sorted(a) == sorted(b) else "same_name"


def _birthdays(one: Card, other: Card) -> Iterator[str]:
    same = one.birthday[-5:] == other.birthday[-5:]
    years = {each.birthday[:4] for each in (one, other) if not each.birthday.startswith("--")}
    yield "same_birthday" if same and len(years) < 2 else "other_birthday"


def _against(one: Card, other: Card) -> bool:
    """Both have an address of one kind, and they differ: people with the same name do."""
    return _differ(one.phones, other.phones) or _differ(one.mails, other.mails)


def _differ(ones: frozenset[str], others: frozenset[str]) -> bool:
    return bool(ones and others) and ones.isdisjoint(others)
