"""Pictures of the operators' window for a person to look at: every page and state, both themes and languages, three widths.

`python -m tests.journeys.look OUT [--house full empty huge] [--role owner viewer] [--state loading] [--page inbox] [--width 390]`
starts an installation of each kind with invented providers and leaves in OUT a picture each, and a sheet of each page in all
themes and languages side by side.
"""

import argparse
import asyncio
import re
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.async_api import Browser, Route, expect

from bench.fill import converse
from bench.rig import Rig
from tests.journeys.pages import SHOW, STATES, Open, every_page, furnish, key, settled
from tests.journeys.people import settle
from tests.journeys.strangers import move_in
from tests.journeys.system import OWNER, PASSWORD, System, installation
from tests.journeys.town import town
from tests.journeys.window import Window, chromium, window


async def found_right_to_left(vera: Window) -> None:
    await key("Control+KeyK")(vera)
    await vera.page.get_by_role("dialog").get_by_role("combobox").first.fill("ההזמנה")
    await expect(vera.page.locator("mark").first).to_be_visible()


MOODS = STATES | {"search right to left": found_right_to_left}
"""The strangers' too, who live only here."""
HEIGHTS = {1440: 900, 1000: 760, 390: 844}
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
LANGUAGES = ("en", "ru")
ROLES = ("lead", "operator", "marketer", "viewer")
MANY = 100_000
"""Conversations, ten messages each."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is to be pictured; empty means all."""

    out: Path
    houses: Sequence[str]
    roles: Sequence[str]
    states: Sequence[str]
    pages: Sequence[str]
    widths: Sequence[int]
    taken: list[Path] = field(default_factory=list)
    """Not yet on a sheet."""

    def wants(self, path: str) -> bool:
        return not self.pages or any(re.match(rf"/{page}(\W|$)", path) for page in self.pages)


@asynccontextmanager
async def full(folder: Path) -> AsyncIterator[System]:
    """All channels, one of everything, and customers of every kind."""
    async with town(folder, "") as found:
        await furnish(found)
        await move_in(found)
        await settle(found.system.api)
        yield found.system


@asynccontextmanager
async def empty(folder: Path) -> AsyncIterator[System]:
    """The first minute of a company."""
    async with installation(folder) as system:
        system.start()
        await system.ready()
        yield system


@asynccontextmanager
async def huge(folder: Path) -> AsyncIterator[System]:
    """A hundred thousand conversations, a million messages."""
    async with installation(folder) as system:
        await system.add_channel("webchat", "Site", {"origins": "https://shop.example"})
        await asyncio.to_thread(converse, Rig(folder / "data", ""), MANY)
        system.start()
        await system.ready()
        yield system


HOUSES = {"full": full, "empty": empty, "huge": huge}


async def _held(route: Route) -> None:
    """Never answered: the page shows what it shows while it waits."""
    if route.request.url.endswith("/session"):
        await route.continue_()


async def _broken(route: Route) -> None:
    """Everything but who one is fails on the server."""
    if route.request.url.endswith("/session"):
        await route.continue_()
    else:
        body = '{"type": "about:blank", "title": "Something broke here. It is logged.", "status": 500}'
        await route.fulfill(status=500, content_type="application/problem+json", body=body)


async def _loading(vera: Window) -> None:
    await vera.page.route("**/api/v1/**", _held)


async def _failing(vera: Window) -> None:
    await vera.page.route("**/api/v1/**", _broken)


async def _offline(vera: Window) -> None:
    await vera.context.set_offline(True)


WEATHER: dict[str, Callable[[Window], Awaitable[None]]] = {"loading": _loading, "failing": _failing, "offline": _offline}
"""States that any page can be in."""


@asynccontextmanager
async def seat(browser: Browser, system: System, email: str, width: int, language: str) -> AsyncIterator[Window]:
    """Somebody before a screen of this width, whatever the pages may throw."""
    size = (width, HEIGHTS.get(width, 900))
    try:
        async with window(browser, system, email, size=size, language=language) as found:
            yield found
    except AssertionError as error:
        print(f"{width} {language}: {error}")


async def picture(asked: Asked, vera: Window, name: str, width: int, language: str) -> None:
    for theme in THEMES:
        await vera.page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        path = asked.out / f"{name}-{width}-{language}-{theme}.png"
        await vera.page.screenshot(path=path)
        asked.taken.append(path)


def _name(path: str) -> str:
    return re.sub(r"\W+", "_", path.strip("/")) or "root"


async def pages(asked: Asked, vera: Window, prefix: str, width: int, language: str) -> list[str]:
    """Every page as it is; their addresses."""
    shown = []
    async for path in every_page(vera.page):
        shown.append(path)
        if asked.wants(path):
            await vera.page.wait_for_timeout(150)
            await picture(asked, vera, f"{prefix}-{_name(path)}", width, language)
    return shown


async def threads(asked: Asked, vera: Window, width: int, language: str) -> None:
    """Every conversation there is."""
    if (asked.states and "plain" not in asked.states) or not asked.wants("/inbox"):
        return
    for each in await vera.system.api.every("/conversations?status=any"):
        await vera.page.evaluate(SHOW, f"/inbox/{each['id']}?view=all")
        await settled(vera.page)
        await vera.page.wait_for_timeout(250)
        await picture(asked, vera, f"thread-{each['id']}", width, language)


