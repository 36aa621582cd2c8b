"""Which team a request goes to: the first rule that matches wins."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

Priority = Literal["low", "normal", "high", "urgent"]
WhenAway = Literal["reassign", "wait"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Incoming:
    """What is known of a request when it arrives. `channel` is a kind of channel, `language` BCP 47, `text` its first message."""

    channel: str = ""
    language: str = ""
    tags: frozenset[str] = frozenset()
    text: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """Every condition that is given must hold; within one condition any of its values is enough; none given matches everything.

    A keyword is a whole word or phrase, `*` at its end stands for any ending (`возврат*`); case and ё do not matter.
    """

    name: str
    team_id: int | None
    channels: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()
    keywords: tuple[str, ...] = ()
    priority: Priority = "normal"
    when_away: WhenAway = "reassign"


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """Where a request goes. `rule` names the one that decided, empty: none matched."""

    team_id: int | None = None
    priority: Priority = "normal"
    when_away: WhenAway = "reassign"
    rule: str = ""


def route(incoming: Incoming, rules: Iterable[Rule], default_team: int | None = None) -> Route:
    """The first rule that matches, else the default team."""
    for rule in rules:
        if matches(rule, incoming):
            return Route(team_id=rule.team_id, priority=rule.priority, when_away=rule.when_away, rule=rule.name)
    return Route(team_id=default_team)


def matches(rule: Rule, incoming: Incoming) -> bool:
    """Whether all conditions of the rule hold."""
    return (
        (not rule.channels or incoming.channel in rule.channels)
        and (not rule.languages or _speaks(incoming.language, rule.languages))
        and (not rule.tags or not rule.tags.isdisjoint(incoming.tags))
        and (not rule.keywords or _mentions(incoming.text, rule.keywords))
    )


def _speaks(language: str, wanted: frozenset[str]) -> bool:
    """`ru-RU` is `ru`, but `pt-BR` in a rule is not any `pt`."""
    language = language.replace("_", "-").lower()
    return any(language == one or language.startswith(one + "-") for one in (each.lower() for each in wanted))


def _mentions(text: str, keywords: tuple[str, ...]) -> bool:
    return bool(text) and _pattern(keywords).search(_fold(text)) is not None


@lru_cache(maxsize=1024)
def _pattern(keywords: Sequence[str]) -> re.Pattern[str]:
    """A keyword without any word in it is left out: it would match everything."""
    words = [_keyword(each) for each in keywords if each.strip("* \t\n")]
    return re.compile(r"(?<!\w)(?:" + "|".join(words) + r")(?!\w)" if words else r"(?!)")


def _keyword(keyword: str) -> str:
    folded = _fold(keyword).strip()
    words = r"\s+".join(re.escape(word) for word in folded.rstrip("*").split())
    return words + r"\w*" if folded.endswith("*") else words


def _fold(text: str) -> str:
    return text.casefold().replace("ё", "е")
