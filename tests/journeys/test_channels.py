"""A customer's message through the whole of Switchboard and back to their phone, on every channel and both databases."""

import asyncio
from collections.abc import AsyncIterator
from random import Random

import pytest
import pytest_asyncio

from channels.sandbox.base import Draft, PhoneFile
from channels.sandbox.life import picture
from tests.journeys.system import Json, texts, wait_until
from tests.journeys.town import WAYS, Town, Visitor, Way, town

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="module")]
EACH = pytest.mark.parametrize("way", WAYS, ids=lambda way: way.label)
WORDS = {
    "ru": (
        "Здравствуйте!",
        "Что вам подсказать?",
        "Позвать человека",
        "Передаю вас коллегам",
        "Ваш заказ готов, ждём вас до 20:00",
    ),
    "en": (
        "Hello there!",
        "How can I help?",
        "Talk to a person",
        "passing you on to my colleagues",
        "Your order is ready: £5 😀",
    ),
}
PICTURE = PhoneFile(kind="image", name="photo.png", mime="image/png", content=picture(Random(1)))


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def city(tmp_path_factory: pytest.TempPathFactory, database_url: str) -> AsyncIterator[Town]:
    async with town(tmp_path_factory.mktemp("town"), database_url) as found:
        yield found
        assert found.system.errors() == []


async def message_of(city: Town, conversation: int, text: str) -> Json:
    """The message with this text in a conversation."""

    async def look() -> Json | None:
        return next((m for m in await city.system.api.messages(conversation) if m["text"] == text), None)

    return await wait_until(look, what=f"the message {text!r}")


async def reply(city: Town, conversation: int, text: str, **more: object) -> Json:
    made: Json = await city.system.api.post(f"/conversations/{conversation}/messages", {"text": text, **more})
    return made


async def state_of(city: Town, message: int) -> str:
    return str((await city.system.api.get(f"/messages/{message}"))["state"])


async def reaches(city: Town, message: int, *states: str) -> None:
    async def look() -> bool:
        return await state_of(city, message) in states

    await wait_until(look, what=f"the ticks of the message are {' or '.join(states)}")


async def with_person(visitor: Visitor) -> Json:
    """A conversation of which a person has the next word."""
    await visitor.write("Talk to a person" if visitor.customer.language == "en" else "Позовите человека")
    conversation = await visitor.conversation()

    async def handed() -> bool:
        return not (await visitor.town.system.api.get(f"/conversations/{conversation['id']}"))["bot"]

    await wait_until(handed, what="the bot hands over")
    return conversation


@EACH
@pytest.mark.parametrize("language", ["ru", "en"])
async def test_from_greeting_to_the_operators_answer(city: Town, way: Way, language: str) -> None:
    hello, menu, person, passed_on, answer = WORDS[language]
    api, visitor = city.system.api, city.newcomer(way, language=language)
    written = await visitor.write(hello)
    asked = await visitor.sees(menu)
    assert [title for _, title in asked.choices][-1:] == ([person] if way.buttons else [])
    if way.names:
        assert visitor.seen(visitor.customer.name.split()[0]), "the bot greets by first name"
    await visitor.press(2, person)
    await visitor.sees(passed_on)

    conversation = await visitor.conversation()
    number = conversation["id"]
    shown = await wait_until(lambda: _assigned(city, number), what="a manager is responsible")
    assert shown["assignee"]["name"] == "Vera"
    assert shown["contact"]["name"] == (visitor.customer.name if way.names else shown["contact"]["name"])
    tasks = [task for task in await api.every("/tasks") if task["conversation_id"] == number]
    assert [task["kind"] for task in tasks] == ["answer"]
    first = await message_of(city, number, hello)
    assert first["direction"] == "in" and first["author"]["kind"] == "contact"
    assert first["external_id"] == written.id

    key = f"reply-{number}"
    made = [await api.post(f"/conversations/{number}/messages", {"text": answer}, Idempotency_Key=key) for _ in range(2)]
    assert made[0]["id"] == made[1]["id"]
    bubble = await visitor.sees(answer)
    await reaches(city, made[0]["id"], way.receipts if way.receipts != "read" else "delivered")
    assert (await api.get(f"/messages/{made[0]['id']}"))["external_id"] == bubble.id
    await visitor.look()
    await reaches(city, made[0]["id"], way.receipts)
    assert len(visitor.seen(answer)) == 1
    assert [t for t in await api.every("/tasks") if t["conversation_id"] == number] == []
    assert texts(await api.messages(number)).count(answer) == 1


async def _assigned(city: Town, number: int) -> Json | None:
    shown: Json = await city.system.api.get(f"/conversations/{number}")
    return shown if shown["assignee"] else None


