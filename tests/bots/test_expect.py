"""What a question expects is found in what people write, in Russian and English habits."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.expect import READERS, understand
from bots.session import Facts, Heard, Value

RU = Facts(now=datetime(2026, 11, 22, 10, tzinfo=UTC), language="ru")  # a Sunday
EN = replace(RU, language="en")


@pytest.mark.parametrize(
    ("expected", "facts", "text", "value"),
    [
        ("number", RU, "5", 5),
        ("number", RU, "заказ № 10 234", 10234),
        ("number", RU, "1 500,50 руб", 1500.5),
        ("number", RU, "1,500", 1.5),
        ("number", EN, "1,500", 1500),
        ("number", EN, "1,234,567.89", 1234567.89),
        ("number", RU, "1.234.567,89", 1234567.89),
        ("number", RU, "-3", -3),
        ("number", RU, "5шт", 5),
        ("number", RU, "5.", 5),
        ("number", RU, "12 или 13", None),
        ("number", RU, "10-15", None),
        ("number", RU, "25.12.2026", None),
        ("number", RU, "пять", None),
        ("email", RU, "моя почта Anna.K+shop@Mail.Example.com.", "anna.k+shop@mail.example.com"),
        ("email", RU, "<anna@пример.рф>", "anna@пример.рф"),
        ("email", RU, "anna@localhost", None),
        ("email", RU, "anna at mail.com", None),
        ("phone", RU, "8 (912) 345-67-89", "+79123456789"),
        ("phone", RU, "мой номер +7 912 3456789 звоните", "+79123456789"),
        ("phone", RU, "912 345 67 89", "+79123456789"),
        ("phone", RU, "в 5 вечера по 89123456789", "+79123456789"),
        ("phone", RU, "заказ 1234567", None),
        ("phone", EN, "+1 650 253 0000", "+16502530000"),
        ("phone", EN, "650 253 0000", None),
        ("phone", replace(EN, country="US"), "(650) 253-0000", "+16502530000"),
        ("phone", RU, "12345", None),
        ("date", RU, "2026-12-25", "2026-12-25"),
        ("date", RU, "25.12.2026", "2026-12-25"),
        ("date", RU, "25.12.26", "2026-12-25"),
        ("date", RU, "родился 5.3.85", "1985-03-05"),
        ("date", RU, "25.12", "2026-12-25"),
        ("date", RU, "3 марта", "2027-03-03"),
        ("date", RU, "23 ноября 2026 года", "2026-11-23"),
        ("date", RU, "завтра", "2026-11-23"),
        ("date", RU, "послезавтра утром", "2026-11-24"),
        ("date", RU, "в пятницу", "2026-11-27"),
        ("date", RU, "в воскресенье", "2026-11-29"),
        ("date", EN, "December 25th", "2026-12-25"),
        ("date", EN, "on 3rd of March 2027", "2027-03-03"),
        ("date", EN, "12/25/2026", "2026-12-25"),
        ("date", EN, "tomorrow", "2026-11-23"),
        ("date", RU, "29 февраля", "2028-02-29"),
        ("date", RU, "31.02.2026", None),
        ("date", RU, "как-нибудь потом", None),
        ("text", RU, "  да  ", "да"),
        ("text", RU, "   ", None),
        ("any", RU, "да", "да"),
    ],
)
def test_an_answer_is_understood(expected: str, facts: Facts, text: str, value: Value) -> None:
    found = understand(expected, Heard(text=text), facts)
    assert found == value and type(found) is type(value)


@given(
    expected=st.sampled_from(sorted(READERS)),
    text=st.text(alphabet=st.characters() | st.sampled_from("0123456789.,-+/@ "), max_size=400),
)
def test_no_text_breaks_a_reader(expected: str, text: str) -> None:
    assert isinstance(understand(expected, Heard(text=text), RU), str | int | float | None)


@pytest.mark.parametrize("text", ["1 " * 2000, "9" * 5000, "a" * 5000, "a@" * 2000, "a." * 2000 + "@", "1." * 2000, "+" * 4000])
@pytest.mark.parametrize("expected", sorted(READERS))
def test_long_texts_are_read_quickly(expected: str, text: str) -> None:
    """A pattern that goes back and forth would take minutes here."""
    understand(expected, Heard(text=text), RU)