async def _newest(system: System) -> int:
    return int((await system.api.get("/conversations?status=any"))["items"][0]["id"])


async def in_weather(asked: Asked, vera: Window, shown: Sequence[str], width: int, language: str) -> None:
    """Pages that are opened while nothing comes, or only refusals."""
    for state, begin in WEATHER.items():
        if asked.states and state not in asked.states:
            continue
        for path in filter(asked.wants, shown):
            await vera.page.evaluate(SHOW, "/settings" if not path.startswith("/settings") else "/tasks")
            await settled(vera.page)
            await begin(vera)
            await vera.page.evaluate(SHOW, path)
            await vera.page.wait_for_timeout(400)
            await picture(asked, vera, f"{state}-{_name(path)}", width, language)
            await vera.context.set_offline(False)
            await vera.page.unroute_all()


async def in_states(asked: Asked, vera: Window, number: int, width: int, language: str) -> None:
    """The inbox with each of its dialogs, menus and moods. Their buttons are found by their English names."""
    for state, show in MOODS.items():
        if asked.states and state not in asked.states:
            continue
        await vera.page.goto(f"{vera.system.url}/inbox/{number}?view=all")
        await settled(vera.page)
        try:
            await _shown(vera, show)
        except Exception as error:  # a state that this width does not have is no reason to stop
            print(f"{state} at {width}: {str(error).splitlines()[0]}")
            continue
        await vera.page.wait_for_timeout(300)
        await picture(asked, vera, f"state-{_name(state)}", width, language)
        await vera.context.set_offline(False)
        await vera.page.unroute_all()


async def _shown(vera: Window, show: Open) -> None:
    vera.page.set_default_timeout(4_000)
    try:
        await show(vera)
    finally:
        vera.page.set_default_timeout(30_000)


async def look_at(asked: Asked, browser: Browser, system: System, house: str) -> None:
    for width in asked.widths:
        for language in LANGUAGES:
            async with seat(browser, system, OWNER, width, language) as vera:
                plain = not asked.states or "plain" in asked.states or house != "full"
                shown = await pages(asked, vera, house, width, language) if plain else []
                if house == "full":
                    await threads(asked, vera, width, language)
                    await in_weather(asked, vera, shown or [f"/{page}" for page in asked.pages], width, language)
                    if language == "en" and asked.wants("/inbox"):
                        await in_states(asked, vera, await _newest(system), width, language)
        sheets(asked)  # of this width, in all its languages
    if house == "full":
        await look_as(asked, browser, system)


async def look_as(asked: Asked, browser: Browser, system: System) -> None:
    """What those see who may not see everything."""
    for role in asked.roles:
        email = f"{role}@shop.example"
        given = {"email": email, "name": role.capitalize(), "role": role, "password": PASSWORD, "language": "en"}
        await system.api.post("/managers", given)
        for language in LANGUAGES:
            async with seat(browser, system, email, asked.widths[0], language) as somebody:
                await pages(asked, somebody, role, asked.widths[0], language)
        sheets(asked)


def sheets(asked: Asked) -> None:
    """Pictures of one page and width in one, as soon as they are taken: languages below each other, themes beside."""
    for name, some in groupby(sorted(asked.taken), lambda path: path.stem.rsplit("-", 2)[0]):
        shots = [Image.open(path) for path in some]
        wide, high = shots[0].size
        rows = (len(shots) + 1) // 2
        sheet = Image.new("RGB", (2 * wide, rows * high))
        for place, shot in enumerate(shots):
            sheet.paste(shot, (place % 2 * wide, place // 2 * high))
        scale = min(1.0, 2000 / sheet.width)
        sheet.resize((round(sheet.width * scale), round(sheet.height * scale))).save(asked.out / f"sheet-{name}.png")
    asked.taken.clear()


async def look(asked: Asked) -> None:
    asked.out.mkdir(parents=True, exist_ok=True)
    async with AsyncExitStack() as stack:
        browser = await stack.enter_async_context(chromium())
        for house in asked.houses:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            async with HOUSES[house](folder) as system:
                await look_at(asked, browser, system, house)
    print(f"{len(list(asked.out.glob('sheet-*')))} sheets in {asked.out}")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.journeys.look", description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("out", type=Path)
    parser.add_argument("--house", nargs="+", choices=HOUSES, default=list(HOUSES))
    parser.add_argument("--role", nargs="*", choices=ROLES, default=list(ROLES))
    parser.add_argument("--state", nargs="*", choices=["plain", *WEATHER, *MOODS], default=[], help="plain: pages as they are")
    parser.add_argument("--page", nargs="+", default=[], help="the first word of the address: inbox people settings")
    parser.add_argument("--width", nargs="+", type=int, default=list(HEIGHTS))
    given = parser.parse_args()
    asyncio.run(
        look(Asked(out=given.out, houses=given.house, roles=given.role, states=given.state, pages=given.page, widths=given.width))
    )


if __name__ == "__main__":
    main()
