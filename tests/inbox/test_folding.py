"""Spellings of one address share their fold; addresses of two people never do."""

import pytest

from inbox.card.folding import fold, key

CASES = [
    ("email", "jane.doe+shop@gmail.com", "janedoe@googlemail.com", True),
    ("email", "ivan-petrov@ya.ru", "ivan.petrov+a@yandex.ru", True),
    ("email", "a_b@proton.me", "a.b@protonmail.com", True),
    ("email", "jane+a@outlook.com", "jane@outlook.com", True),
    ("email", "jane.doe@outlook.com", "janedoe@outlook.com", False),
    ("email", "jane.doe@firm.example", "janedoe@firm.example", False),
    ("email", "jane+a@firm.example", "jane@firm.example", False),
    ("email", "+a@gmail.com", "+b@gmail.com", False),
    ("phone", "+5491123456789", "+541123456789", True),
    ("phone", "+5511987654321", "+551187654321", True),
    ("phone", "+5511927654321", "+551127654321", False),
    ("telegram", "+541123456789", "+5491123456789", False),
]


@pytest.mark.parametrize(("kind", "one", "two", "same"), CASES)
def test_spellings(kind: str, one: str, two: str, same: bool) -> None:
    assert (key(kind, one) == key(kind, two)) is same


def test_an_address_with_one_spelling_has_no_fold() -> None:
    assert fold("phone", "+4930901820") is None and fold("email", "a@firm.example") is None