@EACH
async def test_files_travel_both_ways_unchanged(city: Town, way: Way) -> None:
    visitor, api = city.newcomer(way), city.system.api
    conversation = (await with_person(visitor))["id"]
    await visitor.send(Draft(text="Вот фото", files=[PICTURE]))

    async def stored() -> Json | None:
        files = [file for m in await api.messages(conversation) for file in m["attachments"]]
        return next((file for file in files if file["state"] == "stored"), None)

    file = await wait_until(stored, what="the customer's picture")
    assert (file["kind"], file["mime"], file["size"]) == ("image", "image/png", len(PICTURE.content))
    status, content = await api.call("GET", file["url"].removeprefix("/api/v1"))
    assert (status, content) == (200, PICTURE.content)

    sent = picture(Random(2))
    uploaded = await api.upload("чек № 1.png", "image/png", sent)
    await reply(city, conversation, "Ваш чек", attachments=[{"file": uploaded}])

    def arrived() -> bool:
        return any(f.content == sent for b in visitor.customer.bubbles if not b.mine for f in b.files)

    await wait_until(arrived, what="our picture on the phone")
    await visitor.sees("Ваш чек")


@pytest.mark.parametrize("way", [way for way in WAYS if way.quotes], ids=lambda way: way.label)
async def test_quoting_answers_know_what_they_answer(city: Town, way: Way) -> None:
    visitor = city.newcomer(way)
    conversation = (await with_person(visitor))["id"]
    ours = await reply(city, conversation, "Какой размер вам нужен?")
    asked = await visitor.sees("Какой размер вам нужен?")
    await reaches(city, ours["id"], "sent", "delivered", "read")
    theirs = await visitor.write("Сорок второй, пожалуйста", reply_to=asked.id)
    heard = await message_of(city, conversation, "Сорок второй, пожалуйста")
    assert heard["reply_to"] == ours["id"]
    await reply(city, conversation, "Такой есть", reply_to=heard["id"])
    # A browser knows its own messages by our number too, because a second tab shows them as well.
    assert (await visitor.sees("Такой есть")).reply_to == (str(heard["id"]) if way.kind == "webchat" else theirs.id)


@EACH
async def test_buttons_can_be_pressed_or_answered_by_number(city: Town, way: Way) -> None:
    visitor = city.newcomer(way)
    conversation = (await with_person(visitor))["id"]
    choices = [{"id": "today", "title": "Сегодня"}, {"id": "tomorrow", "title": "Завтра"}]
    await reply(city, conversation, "Когда привезти?", choices=choices)
    asked = await visitor.sees("Когда привезти?")
    assert [title for _, title in asked.choices] == (["Сегодня", "Завтра"] if way.buttons else [])
    if not way.buttons:
        assert "2. Завтра" in asked.text or "2) Завтра" in asked.text
    await visitor.press(1, "Завтра")
    pressed = await message_of(city, conversation, "Завтра" if way.buttons else "2")
    assert pressed["direction"] == "in"
    if way.buttons:
        assert pressed["kind"] == "choice"


async def test_one_person_on_two_channels_is_one_conversation_answered_where_they_wrote_last(city: Town) -> None:
    whatsapp, sms = (next(way for way in WAYS if way.kind == kind) for kind in ("whatsapp", "sms"))
    visitor, api = city.newcomer(whatsapp, sms), city.system.api
    conversation = (await with_person(visitor))["id"]
    await reply(city, conversation, "Слушаю вас")
    assert (await visitor.sees("Слушаю вас")).channel == "whatsapp"
    visitor.way = sms
    await visitor.write("Пишу с другого телефона")
    heard = await message_of(city, conversation, "Пишу с другого телефона")
    assert heard["channel"]["kind"] == "sms"
    await reply(city, conversation, "Отвечаю туда же")
    assert (await visitor.sees("Отвечаю туда же")).channel == "sms"
    shown = await api.get(f"/conversations/{conversation}")
    card = await api.get(f"/contacts/{shown['contact']['id']}")
    assert {("phone", f"+{visitor.customer.addresses['whatsapp']}")} == {(i["kind"], i["address"]) for i in card["identities"]}
    assert [c["id"] for c in await api.every("/conversations?status=any") if c["contact"]["id"] == card["id"]] == [conversation]


async def test_who_said_stop_hears_no_bot_until_they_write_again(city: Town) -> None:
    sms = next(way for way in WAYS if way.kind == "sms")
    visitor = city.newcomer(sms)
    conversation = (await with_person(visitor))["id"]
    await visitor.sees("Передаю вас коллегам")
    before = len(visitor.customer.bubbles)
    await visitor.write("СТОП")
    await message_of(city, conversation, "СТОП")
    path = f"/conversations/{conversation}/messages"
    status, problem = await city.system.api.call("POST", path, {"text": "Вы ещё здесь?"})
    assert status == 409 and problem["detail"]
    await visitor.write("Подождите, вопрос остался")
    await message_of(city, conversation, "Подождите, вопрос остался")
    await reply(city, conversation, "Слушаю")
    await visitor.sees("Слушаю")
    ours = [b.text for b in visitor.customer.bubbles[before:] if not b.mine]
    assert ours == ["Слушаю"]


async def test_many_customers_at_once_each_get_their_own_answer(city: Town) -> None:
    visitors = [city.newcomer(way) for way in WAYS for _ in range(3)]
    await asyncio.gather(*(visitor.write("Здравствуйте!") for visitor in visitors))
    for visitor in visitors:
        await visitor.sees("Что вам подсказать?")
        assert len(visitor.seen("Что вам подсказать?")) == 1
