"""Mails that only machines write: bounces in the words of many servers, and automatic answers in many languages."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from channels.events import InboundMessage
from channels.mail import parse

SAMPLES = sorted((Path(__file__).parent / "payloads" / "email" / "bounced").glob("*.eml"))


def heard(raw: bytes) -> InboundMessage:
    now = datetime(2026, 11, 22, tzinfo=UTC)
    message = parse.events(raw, address="shop@shop.example", envelope="", received_at=now)[0]
    assert isinstance(message, InboundMessage)
    return message


def subject(words: str, body: str = "x", sender: str = "ann@example.com") -> InboundMessage:
    return heard(f"Return-Path: <ann@example.com>\nFrom: {sender}\nSubject: {words}\n\n{body}\n".encode())


@pytest.mark.parametrize("sample", SAMPLES, ids=[sample.stem for sample in SAMPLES])
def test_a_bounce_without_a_report_is_read_from_its_words(sample: Path) -> None:
    message = heard(sample.read_bytes())
    bounce = message.bounce
    assert bounce is not None and bounce.address.startswith("gone@") and not message.auto_reply
    expected = sample.stem.partition("-")[0]
    assert ("delayed" if bounce.delayed else "hard" if bounce.hard else "soft") == expected
    copied = b"Message-ID: <switchboard.m-7.0123456789ab@shop.example>" in sample.read_bytes()
    assert bounce.external_id == ("switchboard.m-7.0123456789ab@shop.example" if copied else None)


PEOPLE = [
    ("Delivery failed", "My delivery failed, the parcel was returned to sender. gone@example.com"),
    ("Не доставлен заказ", "Здравствуйте, мне не доставили заказ"),
    ("Undeliverable parcel", "It was not delivered"),
]


@pytest.mark.parametrize(("words", "body"), PEOPLE)
def test_a_person_who_speaks_of_deliveries_is_no_bounce(words: str, body: str) -> None:
    message = subject(words, body)
    assert (message.bounce, message.auto_reply, message.report) == (None, False, False)


def test_a_shop_that_reports_on_a_parcel_is_no_bounce() -> None:
    assert (
        subject("Delivery status notification: your parcel", "It could not be delivered", "no-reply@dhl.example").bounce is None
    )


AUTOMATIC = [
    "Automatic reply: Order", "Out of Office: Order", "AUTO: Ann is out of the office (returning 05/05)",
    "Office closed - automatic reply", "I am out of the office until Monday", "Vacation response",
    "Автоматический ответ: Заказ", "Автоответ: заказ", "Нет на рабочем месте", "Я в отпуске до 5 мая", "Автоматична відповідь: x",
    "Automatische Antwort: Bestellung", "Abwesenheitsnotiz: x", "Ich bin im Urlaub", "Réponse automatique : Commande",
    "Je suis absent jusqu'au 5 mai", "Respuesta automática: x", "Risposta automatica: x", "Resposta automática: x",
    "Automatisch antwoord: x", "Autosvar: x", "Automatiskt svar: x", "Automatisk svar: x", "Automaattinen vastaus: x",
    "Automatyczna odpowiedź: x", "Automatická odpověď: x", "Automatikus válasz: x", "Otomatik Yanıt: x", "Răspuns automat: x",
    "Автоматичен отговор: x", "Αυτόματη απάντηση: x", "自动回复: x", "自動応答: x", "자동 회신: x",
]  # fmt: skip


@pytest.mark.parametrize("words", AUTOMATIC)
def test_an_automatic_answer_is_told_by_its_subject(words: str) -> None:
    assert subject(words).auto_reply


OWN = [
    "Re: Order", "Отпуск в Сочи: бронь", "Automatic coffee machine", "Авто: запчасти", "Vacation rental question",
    "Отсутствует товар", "Out of stock", "Urlaub an der Ostsee buchen", "Auto: Reifen für meinen Golf",
]  # fmt: skip


@pytest.mark.parametrize("words", OWN)
def test_a_subject_that_only_sounds_like_one_is_a_persons(words: str) -> None:
    assert not subject(words).auto_reply


HEADERS = [
    ("Auto-Submitted: auto-generated", True), ("Auto-Submitted: no", False), ("Precedence: bulk", True), ("X-Loop: x", True),
    ("X-Auto-Response-Suppress: All", True), ("X-Autoreply: yes", True), ("List-Id: <news.example.com>", True),
]  # fmt: skip


@pytest.mark.parametrize(("header", "expected"), HEADERS)
def test_an_automatic_answer_says_so_in_its_headers(header: str, expected: bool) -> None:
    assert heard(f"Return-Path: <a@b.example>\nFrom: a@b.example\n{header}\nSubject: x\n\nx".encode()).auto_reply == expected
