"""What an operator's hands do all day, before a whole installation: the keys of the list, drafts, tabs, the way back in."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.journeys.pages import SHOW
from tests.journeys.rows import crowd
from tests.journeys.system import OWNER, PASSWORD, wait_until
from tests.journeys.town import WAYS, Town, Visitor, town
from tests.journeys.window import MARKS, Window, asking, window

pytestmark = list(MARKS)
TELEGRAM = next(way for way in WAYS if way.kind == "telegram")
CROWD = 121
Talk = tuple[Visitor, int]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def city(tmp_path_factory: pytest.TempPathFactory, app: None) -> AsyncIterator[Town]:
    async with town(tmp_path_factory.mktemp("town"), "", (TELEGRAM,)) as found:
        yield found
        assert found.system.errors() == []


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def other(city: Town, talk: Talk) -> Talk:
    return await asking(city, TELEGRAM)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def elsewhere(browser: Browser, city: Town, vera: Window) -> AsyncIterator[Window]:
    """Vera's second browser, signed in after the first."""
    async with window(browser, city.system, OWNER) as found:
        yield found


async def shown(vera: Window) -> list[str]:
    """The rows of the list from above."""
    ids: list[str] = await vera.page.locator("[data-id]").evaluate_all("rows => rows.map((row) => row.dataset.id)")
    return ids


async def test_j_and_k_walk_the_list_and_the_address_follows(vera: Window, talk: Talk, other: Talk) -> None:
    await vera.go("/inbox?view=all")
    await expect(vera.row(talk[1])).to_be_visible()
    await vera.keys("j")
    await vera.at(rf"/inbox/{other[1]}\?")
    await vera.keys("j")
    await vera.at(rf"/inbox/{talk[1]}\?")
    await expect(vera.row(talk[1]).get_by_role("link")).to_have_attribute("aria-current", "page")
    await vera.keys("k")
    await vera.at(rf"/inbox/{other[1]}\?")


async def test_a_draft_waits_where_it_was_left_and_in_the_other_browser(
    vera: Window, elsewhere: Window, talk: Talk, other: Talk
) -> None:
    await vera.open(talk[1])
    await vera.box.fill("The beginning of a thought")
    await vera.open(other[1])
    await expect(vera.box).to_have_value("")
    await expect(vera.row(talk[1])).to_contain_text("Draft: The beginning of a thought")
    await vera.open(talk[1])
    await expect(vera.box).to_have_value("The beginning of a thought")
    await elsewhere.open(talk[1])
    await expect(elsewhere.box).to_have_value("The beginning of a thought")
    await elsewhere.box.fill("")
    await expect(vera.box).to_have_value("")


async def test_e_closes_and_moves_on_and_can_be_taken_back(city: Town, vera: Window, talk: Talk, other: Talk) -> None:
    _, number = await asking(city, TELEGRAM)
    await vera.go(f"/inbox/{number}?view=all")
    await expect(vera.box).to_be_visible()
    await expect(vera.row(talk[1])).to_be_visible()
    await vera.keys("e")
    assert f"/inbox/{number}?" not in await vera.at(r"/inbox/\d+\?")
    await expect(vera.row(number)).to_have_count(0)
    await vera.page.get_by_role("status").get_by_role("button", name="Undo").first.click()
    await expect(vera.row(number)).to_be_visible()
    assert (await city.system.api.get(f"/conversations/{number}"))["status"] != "closed"


async def test_h_offers_sensible_times(city: Town, vera: Window) -> None:
    _, number = await asking(city, TELEGRAM)
    await vera.open(number)
    await vera.keys("h")
    await expect(vera.page.get_by_role("menuitem", name="Tomorrow morning")).to_be_visible()
    await vera.page.get_by_role("menuitem", name="In an hour").click()

    async def put_off() -> str:
        return str((await city.system.api.get(f"/conversations/{number}"))["snoozed_until"] or "")

    until = datetime.fromisoformat(await wait_until(put_off, what="it is put off"))
    assert timedelta(minutes=55) < until - datetime.now(UTC) < timedelta(minutes=66)


