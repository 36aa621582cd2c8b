"""Which choice an answer means: people press, type the number, the title, or their own words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.answers_match import Matcher, Option

MENU = Matcher(
    [
        Option(id="prices", titles=("💰 Цены", "Prices"), words=("сколько", "стоимост*")),
        Option(id="ours", titles=("Ещё о нас",), words=("о вас",)),
        Option(id="no", titles=("Нет, спасибо",), words=("нет",)),
        Option(id="10", titles=("5 штук",)),
    ]
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1", "prices"),
        ("1.", "prices"),
        ("2)", "ours"),
        ("№3", "no"),
        ("2️⃣", "ours"),
        ("вариант 2", "ours"),
        ("Option 1", "prices"),
        ("ЦЕНЫ", "prices"),
        ("цены!", "prices"),
        ("prices", "prices"),
        ("еще о нас", "ours"),
        ("10", "10"),
        ("5 штук", "10"),
        ("а сколько стоит?", "prices"),
        ("подскажите стоимость", "prices"),
        ("расскажите о вас", "ours"),
        ("нет", "no"),
        ("нет, а сколько стоит", None),  # two choices are meant: better ask again
        ("5", None),
        ("0", None),
        ("", None),
        ("🙂", None),
        ("цены слишком высокие, жалоба", None),
        ("интернет", None),
    ],
)
def test_an_answer_means_a_choice(text: str, expected: str | None) -> None:
    found = MENU.find(text)
    assert (None if found is None else ("prices", "ours", "no", "10")[found]) == expected


def test_a_button_is_stronger_than_its_text() -> None:
    assert MENU.find("Цены", choice="no") == 2


def test_a_title_that_is_a_number_is_stronger_than_a_position() -> None:
    assert Matcher([Option(id="a", titles=("2",)), Option(id="b", titles=("1",))]).find("1") == 1


@given(st.lists(st.text(min_size=1, max_size=12), min_size=1, max_size=10))
def test_every_number_that_is_shown_finds_its_choice(titles: list[str]) -> None:
    matcher = Matcher(Option(id=f"id-{index}", titles=(f"title {title}",)) for index, title in enumerate(titles))
    assert [matcher.find(str(index + 1)) for index in range(len(titles))] == list(range(len(titles)))
