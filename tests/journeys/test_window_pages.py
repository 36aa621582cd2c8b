"""Every page and state of the operators' window by axe: WCAG 2.2 AA, light and dark, English and Russian, wide and on a phone."""

import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.journeys.pages import PAGES, STATES, TELEGRAM, UI, every_page, furnish, settled
from tests.journeys.system import OWNER
from tests.journeys.town import Town, town
from tests.journeys.window import MARKS, window

pytestmark = list(MARKS)
AXE = UI / "node_modules" / "axe-core" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
RUN = """async (options) => {
  const found = await axe.run(document, options);
  if (!found.passes.length) return ["axe has looked at nothing"];
  return found.violations.flatMap((each) => each.nodes.map((node) => `${each.id}: ${node.html.slice(0, 160)} ${
    node.any.concat(node.all).map((why) => why.message).slice(0, 1)}`));
}"""
TOO_WIDE = """() => [...document.querySelectorAll('html, body, #app, main, main .content, main .scroll:not(.table)')]
  .filter((each) => each.scrollWidth > each.clientWidth + 1 && each.clientWidth > 0)
  .map((each) => `${each.tagName}.${each.className}: ${each.scrollWidth} in ${each.clientWidth}`)"""


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def city(tmp_path_factory: pytest.TempPathFactory, app: None) -> AsyncIterator[Town]:
    async with town(tmp_path_factory.mktemp("town"), "", (TELEGRAM,)) as found:
        await furnish(found)
        yield found
        assert found.system.errors() == []


async def complaints(page: Page, where: str, *rules: str) -> list[str]:
    """What axe finds wrong now."""
    only = {"type": "rule", "values": list(rules)} if rules else {"type": "tag", "values": TAGS}
    return [f"{where}: {each}" for each in await page.evaluate(RUN, {"runOnly": only, "resultTypes": ["violations"]})]


async def both_themes(page: Page, where: str, first: str, second: str) -> list[str]:
    """All rules in one theme, colours once more in the other."""
    await page.emulate_media(color_scheme=first, reduced_motion="reduce")  # type: ignore[arg-type]
    found = await complaints(page, f"{where} {first}")
    await page.emulate_media(color_scheme=second, reduced_motion="reduce")  # type: ignore[arg-type]
    return found + await complaints(page, f"{where} {second}", "color-contrast")


async def test_every_page_in_english_wide(browser: Browser, city: Town) -> None:
    async with window(browser, city.system, OWNER, size=(1440, 900), bypass_csp=True) as vera:
        await vera.page.add_script_tag(path=AXE)
        seen, found = [], []
        async for path in every_page(vera.page):
            seen.append(path)
            found += await both_themes(vera.page, path, "light", "dark")
        assert len(seen) > len(PAGES) > 10
        assert found == [], "\n".join(found)


async def test_every_page_in_russian_on_a_phone(browser: Browser, city: Town) -> None:
    async with window(browser, city.system, OWNER, size=(390, 844), language="ru", bypass_csp=True) as vera:
        await vera.page.add_script_tag(path=AXE)
        found = []
        async for path in every_page(vera.page):
            found += await both_themes(vera.page, path, "dark", "light")
            await vera.page.set_viewport_size({"width": 360, "height": 740})
            found += [f"{path} at 360: {each}" for each in await vera.page.evaluate(TOO_WIDE)]
            await vera.page.set_viewport_size({"width": 390, "height": 844})
        assert found == [], "\n".join(found)


async def test_every_state_of_the_inbox(browser: Browser, city: Town) -> None:
    number = (await city.system.api.get("/conversations?status=any"))["items"][0]["id"]
    found = []
    async with window(browser, city.system, OWNER, size=(1280, 800), bypass_csp=True) as vera:
        for name, show in STATES.items():
            await vera.open(number)
            await vera.page.add_script_tag(path=AXE)
            await show(vera)
            await settled(vera.page)
            found += await both_themes(vera.page, name, "dark", "light")
            await vera.context.set_offline(False)
            await vera.page.unroute_all()
    assert found == [], "\n".join(found)


async def test_the_door_and_a_shut_one(browser: Browser, city: Town) -> None:
    async with window(browser, city.system, bypass_csp=True) as nobody:
        await nobody.go("/inbox")
        await nobody.page.add_script_tag(path=AXE)
        await expect(nobody.page.get_by_label("E-mail")).to_be_visible()
        found = await both_themes(nobody.page, "door", "light", "dark")
        await nobody.page.get_by_role("button", name="Русский").click()
        await nobody.page.get_by_label("Пароль").fill("wrong")
        await nobody.page.get_by_label("Почта").fill("x@x.example")
        await nobody.page.keyboard.press("Enter")
        await expect(nobody.page.get_by_role("alert")).to_be_visible()
        assert found + await both_themes(nobody.page, "door refused", "dark", "light") == []


async def test_the_table_of_routes_is_read() -> None:
    assert {"inbox", "people", "settings"} <= set(PAGES), json.dumps(PAGES)
