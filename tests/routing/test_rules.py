"""Which team a request goes to: the first rule of which everything holds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.rules import Incoming, Route, Rule, matches, route

SALES, SUPPORT, ENGLISH = 1, 2, 3


def rule(**conditions: object) -> Rule:
    """A rule of sales."""
    return Rule(name="r", team_id=SALES, **conditions)  # type: ignore[arg-type]  # the table's words


@pytest.mark.parametrize(
    ("conditions", "incoming", "expected"),
    [
        ({}, Incoming(), True),
        ({"channels": frozenset({"sms"})}, Incoming(channel="sms"), True),
        ({"channels": frozenset({"sms"})}, Incoming(channel="email"), False),
        ({"languages": frozenset({"ru"})}, Incoming(language="ru-RU"), True),
        ({"languages": frozenset({"RU"})}, Incoming(language="ru_RU"), True),
        ({"languages": frozenset({"pt-BR"})}, Incoming(language="pt"), False),
        ({"languages": frozenset({"r"})}, Incoming(language="ru"), False),
        ({"languages": frozenset({"ru"})}, Incoming(), False),
        ({"tags": frozenset({"vip", "new"})}, Incoming(tags=frozenset({"new", "x"})), True),
        ({"tags": frozenset({"vip"})}, Incoming(tags=frozenset({"x"})), False),
        ({"keywords": ("возврат*",)}, Incoming(text="Оформите ВОЗВРАТЫ!"), True),
        ({"keywords": ("возврат",)}, Incoming(text="возвраты"), False),
        ({"keywords": ("ещё",)}, Incoming(text="а еще?"), True),
        ({"keywords": ("money back",)}, Incoming(text="I want my money  back."), True),
        ({"keywords": ("c++", "no")}, Incoming(text="we know c"), False),
        ({"keywords": ("c++",)}, Incoming(text="we know c++ well"), True),
        ({"keywords": ("*", "", " ")}, Incoming(text="! ?"), False),
        ({"keywords": ("refund",)}, Incoming(), False),
        ({"channels": frozenset({"sms"}), "keywords": ("refund",)}, Incoming(channel="sms", text="hello"), False),
        ({"channels": frozenset({"sms"}), "keywords": ("refund",)}, Incoming(channel="sms", text="refund"), True),
    ],
)
def test_a_rule_matches_when_all_its_conditions_hold(conditions: dict[str, object], incoming: Incoming, expected: bool) -> None:
    assert matches(rule(**conditions), incoming) is expected


RULES = [
    Rule(name="refunds", team_id=SUPPORT, keywords=("refund*",), priority="high", when_away="wait"),
    Rule(name="english", team_id=ENGLISH, languages=frozenset({"en"})),
    Rule(name="rest", team_id=SALES),
]


@pytest.mark.parametrize(
    ("incoming", "rules", "expected"),
    [
        (
            Incoming(language="en", text="refund please"),
            RULES,
            Route(team_id=SUPPORT, priority="high", when_away="wait", rule="refunds"),
        ),
        (Incoming(language="en"), RULES, Route(team_id=ENGLISH, rule="english")),
        (Incoming(), RULES, Route(team_id=SALES, rule="rest")),
        (Incoming(), RULES[:2], Route(team_id=9)),
        (Incoming(), [], Route(team_id=9)),
    ],
)
def test_the_first_rule_that_matches_wins(incoming: Incoming, rules: list[Rule], expected: Route) -> None:
    assert route(incoming, rules, default_team=9) == expected


@given(text=st.text(max_size=100), keywords=st.lists(st.text(max_size=8), max_size=4).map(tuple))
def test_no_keyword_and_no_text_breaks_a_rule(text: str, keywords: tuple[str, ...]) -> None:
    assert matches(rule(keywords=keywords), Incoming(text=text)) in (True, False)
