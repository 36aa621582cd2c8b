"""Stop is understood as a whole message in whatever dress, and never found inside a sentence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.consent import consent

# Carriers' words are in the pages of Twilio (Advanced Opt-Out) and AWS (Required keywords).
STOP = """STOP | UNSUBSCRIBE | END | QUIT | STOPALL | REVOKE | OPTOUT | CANCEL | REMOVE | OPT-OUT | ARRET | TD
stop |   Stop.   | STOP!!! | «Стоп» | стоп 🛑 | Stop all | Opt out | /stop | Arrêt | Désabonner | ＳＴＯＰ
BAJA. | Darme de baja | STOPP
СТОП | Отписаться | ОТПИСКА | отпишите меня | Не пишите | не пишите мне больше! | Больше не присылайте | отписаться от рассылки"""
START = "START | unstop | Start! | СТАРТ | Подписаться | opt-in | возобновить рассылку"
ORDINARY = """ | 🛑 | ! | yes | да | нет | help | /start | /start summer | /START | /startx
Please stop messaging me | STOP PLEASE | please cancel | cancel my order | stop by at five | the end | bus stop
when do you start | стоп, а доставка? | не пишите адрес на коробке | как отписаться | отписался | конец | отмена | стоплист
non stop | s t o p | stop stop stop"""


def cases() -> list[tuple[str, str | None]]:
    """(text, expected), spaces around kept."""
    tables: list[tuple[str, str | None]] = [(STOP, "stop"), (START, "start"), (ORDINARY, None)]
    found = [(text, expected) for table, expected in tables for text in table.replace("\n", " | ").split(" | ")]
    return [*found, ("stop" * 40, None), ("stop " * 40, None)]


@pytest.mark.parametrize(("text", "expected"), cases())
def test_consent(text: str, expected: str | None) -> None:
    assert consent(text) == expected


@given(before=st.text("abcабв ", min_size=1), word=st.sampled_from(["STOP", "стоп", "отписка", "baja"]))
def test_a_stop_word_with_anything_before_it_is_a_sentence(before: str, word: str) -> None:
    if before.strip():
        assert consent(f"{before.strip()}zz {word}") is None


@given(st.text(max_size=200))
def test_every_text_has_an_answer(text: str) -> None:
    assert consent(text) in ("stop", "start", None)
