"""What each role is shown: its rail and every page behind it open without a refusal, every other page says who can help."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, Response, expect

from tests.journeys.pages import SHOW, TELEGRAM, every_page, furnish
from tests.journeys.system import OWNER, PASSWORD, wait_until
from tests.journeys.town import Town, town
from tests.journeys.window import MARKS, Window, window

pytestmark = list(MARKS)
RAIL = "() => [...document.querySelectorAll('nav.rail a')].map((each) => each.getAttribute('href').slice(1))"
ALWAYS = ["inbox", "people"]
COLLEAGUE = "Борис Петров"


@dataclass(frozen=True, kw_only=True)
class Role:
    """A role: what stands in its rail, and addresses that it may not open."""

    name: str
    rail: tuple[str, ...]
    shut: tuple[str, ...]


ROLES = (
    Role(name="lead", rail=("tasks", "bots", "broadcasts", "reports"), shut=("webhooks", "channels/new")),
    Role(
        name="operator",
        rail=("tasks",),
        shut=("bots", "broadcasts", "reports", "imports", "cards", "webhooks", "broadcasts/new", "segments/new", "channels/new"),
    ),
    Role(name="marketer", rail=("bots", "broadcasts"), shut=("tasks", "reports", "work", "cards", "webhooks", "channels/new")),
    Role(
        name="viewer",
        rail=("tasks", "bots", "broadcasts", "reports"),
        shut=("imports", "work", "cards", "webhooks", "broadcasts/new", "segments/new", "channels/new"),
    ),
)


def _mail(role: Role) -> str:
    return f"{role.name}@shop.example"


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def city(tmp_path_factory: pytest.TempPathFactory, app: None) -> AsyncIterator[Town]:
    async with town(tmp_path_factory.mktemp("town"), "", (TELEGRAM,)) as found:
        await furnish(found)
        for role in ROLES:
            given = {"email": _mail(role), "name": role.name.capitalize(), "role": role.name, "password": PASSWORD}
            await found.system.api.post("/managers", given | {"language": "en"})
        yield found
        assert found.system.errors() == []


def _refusals(page: Page) -> list[str]:
    """Filled with what the server refuses from now on."""
    found: list[str] = []

    def note(answer: Response) -> None:
        if answer.status >= 400:
            found.append(f"{page.url}: {answer.status} {answer.request.method} {answer.url}")

    page.on("response", note)
    return found


async def _is_shut(somebody: Window) -> bool:
    return await somebody.page.get_by_role("heading", name="No access").count() > 0


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
async def test_what_a_role_is_shown_opens_and_the_rest_says_who_can_help(browser: Browser, city: Town, role: Role) -> None:
    async with window(browser, city.system, _mail(role), size=(1280, 800)) as somebody:
        refused = _refusals(somebody.page)
        assert await somebody.page.evaluate(RAIL) == [*ALWAYS, *role.rail, "settings"]
        shut = {path.strip("/") async for path in every_page(somebody.page) if await _is_shut(somebody)}
        assert shut == {path for path in role.shut if "/" not in path}
        for path in role.shut:
            await somebody.page.evaluate(SHOW, f"/{path}")
            await expect(somebody.page.get_by_role("heading", name="No access")).to_be_visible()
            await expect(somebody.page.locator("main").get_by_role("link", name=OWNER)).to_be_visible()
        assert refused == []


async def test_a_lead_sets_how_many_a_colleague_is_given_and_takes_it_back(browser: Browser, city: Town) -> None:
    async def limit() -> int:
        everybody = (await city.system.api.get("/managers"))["items"]
        return int(next(each["capacity"] for each in everybody if each["name"] == COLLEAGUE))

    before = await limit()
    async with window(browser, city.system, _mail(ROLES[0]), size=(1280, 800)) as lead:
        await lead.go("/team")
        await lead.page.get_by_role("listitem").filter(has_text=COLLEAGUE).get_by_role("button", name="More").first.click()
        await lead.page.get_by_role("menuitem", name="Name and limit").click()
        await lead.page.get_by_label("Open conversations at most").fill("7")
        await lead.page.get_by_role("button", name="Save").click()
        await lead.page.get_by_role("button", name="Undo").click(trial=True)
        assert await limit() == 7
        await lead.page.get_by_role("button", name="Undo").click()

        async def back() -> bool:
            return await limit() == before

        await wait_until(back, what="the old limit")
