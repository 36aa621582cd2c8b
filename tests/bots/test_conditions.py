"""The conditions of a fork hold when a marketer would say that they do."""

from typing import Any

import pytest

from bots.conditions import compile_case
from bots.flow import Case

TAGS = frozenset({"VIP", "new"})


@pytest.mark.parametrize(
    ("condition", "value", "expected"),
    [
        ({"eq": "Рига"}, "рига", True),
        ({"eq": "ещё"}, "Еще ", True),
        ({"eq": 5}, "5", True),
        ({"eq": "5"}, 5.0, True),
        ({"eq": "5,5"}, 5.5, True),
        ({"eq": True}, True, True),
        ({"eq": True}, "true", True),
        ({"eq": 1}, True, False),
        ({"eq": "a"}, None, False),
        ({"ne": "a"}, "b", True),
        ({"ne": "a"}, None, True),
        ({"ne": "a"}, "A", False),
        ({"in": ["a", 5]}, "5", True),
        ({"in": ["a", 5]}, "b", False),
        ({"has": "vip"}, TAGS, True),
        ({"has": "old"}, TAGS, False),
        ({"in": ["old", "new"]}, TAGS, True),
        ({"matches": "заказ *"}, "Заказ 15", True),
        ({"matches": "заказ *"}, "мой заказ 15", False),
        ({"matches": "A-????"}, "a-1234", True),
        ({"matches": "A-????"}, "a-123", False),
        ({"matches": "[a]"}, "[A]", True),
        ({"matches": "[a]"}, "a", False),
        ({"words": ["возврат*", "вернуть деньги"]}, "Где мой возврат?", True),
        ({"words": ["возврат*", "вернуть деньги"]}, "прошу вернуть, деньги", True),
        ({"words": ["возврат"]}, "возвратный", False),
        ({"words": ["*", "", "!"]}, "! ?", False),
        ({"exists": True}, "", False),
        ({"exists": True}, 0, True),
        ({"exists": False}, None, True),
        ({"exists": False}, frozenset(), True),
        ({"gt": 5}, "6", True),
        ({"gt": 5}, 5, False),
        ({"ge": 5}, 5, True),
        ({"lt": 9}, 8.5, True),
        ({"le": 9}, "10", False),
        ({"gt": 5}, "many", False),
        ({"gt": 5}, None, False),
        ({"ge": 9, "lt": 18}, 12, True),
        ({"ge": 9, "lt": 18}, 18, False),
        ({"gt": "2026-01-31"}, "2026-02-01", True),
        ({"gt": "2026-01-31"}, "2026-01-05", False),
    ],
)
def test_a_condition(condition: dict[str, Any], value: object, expected: bool) -> None:
    assert compile_case(Case.model_validate({"goto": "x", **condition}))(value) is expected


def test_no_pattern_takes_long() -> None:
    """A regular expression like this would not come back."""
    assert compile_case(Case(goto="x", matches="*a" * 30 + "!"))("a" * 4000) is False
