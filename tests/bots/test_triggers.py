"""Which flow a message begins: a link is stronger than a word, that than a first message, that than the fallback."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bots.flow import Flow
from bots.load import load
from bots.session import Facts, Heard
from bots.triggers import choose

FACTS = Facts(now=datetime(2026, 3, 2, 12, tzinfo=UTC), language="ru", channel="telegram")


def flow(name: str, trigger: str, languages: str = "[ru, en]") -> Flow:
    """A flow that does nothing but begin."""
    return load(f"version: 1\nname: {name}\nlanguages: {languages}\ntrigger: {trigger}\nsteps: [end]")


FLOWS = [
    flow("fallback", "{fallback: true}"),
    flow("english", "{first_message: true}", "[en]"),
    flow("welcome", "{first_message: true}"),
    flow("second", "{first_message: true}"),
    flow("night", "{first_message: true, hours: closed}"),
    flow("prices", "{keywords: [цен*, price list]}"),
    flow("sms", "{keywords: [цена], channels: [sms]}"),
    flow("summer", "{start: [summer, sale]}"),
    flow("manual", "{}"),
]


@pytest.mark.parametrize(
    ("text", "first", "start", "facts", "expected"),
    [
        ("привет", True, None, FACTS, "welcome"),
        ("hello", True, None, replace(FACTS, language="en-GB"), "english"),
        ("hola", True, None, replace(FACTS, language="es"), "english"),
        ("привет", True, None, replace(FACTS, open=False), "night"),
        ("привет", False, None, FACTS, "fallback"),
        ("Какая ЦЕНА?", True, None, FACTS, "prices"),
        ("price-list please", False, None, FACTS, "prices"),
        ("оценка", False, None, FACTS, "fallback"),
        ("цена", False, None, replace(FACTS, channel="sms"), "sms"),
        ("цена", False, "summer", FACTS, "summer"),
        ("/start winter", True, "winter", FACTS, "welcome"),
    ],
)
def test_a_message_begins_a_flow(text: str, first: bool, start: str | None, facts: Facts, expected: str) -> None:
    chosen = choose(FLOWS, Heard(text=text), facts, first=first, start=start)
    assert chosen is not None
    assert chosen.name == expected


def test_nothing_begins_where_no_flow_fits() -> None:
    assert choose(FLOWS[1:], Heard(text="спасибо"), FACTS, first=False) is None
