"""Which flow begins when nobody is talking to the person yet."""

from collections.abc import Iterable

from bots.flow import Flow, Trigger
from bots.session import Facts, Heard
from bots.words import mentions


def choose(flows: Iterable[Flow], heard: Heard, facts: Facts, *, first: bool, start: str | None = None) -> Flow | None:
    """The flow that this message begins, None: a person answers.

    A link's parameter (`start`) is stronger than a keyword, that than a first message (`first`: the contact is new), that than
    `fallback`. Of equals the one that is particular about hours or channels wins, then one that speaks the contact's language,
    then the earlier one.
    """
    best: tuple[tuple[int, int, int], Flow] | None = None
    for flow in flows:
        strength = _strength(flow.trigger, heard, first, start)
        if strength and _applies(flow.trigger, facts):
            rank = (strength, _particular(flow.trigger), _speaks(flow, facts.language))
            if best is None or rank > best[0]:
                best = (rank, flow)
    return best[1] if best else None


def _strength(trigger: Trigger, heard: Heard, first: bool, start: str | None) -> int:
    if start and start in trigger.start:
        return 4
    if mentions(heard.text[:1000], trigger.keywords):
        return 3
    return 2 if first and trigger.first_message else int(trigger.fallback)


def _applies(trigger: Trigger, facts: Facts) -> bool:
    hours = trigger.hours == "any" or (trigger.hours == "open") is facts.open
    return hours and (not trigger.channels or facts.channel in trigger.channels)


def _particular(trigger: Trigger) -> int:
    return int(trigger.hours != "any") + int(bool(trigger.channels))


def _speaks(flow: Flow, language: str) -> int:
    short = language.replace("_", "-").lower().split("-")[0]
    return int(any(each.lower().split("-")[0] == short for each in flow.languages))
