"""What there is to look at in the operators' window: a furnished installation, every page, and the states of the inbox.

The pages are read from the app's own table of routes, and every link they show is followed once: a new page is looked at
without being named here.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from random import Random

import aiohttp
from playwright.async_api import Page, expect

from channels.sandbox.base import PhoneFile
from channels.sandbox.life import picture
from tests.journeys.system import PASSWORD, ROOT, Api
from tests.journeys.town import WAYS, Town
from tests.journeys.window import Window, handed_over

UI = ROOT / "inbox" / "ui"
TELEGRAM = next(way for way in WAYS if way.kind == "telegram")
PAGES = re.findall(r"^ {4}(\w+): \(\) => import\('\./views/", (UI / "src" / "App.svelte").read_text(), re.MULTILINE)
OUTSIDE = ("/api/", "/assets/", "/chat/", "/files/")
SHOW = "(path) => { history.pushState({ depth: 1 }, '', path); dispatchEvent(new PopStateEvent('popstate')); }"
LINKS = "() => [...document.querySelectorAll('main a[href^=\"/\"], nav a[href^=\"/\"]')].map((each) => each.getAttribute('href'))"
STILL = """() => Promise.all(document.getAnimations()
  .filter((each) => each.effect?.getComputedTiming().iterations !== Infinity).map((each) => each.finished.catch(() => 0)))"""
IMPORT = "Name;Phone\nIvan Imported;+79161230001\nNina Imported;12\n"


async def furnish(city: Town) -> None:
    """Something on every page: one of each thing that can be opened."""
    api, visitor = city.system.api, city.newcomer(TELEGRAM, language="en")
    await visitor.write("Talk to a person")
    number = (await visitor.conversation())["id"]
    await handed_over(city.system, number)
    photo = PhoneFile(kind="image", name="photo.png", mime="image/png", content=picture(Random(1)))
    await visitor.write("Look at https://shop.example", files=[photo])
    await visitor.write("ש‎לום 😀 " + "averylongwordwithoutanyplacetobreak" * 8)
    await api.post(f"/conversations/{number}/messages", {"text": "She asked twice", "note": True})
    await api.post(f"/conversations/{number}/messages", {"text": "Yes, *today*"})
    person = (await api.get(f"/conversations/{number}"))["contact"]["id"]
    for _ in range(2):
        await api.post(
            "/contacts", {"name": "Анна Кузнецова", "identities": [{"kind": "email", "address": f"anna{_}@x.example"}]}
        )
    await _every(api, number, person)
    await _colleagues(api)


async def _every(api: Api, number: int, person: int) -> None:
    form = aiohttp.FormData()
    form.add_field("file", IMPORT.encode(), filename="people.csv", content_type="text/csv")
    await api.post("/imports", form)
    due = "2031-01-01T09:00:00Z"
    made = (
        ("/tasks", {"title": "Call back", "due_at": due, "contact_id": person, "conversation_id": number}),
        ("/templates", {"name": "hello", "language": "en", "body": "Hello {{ name }}"}),
        ("/canned", {"shortcut": "bye", "language": "en", "text": "Good bye", "shared": True}),
        ("/segments", {"name": "Regulars", "tag": "vip"}),
        ("/broadcasts", {"name": "News", "body": "Hello", "tag": "vip"}),
        ("/organisations", {"name": "Umbrella works"}),
        ("/labels", {"name": "broken", "title_en": "Broken", "title_ru": "Сломано", "colour": "red"}),
        ("/macros", {"name": "Thank and close", "shared": True, "shortcut": "1", "actions": [{"do": "close"}]}),
        ("/views", {"name": "Mine in Telegram", "filter": {"view": "mine"}}),
        ("/webhooks", {"url": "https://shop.example/hook", "kinds": ["message.received"]}),
        ("/teams", {"name": "Support"}),
    )
    for path, body in made:
        await api.post(path, body)


async def _colleagues(api: Api) -> None:
    """Three who take nothing now, so that whoever writes comes to the owner; two of them in a team."""
    made = []
    for name, role in (("Борис Петров", "operator"), ("Lena Weber", "lead"), ("Мария Константинопольская", "marketer")):
        given = {"email": f"{role}.colleague@shop.example", "name": name, "role": role, "password": PASSWORD}
        made.append((await api.post("/managers", given))["id"])
        await api.call("PATCH", f"/managers/{made[-1]}", {"available": False})
    await api.post("/teams", {"name": "Доставка", "members": made[:2]})


async def settled(page: Page) -> None:
    """The page shows what it has, not its skeleton."""
    await expect(page.locator(".skeleton, [aria-busy=true]")).to_have_count(0)
    await page.evaluate(STILL)


async def every_page(page: Page) -> AsyncIterator[str]:
    """Shows one page after another, each kind once: the app's table of routes, then what their links lead to."""
    waiting, seen = [f"/{name}" for name in PAGES], set[str]()
    while waiting:
        path = waiting.pop(0)
        kind = re.sub(r"\d+", "N", path.partition("?")[0].partition("#")[0])
        if kind in seen or path.startswith(OUTSIDE):
            continue
        seen.add(kind)
        await page.evaluate(SHOW, path)
        await settled(page)
        yield path
        waiting += [each for each in await page.evaluate(LINKS) if each not in waiting]


