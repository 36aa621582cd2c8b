"""Two operators in two browsers before one installation: what one does the other sees, and nothing is sent twice."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Error, expect

from tests.journeys.system import texts, wait_until
from tests.journeys.town import WAYS, Town, Way, town
from tests.journeys.window import MARKS, Window, add_colleague, asking

pytestmark = list(MARKS)
FIVE = tuple({way.kind: way for way in reversed(WAYS)}.values())
TELEGRAM = next(way for way in FIVE if way.kind == "telegram")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def city(tmp_path_factory: pytest.TempPathFactory, app: None) -> AsyncIterator[Town]:
    async with town(tmp_path_factory.mktemp("town"), "", FIVE) as found:
        await add_colleague(found.system)
        yield found
        assert found.system.errors() == []


@pytest.mark.parametrize("way", FIVE, ids=lambda way: way.kind)
async def test_what_one_answers_reaches_the_phone_and_the_colleague(city: Town, vera: Window, boris: Window, way: Way) -> None:
    visitor, number = await asking(city, way)
    text = f"Ready by eight, over {way.kind}"
    await boris.open(number)
    await vera.go("/inbox?view=all")
    await vera.row(number).get_by_role("link").click()
    await expect(vera.thread.get_by_text("Talk to a person").last).to_be_visible()
    await vera.answer(text)
    bubble = await visitor.sees(text)
    await visitor.look()
    await vera.shows(text, way.receipts)
    await boris.shows(text, way.receipts)
    assert len(visitor.seen(text)) == 1 and bubble.text.startswith(text)
    await visitor.write("Thank you!")
    for each in (vera, boris):
        await expect(each.thread.get_by_text("Thank you!").last).to_be_visible()


async def test_without_a_network_order_and_text_survive_a_reload_and_all_goes_once(city: Town, vera: Window) -> None:
    visitor, number = await asking(city, TELEGRAM)
    written = [f"Without a line, part {n}" for n in range(1, 5)]
    await vera.open(number)
    await vera.context.set_offline(True)
    try:
        await expect(vera.page.locator("main > [role=status]")).to_be_visible()
        for text in written:
            await vera.answer(text)
        await expect(vera.thread.get_by_text("No connection")).to_have_count(len(written))
        await vera.box.fill("Begun and not yet sent")
        with pytest.raises(Error, match="ERR_INTERNET_DISCONNECTED"):
            await vera.page.reload()
    finally:
        await vera.context.set_offline(False)
    await vera.open(number)
    for text in written:
        await visitor.sees(text)
        await vera.shows(text, "sent")
        await expect(vera.bubble(text)).to_have_count(1)
    await expect(vera.box).to_have_value("Begun and not yet sent")
    arrived = [b.text for b in visitor.customer.bubbles if b.text in written]
    stored = [text for text in texts(await city.system.api.messages(number)) if text in written]
    assert (arrived, stored) == (written, written)
    await vera.box.fill("")


async def test_two_who_answer_at_once_are_warned_and_the_customer_hears_one(city: Town, vera: Window, boris: Window) -> None:
    visitor, number = await asking(city, TELEGRAM)
    await vera.open(number)
    await boris.open(number)
    await vera.box.press_sequentially("The price is ten")
    await expect(boris.page.get_by_text("Vera is writing an answer too")).to_be_visible()
    await boris.answer("The price is twelve")
    await visitor.sees("The price is twelve")
    warning = vera.page.get_by_text("Boris has just answered this person")
    await expect(warning).to_be_visible()
    await vera.box.press("Enter")
    anyway = vera.page.get_by_role("button", name="Send anyway")
    await expect(anyway).to_be_visible()
    await vera.page.get_by_role("button", name="Delete", exact=True).click()
    await expect(anyway).to_have_count(0)
    await vera.answer("As Boris says")
    await visitor.sees("As Boris says")
    ours = [text for text in texts(await city.system.api.messages(number)) if text.startswith(("The price", "As Boris"))]
    assert ours == ["The price is twelve", "As Boris says"] and visitor.seen("The price is ten") == []


async def test_what_a_colleague_closes_leaves_the_list_of_the_other_without_a_reload(
    city: Town, vera: Window, boris: Window
) -> None:
    _, number = await asking(city, TELEGRAM)
    await boris.go("/inbox?view=all")
    await expect(boris.row(number)).to_be_visible()
    await vera.open(number)
    await vera.page.get_by_role("button", name="Close", exact=True).first.click()

    async def closed() -> bool:
        return bool((await city.system.api.get(f"/conversations/{number}"))["status"] == "closed")

    await wait_until(closed, what="it is closed")
    await expect(boris.row(number)).to_have_count(0)
    await vera.page.get_by_role("status").get_by_role("button", name="Undo").first.click()
    await expect(boris.row(number)).to_be_visible()
