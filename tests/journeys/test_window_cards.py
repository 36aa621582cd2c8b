"""Cards in a real browser: what looks wrong is said while it is typed, companies have fields of their own and a history."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.journeys.system import OWNER, System, installation
from tests.journeys.window import MARKS, Window, window

pytestmark = list(MARKS)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def system(tmp_path_factory: pytest.TempPathFactory, app: None) -> AsyncIterator[System]:
    async with installation(tmp_path_factory.mktemp("cards")) as found:
        found.start()
        await found.ready()
        yield found
        assert found.errors() == []


@pytest_asyncio.fixture(loop_scope="module")
async def vera(browser: Browser, system: System) -> AsyncIterator[Window]:
    async with window(browser, system, OWNER) as found:
        yield found


async def use(page: Page, wrong: str, right: str) -> None:
    """The hint below a field, and its one click."""
    hint = page.get_by_role("status").filter(has_text=wrong)
    await hint.get_by_role("button", name=f"Write {right}").click()
    await expect(hint).to_have_count(0)


async def test_what_looks_wrong_is_said_while_a_new_person_is_typed(vera: Window) -> None:
    page = vera.page
    await vera.go("/people")
    await page.get_by_role("button", name="New person").click()
    form = page.get_by_role("dialog")
    await form.get_by_label("Name").fill("ИВАНОВА АННА")
    await use(page, "Surname first", "Анна Иванова")
    await expect(form.get_by_label("Name")).to_have_value("Анна Иванова")
    await form.get_by_label("E-mail").fill("anna@gmial.com")
    await use(page, "Slip in a mail address", "anna@gmail.com")
    await form.get_by_label("City").fill("спб")
    await use(page, "Spelling of a city", "Санкт-Петербург")
    await form.get_by_label("Phone").fill("12345")
    await form.get_by_role("button", name="Add", exact=True).click()
    await expect(form.get_by_role("alert")).to_be_visible()
    await form.get_by_label("Phone").fill("")
    await form.get_by_role("button", name="Add", exact=True).click()
    number = (await vera.at(r"/people/\d+")).rpartition("/")[2]
    card = await vera.system.api.get(f"/contacts/{number}")
    assert (card["name"], card["fields"]) == ("Анна Иванова", {"city": "Санкт-Петербург"})
    assert [each["address"] for each in card["identities"]] == ["anna@gmail.com"]
    await vera.go("/people")
    await page.get_by_role("button", name="New person").click()
    await form.get_by_label("E-mail").fill("anna@gmail.com")
    await expect(form.get_by_role("link", name="Анна Иванова")).to_be_visible()


async def test_what_looks_wrong_on_a_card_is_said_before_it_is_saved(vera: Window) -> None:
    made = await vera.system.api.post("/contacts", {"name": "Boris Petrov", "fields": {"city": "Berlin"}})
    page, path = vera.page, f"/contacts/{made['id']}"
    await vera.go(f"/people/{made['id']}")
    name = page.get_by_role("textbox", name="Name", exact=True)
    await name.fill("ПЕТРОВ БОРИС")
    await use(page, "Surname first", "Борис Петров")
    await expect(name).to_have_value("Борис Петров")
    await page.get_by_role("textbox", name="city", exact=True).fill("мск")
    await use(page, "Spelling of a city", "Москва")
    await page.get_by_label("Phone or e-mail").fill("boris@yandx.ru")
    await use(page, "Slip in a mail address", "boris@yandex.ru")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("complementary").get_by_text("boris@yandex.ru").first).to_be_visible()
    card = await vera.system.api.get(path)
    assert (card["name"], card["fields"]["city"]) == ("Борис Петров", "Москва")
    changes = (await vera.system.api.get(f"{path}/changes"))["items"]
    assert "ПЕТРОВ БОРИС" not in str(changes), "what was wrong was never saved"


async def test_a_company_has_fields_of_its_own_and_shows_who_changed_what(vera: Window) -> None:
    page, api = vera.page, vera.system.api
    await vera.go("/cards?of=companies")
    await page.get_by_label("What it is called").last.fill("Turnover")
    await page.get_by_label("Name for programs").fill("turnover")
    await page.get_by_label("What stands there").select_option("money")
    await page.get_by_role("button", name="Add", exact=True).click()
    await expect(page.get_by_text("turnover", exact=False).last).to_be_visible()
    made = await api.post("/organisations", {"name": "Acme", "fields": {"branch": "flowers"}})
    await vera.go(f"/organisations/{made['id']}")
    await page.get_by_role("textbox", name="Turnover").fill("12,5 EUR")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("textbox", name="Turnover")).to_have_value("12.50 EUR")
    await page.get_by_role("textbox", name="branch").fill("trees")
    await page.keyboard.press("Enter")
    await page.get_by_role("tab", name="Changes").click()
    history = page.get_by_role("tabpanel")
    await expect(history.get_by_text("trees")).to_be_visible()
    await expect(history.get_by_text("€12.50")).to_be_visible()
    await expect(history.get_by_text("added", exact=True)).to_be_visible()
    boris = await api.post("/contacts", {"name": "Boris"})
    await api.post(f"/contacts/{boris['id']}/organisations", {"organisation": made["id"]})
    await expect(history.get_by_role("link", name="Boris")).to_be_visible()
