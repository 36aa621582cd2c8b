"""Writing and reading in one conversation, before a whole installation: the keys of the box, what waits, what failed, files."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from random import Random

import pytest
import pytest_asyncio
from playwright.async_api import expect

from channels.sandbox.base import Fault, PhoneFile
from channels.sandbox.life import picture
from channels.sandbox.telegram import TelegramStandIn
from tests.journeys.system import wait_until
from tests.journeys.town import WAYS, Town, Visitor, town
from tests.journeys.window import MARKS, Window, asking

pytestmark = list(MARKS)
TELEGRAM = next(way for way in WAYS if way.kind == "telegram")
Talk = tuple[Visitor, int]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def city(tmp_path_factory: pytest.TempPathFactory, app: None) -> AsyncIterator[Town]:
    async with town(tmp_path_factory.mktemp("town"), "", (TELEGRAM,)) as found:
        yield found
        assert found.system.errors() == []


def telegram(city: Town) -> TelegramStandIn:
    found = city.sandbox(TELEGRAM).stand_ins["telegram"]
    assert isinstance(found, TelegramStandIn)
    return found


def photo() -> PhoneFile:
    return PhoneFile(kind="image", name="photo.png", mime="image/png", content=picture(Random(1)))


async def test_shift_enter_makes_a_line_and_enter_sends_both(vera: Window, talk: Talk) -> None:
    await vera.open(talk[1])
    await vera.box.fill("One")
    await vera.box.press("Shift+Enter")
    await vera.type("two")
    await expect(vera.box).to_have_value("One\ntwo")
    await vera.box.press("Enter")
    assert (await talk[0].sees("One")).text == "One\ntwo"


async def test_tab_turns_the_box_into_a_note_and_back(vera: Window, talk: Talk) -> None:
    await vera.open(talk[1])
    await vera.box.press("Tab")
    note = vera.page.get_by_role("textbox", name="Note", exact=True)
    await expect(note).to_be_focused()
    await vera.keys("Tab")
    await expect(vera.box).to_be_focused()
    await vera.keys("Tab")
    await note.fill("Ring the courier")
    await vera.keys("Enter")
    await expect(vera.thread.locator(".note[id]").filter(has_text="Ring the courier")).to_be_visible()
    await vera.answer("Answered after the note")
    await talk[0].sees("Answered after the note")
    assert talk[0].seen("Ring the courier") == []


async def test_a_refusal_keeps_the_text_and_says_why(city: Town, vera: Window) -> None:
    visitor, number = await asking(city, TELEGRAM)
    await visitor.sees("passing you on")
    await vera.open(number)
    await vera.context.set_offline(True)
    try:
        await vera.answer("Written before the bot was stopped")
        await expect(vera.thread.get_by_text("No connection")).to_be_visible()
        await telegram(city).block(visitor.customer)

        async def stopped() -> bool:
            reaches = (await city.system.api.get(f"/conversations/{number}"))["reaches"]
            return not any(each["can_send"] for each in reaches)

        await wait_until(stopped, what="the server knows that the customer stopped the bot")
    finally:
        await vera.context.set_offline(False)
    await expect(vera.thread.locator(".trouble")).to_contain_text("customer")
    await vera.thread.get_by_role("button", name="Edit", exact=True).click()
    await expect(vera.box).to_have_value("Written before the bot was stopped")
    assert visitor.seen("Written before") == []
    await vera.box.fill("")


async def test_a_slash_offers_ready_answers_and_templates_and_enter_takes_one(city: Town, vera: Window, talk: Talk) -> None:
    api = city.system.api
    ready = {"shortcut": "hello", "language": "en", "text": "Hello {{ contact.name }}, how can I help?", "shared": True}
    await api.post("/canned", ready)
    await api.post("/templates", {"name": "helpdesk", "language": "en", "body": "We are open until eight."})
    await vera.open(talk[1])
    await vera.box.press_sequentially("/hel")
    offered = vera.page.locator(".suggest").get_by_role("option")
    await expect(offered).to_have_count(2)
    await expect(offered.first).to_contain_text("/hello")
    await expect(offered.first).to_have_attribute("aria-selected", "true")
    await vera.keys("Enter")
    await expect(vera.box).to_have_value(re.compile(r"^Hello \w.*, how can I help\?$"))
    await vera.box.fill("")
    await vera.box.press_sequentially("/hel")
    await vera.keys("ArrowDown", "Enter")
    await expect(vera.box).to_have_value("We are open until eight.")
    await vera.box.fill("")


async def test_what_arrives_in_the_open_thread_is_read_at_once(city: Town, vera: Window, talk: Talk) -> None:
    await vera.open(talk[1])
    await talk[0].write("Are you still there?")
    await expect(vera.row(talk[1])).to_contain_text("Are you still there?")

    async def read() -> bool:
        found = await city.system.api.get(f"/conversations/{talk[1]}")
        return bool(found["unread"] == 0 and found["last_message"]["text"] == "Are you still there?")

    await wait_until(read, what="it is read")
    await expect(vera.row(talk[1]).get_by_label(re.compile("unread"))).to_have_count(0)


async def test_a_long_text_shows_its_parts_before_it_goes(vera: Window, talk: Talk) -> None:
    await vera.open(talk[1])
    await vera.box.fill("A long story about lamps. " * 200)
    await expect(vera.page.get_by_text("The text goes in 2 messages")).to_be_visible()
    await vera.page.get_by_role("button", name="See it").click()
    await expect(vera.page.get_by_label("What the customer will get").get_by_role("listitem")).to_have_count(2)
    await vera.box.fill("")


async def test_a_message_waits_for_its_time_and_comes_back_to_be_changed(city: Town, vera: Window, talk: Talk) -> None:
    page = vera.page
    await vera.open(talk[1])
    await vera.box.fill("Good morning from yesterday")
    await page.get_by_role("button", name="Send another way").click()
    await page.get_by_role("menuitem", name="Another time").click()
    dialog = page.get_by_role("dialog", name="Send later")
    await dialog.get_by_label("When").fill("2020-01-01T10:00")
    await expect(dialog.get_by_role("button", name="Send then")).to_be_disabled()
    await dialog.get_by_role("button", name="Tomorrow morning").click()
    await expect(page.get_by_text("1 message will be sent later")).to_be_visible()
    planned = [each for each in await city.system.api.messages(talk[1]) if each["text"] == "Good morning from yesterday"]
    assert datetime.fromisoformat(planned[0]["send_at"]) > datetime.now(UTC) and talk[0].seen("Good morning from") == []
    await vera.thread.get_by_role("button", name="Change").click()
    await expect(page.get_by_text("will be sent later")).to_have_count(0)
    await expect(vera.box).to_have_value("Good morning from yesterday")
    await vera.box.fill("")


async def test_what_may_have_arrived_is_sent_again_only_knowingly(city: Town, vera: Window, talk: Talk) -> None:
    await vera.open(talk[1])
    telegram(city).faults.append(Fault(kind="drop"))
    await vera.answer("The courier comes at six")
    again, asked = vera.thread.get_by_role("button", name="Send again anyway"), vera.thread.get_by_role("alertdialog")
    await again.click()
    await expect(asked).to_contain_text("twice")
    await asked.get_by_role("button", name="Leave it").click()
    assert len(talk[0].seen("The courier comes at six")) == 1
    await again.click()
    await asked.get_by_role("button", name="Send again").click()
    await expect(vera.thread.get_by_role("button", name="Sent again")).to_be_visible()
    await wait_until(lambda: len(talk[0].seen("The courier comes at six")) == 2, what="it is there twice")


async def test_pictures_open_large_and_escape_returns(vera: Window, talk: Talk) -> None:
    await vera.open(talk[1])
    await talk[0].write("Look", files=[photo()])
    await vera.thread.get_by_role("button", name=re.compile("^Open ")).click()
    large = vera.page.get_by_role("dialog").get_by_role("img")
    await expect(large).to_be_visible()
    assert await large.evaluate("image => image.decode().then(() => image.naturalWidth)") == 240
    await vera.keys("Escape")
    await expect(vera.page.get_by_role("dialog")).to_have_count(0)
    await expect(vera.thread.get_by_role("button", name=re.compile("^Open "))).to_be_focused()


async def test_an_edited_message_shows_what_it_said_before(city: Town, vera: Window, talk: Talk) -> None:
    visitor, number = talk
    await vera.open(number)
    bubble = await visitor.write("I come on Munday")
    await expect(vera.thread.get_by_text("I come on Munday")).to_be_visible()
    await telegram(city).edit(visitor.customer, bubble, "I come on Monday")
    await expect(vera.thread.get_by_text("I come on Monday")).to_be_visible()
    await vera.thread.get_by_role("button", name="edited").click()
    await expect(vera.page.get_by_role("dialog").get_by_text("I come on Munday")).to_be_visible()
    await vera.keys("Escape")


async def test_a_lost_file_is_asked_for_again(city: Town, vera: Window) -> None:
    visitor, number = await asking(city, TELEGRAM)
    await vera.open(number)
    files = telegram(city).chats.files
    await visitor.write("The receipt", files=[photo()])
    kept = dict(files)
    files.clear()
    await expect(vera.thread.get_by_text("The channel did not give the file")).to_be_visible()
    files.update(kept)
    await vera.thread.get_by_role("button", name="Fetch again").click()
    await expect(vera.page.get_by_role("status").get_by_text("Asked for once more")).to_be_visible()
    await expect(vera.thread.get_by_role("button", name=re.compile("^Open "))).to_be_visible()
