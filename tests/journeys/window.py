"""The operators' window as a person uses it: a browser, somebody signed in, and what their hands do there."""

import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Literal

import pytest
from playwright.async_api import Browser, BrowserContext, Locator, Page, async_playwright, expect

from tests.journeys.system import PASSWORD, System, wait_until
from tests.journeys.town import Town, Visitor, Way

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
ARGUMENTS += ["--disable-component-update", "--disable-sync"]
BUSY = 30_000
"""Milliseconds that a machine full of other tests may take for what a quiet one does at once."""
expect.set_options(timeout=BUSY)
MARKS = (
    pytest.mark.journey,
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on this machine"),
    pytest.mark.asyncio(loop_scope="module"),
)
COLLEAGUE = "boris@shop.example"
_CHANGE = """async ([path, body]) => {
  const { csrf, manager } = await (await fetch("/api/v1/session")).json();
  const headers = { "Content-Type": "application/json", "X-CSRF-Token": csrf };
  const to = `/api/v1${path.replace("me", manager.id)}`;
  return (await fetch(to, { method: "PATCH", headers, body: JSON.stringify(body) })).status;
}"""


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield started
        await started.close()


async def add_colleague(system: System) -> None:
    """A second person who answers."""
    given = {"email": COLLEAGUE, "name": "Boris", "role": "operator", "password": PASSWORD, "language": "en"}
    await system.api.post("/managers", given)


@dataclass(frozen=True)
class Window:
    """One operator in a browser of their own."""

    system: System
    page: Page

    @property
    def context(self) -> BrowserContext:
        return self.page.context

    @property
    def box(self) -> Locator:
        """Where the answer is written."""
        return self.page.get_by_role("textbox", name="Answer", exact=True)

    @property
    def thread(self) -> Locator:
        return self.page.get_by_role("log")

    async def go(self, path: str) -> None:
        """Until the app stands there: before, no key is heard."""
        await self.page.goto(f"{self.system.url}{path}")
        await expect(self.page.locator("main").first).to_be_visible()

    async def sign_in(self, email: str) -> None:
        await self.go("/inbox")
        await self.page.get_by_role("button", name="English").click()
        await self.page.get_by_label("E-mail").fill(email)
        await self.page.get_by_label("Password").fill(PASSWORD)
        await self.page.get_by_role("button", name="Sign in").click()
        await expect(self.page.get_by_label("E-mail")).to_have_count(0)

    async def leaves_at_once(self) -> None:
        """What this operator sends is not held back to be taken back: most journeys are not about that."""
        assert await self.page.evaluate(_CHANGE, ["/writing", {"undo_seconds": 0}]) == 200

    async def speak(self, language: str) -> None:
        """The window in this language from now on."""
        assert await self.page.evaluate(_CHANGE, ["/managers/me", {"language": language}]) == 200
        await self.page.reload()
        await expect(self.page.locator(f"html[lang={language}]")).to_be_attached()

    async def open(self, conversation: int) -> None:
        """A conversation, by its address as a colleague would send it."""
        await self.go(f"/inbox/{conversation}?view=all")
        await expect(self.box).to_be_visible()

    def row(self, conversation: int) -> Locator:
        return self.page.locator(f"[data-id='{conversation}']")

    async def answer(self, text: str) -> None:
        await self.box.fill(text)
        await self.box.press("Enter")

    def bubble(self, text: str) -> Locator:
        """Our message in the thread, on the server or on its way there."""
        return self.thread.locator(".bubble").filter(has_text=text)

    async def shows(self, text: str, *states: str) -> None:
        """The message has one of these ticks."""
        words = "|".join(state.capitalize() for state in states)
        await expect(self.bubble(text).get_by_role("img", name=re.compile(f"^({words})$"))).to_be_visible()

    async def keys(self, *keys: str) -> None:
        for key in keys:
            await self.page.keyboard.press(key)

    async def type(self, text: str) -> None:
        await self.page.keyboard.type(text)

    async def focus_by_tab(self, target: Locator, most: int = 60) -> None:
        """Walk there with Tab, as somebody without a mouse does."""
        for _ in range(most):
            if await target.evaluate("element => element === document.activeElement"):
                return
            await self.page.keyboard.press("Tab")
        pytest.fail(f"{target} is not reached with {most} Tabs")

    async def at(self, pattern: str) -> str:
        """The address once it looks like this."""
        await self.page.wait_for_url(re.compile(pattern))
        return self.page.url


@asynccontextmanager
async def window(
    browser: Browser,
    system: System,
    email: str = "",
    *,
    size: tuple[int, int] = (1280, 800),
    scheme: Literal["light", "dark"] = "light",
    language: str = "en",
    bypass_csp: bool = False,
) -> AsyncIterator[Window]:
    """A browser that remembers nothing yet; signed in where `email` is given. What it throws, or its policy stops, fails."""
    context = await browser.new_context(
        viewport={"width": size[0], "height": size[1]}, color_scheme=scheme, locale=language, bypass_csp=bypass_csp
    )
    context.set_default_timeout(BUSY)
    page = await context.new_page()
    thrown: list[str] = []
    page.on("pageerror", lambda error: thrown.append(str(error)))
    page.on("console", lambda said: thrown.append(said.text) if "Content Security Policy" in said.text else None)
    found = Window(system, page)
    if email:
        await found.sign_in(email)
        await found.leaves_at_once()
        if await page.get_attribute("html", "lang") != language:
            await found.speak(language)
    yield found
    await context.close()
    assert thrown == []


async def note_many(system: System, conversation: int, count: int) -> None:
    """Fill a thread, so that its beginning is far away."""
    for number in range(count):
        await system.api.post(f"/conversations/{conversation}/messages", {"text": f"Line {number}", "note": True})


async def handed_over(system: System, conversation: int) -> None:
    """Return when a person has the next word."""

    async def handed() -> bool:
        return not (await system.api.get(f"/conversations/{conversation}"))["bot"]

    await wait_until(handed, what="the bot hands over")


async def asking(city: Town, *ways: Way) -> tuple[Visitor, int]:
    """A customer who asks for a person by the first of these ways, and their conversation once the bot is out of it."""
    visitor = city.newcomer(*ways, language="en")
    await visitor.write("Talk to a person")
    number = (await visitor.conversation())["id"]
    await handed_over(city.system, number)
    return visitor, number