Open = Callable[[Window], Awaitable[None]]


def key(*keys: str) -> Open:
    async def press(vera: Window) -> None:
        await vera.page.locator("body").press(keys[0])
        if "Escape" not in keys:
            await expect(vera.page.locator("[role=dialog], [role=menu]").first).to_be_visible()

    return press


def button(*names: str, role: str = "button") -> Open:
    async def click(vera: Window) -> None:
        for name in names:
            await vera.page.get_by_role(role, name=name).first.click()  # type: ignore[arg-type]

    return click


async def found_by_search(vera: Window) -> None:
    await key("Control+KeyK")(vera)
    await vera.page.get_by_role("dialog").get_by_role("combobox").first.fill("person")
    await expect(vera.page.locator("mark").first).to_be_visible()


async def note(vera: Window) -> None:
    await vera.box.press("Tab")
    await expect(vera.page.locator(".box.note")).to_be_visible()


async def nothing_found(vera: Window) -> None:
    await vera.page.evaluate(SHOW, "/inbox?view=all&q=zzzz")


async def inner_menu(vera: Window) -> None:
    await vera.page.locator("section.thread header").get_by_role("button", name="More", exact=True).click()
    await vera.page.get_by_role("menuitem", name="Print, download").click()
    await expect(vera.page.get_by_role("menuitem", name="Print", exact=True)).to_be_visible()


async def not_loaded(vera: Window) -> None:
    await vera.page.route("**/api/v1/tasks**", lambda route: route.abort())
    await vera.page.evaluate(SHOW, "/tasks")
    await expect(vera.page.get_by_role("button", name="Try again")).to_be_visible()


async def offline(vera: Window) -> None:
    await vera.context.set_offline(True)
    await expect(vera.page.locator("main > [role=status]")).to_be_visible()
    await vera.answer("Later")
    await expect(vera.thread.get_by_text("No connection")).to_be_visible()


STATES: dict[str, Open] = {
    "palette": key("Control+KeyK"),
    "search": found_by_search,
    "keys": key("Shift+Slash"),
    "labels": key("l"),
    "transfer": key("t"),
    "snooze": key("s"),
    "close with a reason": key("Shift+KeyE"),
    "macros": key("m"),
    "snooze menu": key("h"),
    "responsible": button("Responsible"),
    "menu in a menu": inner_menu,
    "filter": button("Show"),
    "several": button("Choose several", "Choose all"),
    "nothing found": nothing_found,
    "not loaded": not_loaded,
    "not there": lambda vera: vera.page.evaluate(SHOW, "/inbox/999999"),
    "offline": offline,
    "note": note,  # the draft stays one: nothing comes after it
}
