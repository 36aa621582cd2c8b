"""One operator in a real browser before a whole installation: search, cards that become one, a file of people, and no mouse."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.journeys.system import OWNER, Json, wait_until
from tests.journeys.town import WAYS, Town, town
from tests.journeys.window import MARKS, Window, asking, note_many, window

pytestmark = list(MARKS)
TELEGRAM = next(way for way in WAYS if way.kind == "telegram")
PEOPLE = """Name;Phone;E-mail
Ivan Imported;+79161230001;ivan@import.example
Olga Imported;+79161230002;not an address
Nina Imported;12;nina@import.example
"""


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def city(tmp_path_factory: pytest.TempPathFactory, app: None) -> AsyncIterator[Town]:
    async with town(tmp_path_factory.mktemp("town"), "", (TELEGRAM,)) as found:
        yield found
        assert found.system.errors() == []


async def contact(city: Town, name: str, phone: str) -> Json:
    made: Json = await city.system.api.post("/contacts", {"name": name, "identities": [{"kind": "phone", "address": phone}]})
    return made


async def test_search_opens_at_the_message_that_was_found(city: Town, vera: Window) -> None:
    visitor, number = await asking(city, TELEGRAM)
    await visitor.write("My heron-blue umbrella is broken")

    async def stored() -> list[Json]:
        return [m for m in await city.system.api.messages(number) if "umbrella" in m["text"]]

    hit = (await wait_until(stored, what="the message is stored"))[0]
    await note_many(city.system, number, 80)
    await vera.go("/inbox?view=all")
    await vera.keys("Control+KeyK")
    await vera.type("umbrellas herons")
    found = vera.page.get_by_role("option").filter(has=vera.page.locator("mark"))
    await expect(found.first).to_contain_text("umbrella")
    await vera.keys("Enter")
    assert await vera.at(rf"/inbox/{number}\?.*#m{hit['id']}$")
    await expect(vera.page.locator(f"#m{hit['id']}")).to_be_in_viewport()
    await expect(vera.thread.get_by_text("Line 79")).not_to_be_in_viewport()


async def test_two_cards_become_one_and_two_again(city: Town, vera: Window) -> None:
    anna, double = await contact(city, "Anna Berg", "+79161112201"), await contact(city, "Anna Bergh", "+79161112202")
    await vera.go(f"/people/{anna['id']}")
    card = vera.page.get_by_role("complementary")
    await card.get_by_role("button", name="More", exact=True).click()
    await vera.page.get_by_role("menuitem", name="Merge with another card").click()
    dialog = vera.page.get_by_role("dialog")
    await dialog.get_by_role("searchbox").or_(dialog.get_by_role("textbox")).first.fill("Bergh")
    await dialog.get_by_role("button", name="Choose", exact=True).click()
    await expect(dialog.get_by_text("Comes from the other card")).to_be_visible()
    await dialog.get_by_role("radio", name="Anna Bergh", exact=True).check()
    await dialog.get_by_role("button", name="Merge", exact=True).click()
    await expect(card.get_by_text("+79161112202").first).to_be_visible()
    merged = await city.system.api.get(f"/contacts/{anna['id']}")
    assert (len(merged["identities"]), merged["name"]) == (2, "Anna Bergh")
    await vera.go("/duplicates?state=merged")
    await vera.page.get_by_role("button", name="Undo: Anna Bergh is part of Anna Bergh").click()
    await expect(vera.page.get_by_text("two people again").first).to_be_visible()
    await vera.go(f"/people/{anna['id']}")
    await expect(card.get_by_text("+79161112201").first).to_be_visible()
    await expect(card.get_by_text("+79161112202")).to_have_count(0)
    again = [await city.system.api.get(f"/contacts/{each['id']}") for each in (anna, double)]
    assert [[i["address"] for i in each["identities"]] for each in again] == [["+79161112201"], ["+79161112202"]]
    assert [each["name"] for each in again] == ["Anna Berg", "Anna Bergh"]


async def test_before_companies_become_one_it_is_said_what_comes_along(city: Town, vera: Window) -> None:
    api = city.system.api
    stays = await api.post("/organisations", {"name": "Parasol House", "address": "Main street 1"})
    goes = await api.post("/organisations", {"name": "Brolly Works", "address": "Side street 2", "phones": ["+79161113301"]})
    await vera.go(f"/organisations/{stays['id']}")
    await vera.page.get_by_role("main").get_by_role("button", name="More").first.click()
    await vera.page.get_by_role("menuitem", name="Merge with another company").click()
    dialog = vera.page.get_by_role("dialog")
    await dialog.get_by_role("combobox").fill("Brolly")
    await dialog.get_by_role("option", name="Brolly Works").click()
    await expect(dialog.get_by_role("radio", name="Parasol House")).to_be_checked()
    await expect(dialog.get_by_text("+79161113301")).to_be_visible()
    await expect(dialog.locator("s")).to_have_text("Side street 2")
    await dialog.get_by_role("button", name="Merge", exact=True).click()
    await expect(dialog).to_have_count(0)
    merged = await api.get(f"/organisations/{stays['id']}")
    assert (merged["address"], merged["phones"]) == ("Main street 1", ["+79161113301"])
    assert (await api.get(f"/organisations/{goes['id']}"))["merged_into"] == stays["id"]


async def test_a_file_of_people_with_errors_is_brought_in_mended_and_taken_back(city: Town, vera: Window) -> None:
    await vera.go("/imports")
    file = {"name": "people.csv", "mimeType": "text/csv", "buffer": PEOPLE.encode()}
    await vera.page.locator("input[type=file]").set_input_files(file)  # type: ignore[arg-type]
    number = (await vera.at(r"/imports/\d+$")).rpartition("/")[2]
    await expect(vera.page.get_by_role("region").get_by_text("Ivan Imported")).to_be_visible()
    await vera.page.get_by_role("button", name="Import", exact=True).click()
    errors = vera.page.get_by_role("link", name="Rows with errors")
    await expect(errors).to_be_visible()
    await expect(vera.page.get_by_role("region", name="What is wrong").get_by_text("Nina Imported")).to_be_visible()
    async with vera.page.expect_download() as download:
        await errors.click()
    said = Path(await (await download.value).path()).read_text(encoding="utf-8-sig")
    assert "Nina Imported" in said and "Ivan Imported" not in said
    brought = await city.system.api.every("/contacts?q=Imported")
    assert "Ivan Imported" in [each["name"] for each in brought]
    await vera.page.get_by_role("button", name="Undo the import").click()

    async def undone() -> bool:
        return bool((await city.system.api.get(f"/imports/{number}"))["state"] == "undone")

    await wait_until(undone, what="the import is undone")
    assert not await city.system.api.every("/contacts?q=Imported")


async def test_everything_by_keyboard_alone(browser: Browser, city: Town) -> None:
    visitor, number = await asking(city, TELEGRAM)
    async with window(browser, city.system) as hands:
        page = hands.page
        await hands.go("/inbox?view=all")
        await hands.focus_by_tab(page.get_by_role("button", name="English"))
        await hands.keys("Enter")
        await expect(page.get_by_label("Password")).to_be_visible()
        await hands.focus_by_tab(page.get_by_label("E-mail"))
        await hands.type(OWNER)
        await hands.keys("Tab")
        await hands.type("a long password of the tests")
        await hands.keys("Enter")
        await expect(hands.row(number)).to_be_visible()
        await hands.leaves_at_once()
        await hands.keys("j")
        await hands.at(rf"/inbox/{number}\?")
        await expect(hands.box).to_be_visible()
        await hands.keys("r")
        await expect(hands.box).to_be_focused()
        await hands.type("Answered without a mouse")
        await hands.keys("Enter")
        await visitor.sees("Answered without a mouse")
        await hands.shows("Answered without a mouse", "sent")
        await hands.keys("Escape", "l")
        dialog = page.get_by_role("dialog", name="Labels")
        await expect(dialog.get_by_role("textbox")).to_be_focused()
        await hands.type("umbrella")
        await hands.keys("Enter", "Enter")
        await expect(page.locator("[role=dialog]")).to_have_count(0)
        await expect(hands.row(number).get_by_text("umbrella")).to_be_visible()
        await hands.keys("e")
        await wait_until(lambda: closed(city, number, True), what="E closes")
        await expect(page.get_by_role("status").get_by_text("Closed:")).to_be_visible()
        await hands.keys("Control+KeyZ")
        await wait_until(lambda: closed(city, number, False), what="Undo opens it again")
        await hands.keys("Control+KeyK")
        await expect(page.get_by_role("dialog").get_by_role("combobox").first).to_be_focused()
        await hands.type("tasks")
        await hands.keys("Enter")
        await hands.at(r"/tasks$")


async def closed(city: Town, number: int, wanted: bool) -> bool:
    return ((await city.system.api.get(f"/conversations/{number}"))["status"] == "closed") is wanted