async def test_a_key_whose_part_is_gone_since_an_update_says_so(city: Town, vera: Window, talk: Talk) -> None:
    old = Window(city.system, await vera.context.new_page())
    await old.page.route("**/assets/FullMenu-*.js", lambda route: route.fulfill(status=404))
    await old.open(talk[1])
    await old.keys("h")
    await expect(old.page.get_by_role("status").get_by_text("The app has been updated.")).to_be_visible()
    await old.page.unroute_all()
    await old.page.get_by_role("status").get_by_role("button", name="Reload").click()
    await expect(old.box).to_be_visible()
    await old.keys("h")
    await expect(old.page.get_by_role("menuitem", name="Tomorrow morning")).to_be_visible()
    await old.page.close()


async def test_new_ones_gather_while_the_pointer_is_over_the_list(city: Town, vera: Window, talk: Talk) -> None:
    await vera.go("/inbox?view=all")
    await vera.row(talk[1]).hover()
    before, came = await shown(vera), [city.newcomer(TELEGRAM, language="en") for _ in range(3)]
    for visitor in came:
        await visitor.write("Good morning")
    fresh = vera.page.get_by_role("button", name="3 new", exact=True)
    await expect(fresh).to_be_visible()
    assert await shown(vera) == before
    await vera.page.mouse.move(900, 500)
    await expect(fresh).to_have_count(0)
    numbers = {str((await visitor.conversation())["id"]) for visitor in came}
    assert set((await shown(vera))[:3]) == numbers


async def test_what_arrives_is_seen_in_every_tab_through_one_stream(browser: Browser, vera: Window, talk: Talk) -> None:
    asked: list[str] = []
    vera.context.on("request", lambda request: asked.append(request.url))
    await vera.go("/inbox?view=all")
    tab = Window(vera.system, await vera.context.new_page())
    await tab.open(talk[1])
    await talk[0].write("Heard in both tabs")
    await expect(tab.thread.get_by_text("Heard in both tabs")).to_be_visible()
    await expect(vera.row(talk[1])).to_contain_text("Heard in both tabs")
    control = await browser.new_browser_cdp_session()
    here = (await (await vera.context.new_cdp_session(vera.page)).send("Target.getTargetInfo"))["targetInfo"]["browserContextId"]
    targets = (await control.send("Target.getTargets"))["targetInfos"]
    workers = [each for each in targets if each["type"] == "shared_worker" and each["browserContextId"] == here]
    assert len(workers) == 1 and not [url for url in asked if url.endswith("/stream")]
    await tab.page.close()


async def test_the_palette_finds_a_person(city: Town, vera: Window) -> None:
    made = await city.system.api.post("/contacts", {"name": "Penelope Hawthorne", "identities": []})

    async def indexed() -> bool:
        return bool((await city.system.api.get("/search?q=Hawthor"))["people"])

    await wait_until(indexed, what="search knows her")
    await vera.go("/tasks")
    await vera.keys("Control+KeyK")
    await vera.type("Hawthor")
    await expect(vera.page.get_by_role("option", name=re.compile("Penelope Hawthorne"))).to_be_visible()
    await vera.keys("Enter")
    await vera.at(rf"/people/{made['id']}")


async def test_an_ended_session_asks_to_sign_in_and_returns_to_the_same_place(city: Town, elsewhere: Window) -> None:
    api, page = city.system.api, elsewhere.page
    await elsewhere.go("/tasks")
    await expect(page.get_by_role("heading", name="Tasks")).to_be_visible()
    newest = max(each["id"] for each in (await api.get("/sessions"))["items"])
    assert (await api.call("DELETE", f"/sessions/{newest}"))[0] == 204
    await page.evaluate(SHOW, "/people?q=Hawthor")
    await expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    await page.get_by_label("E-mail").fill(OWNER)
    await page.get_by_label("Password").fill("not that one")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("alert")).to_contain_text("wrong")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await elsewhere.at(r"/people\?q=Hawthor$")
    await expect(page.get_by_role("link", name=re.compile("Penelope Hawthorne"))).to_be_visible()


async def test_the_list_goes_on_while_one_scrolls_and_holds_few_rows(city: Town, vera: Window) -> None:
    crowd(city.system, CROWD)
    await vera.go("/inbox?view=all")
    rows = vera.page.get_by_role("list", name="Conversations").get_by_role("listitem")

    async def whole() -> bool:
        await rows.first.locator("xpath=ancestor::*[@role='list']").evaluate("box => { box.scrollTop = box.scrollHeight; }")
        return int(await rows.first.get_attribute("aria-setsize") or 0) > CROWD

    await expect(rows.first).to_be_visible()
    await wait_until(whole, what="all pages are there")
    assert await rows.count() < 40
