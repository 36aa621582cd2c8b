"""An operator and a customer in real browsers before a whole installation: what one writes, the other reads at once."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.journeys.system import OWNER, PASSWORD, wait_until
from tests.journeys.town import WAYS, Town, town
from tests.journeys.window import MARKS

pytestmark = list(MARKS)
TELEGRAM, WEBCHAT = (next(way for way in WAYS if way.kind == kind) for kind in ("telegram", "webchat"))


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def city(tmp_path_factory: pytest.TempPathFactory, app: None) -> AsyncIterator[Town]:
    async with town(tmp_path_factory.mktemp("town"), "", (TELEGRAM, WEBCHAT)) as found:
        yield found
        assert found.system.errors() == []


async def new_page(browser: Browser, language: str) -> Page:
    context = await browser.new_context(viewport={"width": 1280, "height": 800}, locale=language)
    context.set_default_timeout(20_000)
    page = await context.new_page()
    page.on("pageerror", lambda error: pytest.fail(f"the page failed: {error}"))
    return page


async def signed_in(browser: Browser, city: Town) -> Page:
    page = await new_page(browser, "en")
    await page.goto(city.system.url)
    await page.get_by_role("button", name="English").click()
    await page.get_by_label("E-mail").fill(OWNER)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_label("E-mail")).to_have_count(0)
    await page.goto(f"{city.system.url}/inbox?view=all")
    return page


async def test_a_message_appears_and_is_answered_without_a_reload(browser: Browser, city: Town) -> None:
    visitor, page = city.newcomer(TELEGRAM, language="en"), await signed_in(browser, city)
    await page.evaluate("window.sameDocument = true")
    await visitor.write("Can I talk to a person, please?")
    row = page.get_by_role("link").filter(has_text=visitor.customer.name)
    await expect(row).to_be_visible(timeout=20_000)
    await row.click()
    await expect(page.get_by_text("Can I talk to a person, please?").last).to_be_visible()
    await page.get_by_role("textbox", name="Answer").fill("It is ready, come by until 8 pm")
    await page.get_by_role("button", name="Send to Telegram").click()
    await visitor.sees("It is ready, come by until 8 pm")
    bubble = page.get_by_role("log").or_(page.get_by_role("main")).get_by_text("It is ready, come by until 8 pm").last
    await expect(bubble).to_be_visible()
    await expect(page.get_by_role("img", name="Sent", exact=True).last).to_be_visible(timeout=20_000)
    await visitor.write("Thank you!")
    await expect(page.get_by_text("Thank you!").last).to_be_visible(timeout=20_000)
    assert await page.evaluate("window.sameDocument === true"), "the page was not loaded again"


async def test_a_visitor_of_the_site_and_an_operator_write_to_each_other(browser: Browser, city: Town) -> None:
    api, page = city.system.api, await new_page(browser, "ru")
    await page.goto(f"{city.system.url}/chat/{city.channels[WEBCHAT.label]}")
    await page.get_by_role("textbox", name="Сообщение").fill("Позовите человека")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Передаю вас коллегам")).to_be_visible(timeout=20_000)
    found = next(c for c in await api.every("/conversations?status=any") if c["channel"]["kind"] == "webchat")
    made = await api.post(f"/conversations/{found['id']}/messages", {"text": "Здравствуйте, это Вера"})
    await expect(page.get_by_text("Здравствуйте, это Вера")).to_be_visible(timeout=20_000)

    async def seen() -> bool:
        return (await api.get(f"/messages/{made['id']}"))["state"] in ("delivered", "read")

    await wait_until(seen, what="the operator sees that it arrived")
