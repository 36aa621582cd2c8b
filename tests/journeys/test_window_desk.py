"""Somebody at a desk who looks elsewhere: what the browser tells them, once, who else is there, and what is heard."""

import io
import math
import struct
import wave
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from channels.sandbox.base import PhoneFile
from tests.journeys.system import OWNER, wait_until
from tests.journeys.town import WAYS, Town, town
from tests.journeys.window import MARKS, Window, add_colleague, asking, window

pytestmark = list(MARKS)
TELEGRAM = next(way for way in WAYS if way.kind == "telegram")
ELSEWHERE = """
window.told = []; window.tones = 0; window.asked = 0;
window.Notification = class {
  static permission = 'granted';
  constructor(title, options) { told.push({ title, ...options }); Notification.last = this; }
  close() { this.closed = true; }
};
localStorage.setItem('switchboard.notify', 'on');
Document.prototype.hasFocus = () => false;
const start = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (...given) { tones += 1; return start.apply(this, given); };
const ask = window.fetch;
window.fetch = async (...given) => {
  const answer = await ask(...given);
  if (String(given[0]).includes('/attention')) setTimeout(() => (window.asked += 1), 100);
  return answer;
};
"""
"""A browser that was allowed to tell, with nobody before it: what it tells is kept for us to read."""
SETTINGS = """async (body) => {
  const { csrf } = await (await fetch('/api/v1/session')).json();
  const headers = { 'Content-Type': 'application/json', 'X-CSRF-Token': csrf };
  return (await fetch('/api/v1/notifications', { method: 'PATCH', headers, body: JSON.stringify(body) })).status;
}"""


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def city(tmp_path_factory: pytest.TempPathFactory, app: None) -> AsyncIterator[Town]:
    async with town(tmp_path_factory.mktemp("town"), "", (TELEGRAM,)) as found:
        await add_colleague(found.system)
        yield found
        assert found.system.errors() == []


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def tabs(browser: Browser, city: Town) -> AsyncIterator[list[Page]]:
    """Two tabs of one browser; both know what waits already."""
    async with window(browser, city.system, OWNER) as found:
        await found.context.add_init_script(ELSEWHERE)
        await found.go("/tasks")
        other = await found.context.new_page()
        await Window(city.system, other).go("/inbox?view=all")
        await _asked([found.page, other])
        yield [found.page, other]


async def _count(pages: list[Page], what: str) -> int:
    return sum([int(await page.evaluate(what)) for page in pages])


async def _asked(pages: list[Page], after: int = 0) -> None:
    """Until whichever tab speaks for the browser has asked what waits more often than that."""

    async def more() -> bool:
        return await _count(pages, "asked") > after

    await wait_until(more, 60, "asks what waits")


async def _told(pages: list[Page]) -> list[dict[str, Any]]:
    return [each for page in pages for each in await page.evaluate("told")]


async def test_a_browser_tells_once_of_who_waits_and_leads_there(city: Town, tabs: list[Page]) -> None:
    visitor, number = await asking(city, TELEGRAM)
    await wait_until(lambda: _told(tabs), 60, "something is told")
    before = await _count(tabs, "asked")
    await visitor.write("Anybody there?")
    await _asked(tabs, before)
    found = await _told(tabs)
    name = (await city.system.api.get(f"/conversations/{number}"))["contact"]["name"]
    about = [each for each in found if each["tag"] == f"conversation-{number}"]
    assert len(about) == len({each["body"] for each in about}), "each thing once, not once a tab"
    assert all(each["title"].startswith(f"{name} · ") and each["body"] for each in about), about
    assert about[-1]["body"] in {"Talk to a person", "Anybody there?"}
    assert await _count(tabs, "tones") == 2 * len(found), "one sound each time, of two notes"
    (speaker,) = [page for page in tabs if await page.evaluate("told.length")]
    await speaker.evaluate("Notification.last.onclick()")
    await expect(speaker.get_by_role("log").get_by_text("Anybody there?").last).to_be_visible()
    assert f"/inbox/{number}" in speaker.url and await speaker.evaluate("Notification.last.closed")


async def test_nothing_is_told_in_quiet_hours(city: Town, tabs: list[Page]) -> None:
    now = datetime.now(UTC)
    hours = {"quiet_from": f"{now - timedelta(hours=1):%H:%M}", "quiet_to": f"{now + timedelta(hours=1):%H:%M}"}
    before = len(await _told(tabs))
    assert await tabs[0].evaluate(SETTINGS, {**hours, "timezone": "UTC"}) == 200
    for page in tabs:
        await page.reload()
    await _asked(tabs)
    asked = await _count(tabs, "asked")
    await asking(city, TELEGRAM)
    await _asked(tabs, asked)
    assert await _told(tabs) == [] and before > 0


async def test_a_colleague_sees_who_looks_at_the_same_and_who_is_away(city: Town, vera: Window, boris: Window) -> None:
    _, number = await asking(city, TELEGRAM)
    await vera.open(number)
    await boris.open(number)
    await expect(vera.page.get_by_role("status").get_by_text("Boris is here too")).to_be_visible()
    await boris.go("/tasks")
    await expect(vera.page.get_by_text("Boris is here too")).to_have_count(0)
    await _away(boris)
    await vera.page.get_by_role("button", name="Responsible").first.click()
    await expect(vera.page.get_by_role("menuitem", name="Boris").get_by_text("away until")).to_be_visible()
    await vera.keys("Escape")


async def _away(window: Window) -> None:
    await window.keys("Control+KeyK")
    await window.page.get_by_role("combobox").first.fill("away")
    await window.keys("Enter")
    await window.page.get_by_role("dialog").get_by_role("button", name="1 hour").click()
    await expect(window.page.get_by_role("dialog")).to_have_count(0)


def _spoken(seconds: int = 2) -> bytes:
    """A sound that grows louder."""
    kept, rate = io.BytesIO(), 8000
    with wave.open(kept, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(rate)
        whole = seconds * rate
        sound.writeframes(b"".join(struct.pack("<h", int(30000 * n / whole * math.sin(n / 5))) for n in range(whole)))
    return kept.getvalue()


async def test_a_spoken_message_shows_its_shape_and_is_heard_from_where_one_points(city: Town, vera: Window) -> None:
    visitor, number = await asking(city, TELEGRAM)
    await visitor.write(files=[PhoneFile(kind="voice", name="voice.wav", mime="audio/wav", content=_spoken())])
    await vera.open(number)
    bars = vera.thread.locator(".wave i")
    await expect(bars).to_have_count(48)
    heights = await bars.evaluate_all("all => all.map((each) => parseFloat(each.style.height))")
    assert heights[0] < heights[24] < heights[46] <= 100
    await vera.thread.get_by_role("slider").press("End")
    await expect(vera.thread.locator(".wave .heard")).to_have_count(48)
    for speed in ("1.5×", "2×", "1×"):
        await vera.thread.get_by_role("button", name="Speed").click()
        await expect(vera.thread.get_by_role("button", name="Speed")).to_have_text(speed)


async def test_on_a_phone_back_closes_the_customers_card_before_the_conversation(browser: Browser, city: Town) -> None:
    _, number = await asking(city, TELEGRAM)
    async with window(browser, city.system, OWNER, size=(390, 844)) as phone:
        await phone.go("/inbox?view=all")
        await phone.row(number).get_by_role("link").click()
        await expect(phone.box).to_be_visible()
        for close in (phone.page.go_back, phone.page.get_by_role("dialog").get_by_role("button", name="Close", exact=True).click):
            await phone.page.locator("section.thread header .title").click()
            await expect(phone.page.get_by_role("dialog")).to_be_visible()
            await close()
            await expect(phone.page.get_by_role("dialog")).to_have_count(0)
            await expect(phone.box).to_be_visible()
        await phone.page.go_back()
        await expect(phone.row(number)).to_be_visible()


async def test_the_menu_of_a_conversation_is_walked_by_keys_into_its_inner_menus(city: Town, vera: Window) -> None:
    _, number = await asking(city, TELEGRAM)
    await vera.open(number)
    await vera.page.get_by_role("button", name="More", exact=True).last.press("Enter")
    await expect(vera.page.get_by_role("menuitem")).to_have_count(12)
    await vera.page.get_by_role("menuitem", name="Merge, split, link").press("ArrowRight")
    await vera.page.get_by_role("menuitem", name="Split in two").press("Enter")
    await expect(vera.page.get_by_text("From which message on is it another matter?")).to_be_visible()
    await vera.page.get_by_role("button", name="Leave it whole").click()
    await vera.keys("u")
    assert str(number) not in (await vera.at(r"/inbox(/\d+)?\?")).rpartition("/")[2].partition("?")[0]

    async def unread() -> bool:
        return bool((await city.system.api.get(f"/conversations/{number}"))["unread"])

    await wait_until(unread, what="the conversation is unread again")
