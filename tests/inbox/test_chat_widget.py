"""The web chat's widget in a real browser, on a page of another site."""

import asyncio
import base64
import json
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

import pytest
import pytest_asyncio
import sqlalchemy as sa
from aiohttp import web
from playwright.async_api import Browser, BrowserContext, FilePayload, Page, Route, async_playwright, expect

from inbox import schema as t
from inbox.db import Database
from inbox.settings import Settings
from tests.inbox.chat_desk import Desk, proof, running
from tests.valkey import private_valkey

expect.set_options(timeout=30_000)  # this machine may be busy
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on this machine"),
    pytest.mark.parametrize("settings", ["sqlite"], indirect=True),
]
_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
_ARGUMENTS += ["--disable-component-update", "--disable-sync"]
_HOSTILE = """* { font-size: 40px !important; color: red !important; display: block !important; opacity: .1 !important;
text-transform: uppercase !important; letter-spacing: 9px !important; transform: rotate(9deg) !important;
--paper: red; --x: 300px } button { width: 400px } @layer page { * { all: unset !important } }"""
_PLAIN = "html { color-scheme: light dark; background: Canvas }"
AXE = Path(__file__).parents[2] / "inbox" / "ui" / "node_modules" / "axe-core" / "axe.min.js"
PAGE = """<!doctype html><html lang="{language}"><style>{style}</style><body><h1 id="own">Shop</h1>
<script src="{chat}/widget.js" {attributes} async></script></body></html>"""


@pytest.fixture(scope="module")
def valkey() -> Iterator[str]:
    with private_valkey() as address:
        yield address


class Site:
    """A shop's page that carries the chat; the tests change what it says."""

    def __init__(self) -> None:
        self.url = ""
        self.chat = ""
        self.language = "ru"
        self.attributes = ""
        self.style = _HOSTILE

    async def page(self, request: web.Request) -> web.Response:
        text = PAGE.format(language=self.language, style=self.style, chat=self.chat, attributes=self.attributes)
        return web.Response(text=text, content_type="text/html")


@asynccontextmanager
async def serving() -> AsyncIterator[Site]:
    site = Site()
    app = web.Application()
    app.router.add_get("/", site.page)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    site.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield site
    await runner.cleanup()


@pytest_asyncio.fixture(loop_scope="module")
async def site() -> AsyncIterator[Site]:
    async with serving() as found:
        yield found


@pytest_asyncio.fixture(loop_scope="module")
async def desk(settings: Settings, db: Database, valkey: str, site: Site) -> AsyncIterator[Desk]:
    async with running(settings, db, valkey, origins=site.url) as found:
        site.chat = found.url
        yield found


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def chromium() -> AsyncIterator[Browser]:
    """One for all tests: it takes longer to start than a test takes."""
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=CHROMIUM, args=_ARGUMENTS)
        yield started
        await started.close()


@pytest_asyncio.fixture(loop_scope="module")
async def browser(chromium: Browser, desk: Desk) -> AsyncIterator[BrowserContext]:
    async with context(chromium) as found:
        yield found


@asynccontextmanager
async def context(chromium: Browser) -> AsyncIterator[BrowserContext]:
    """A browser that remembers nothing yet."""
    found = await chromium.new_context(viewport={"width": 1000, "height": 760})
    found.set_default_timeout(30_000)
    yield found
    await found.close()


async def open_chat(browser: BrowserContext, site: Site) -> Page:
    page = await browser.new_page()
    page.on("pageerror", lambda error: pytest.fail(f"the widget failed: {error}"))
    await page.goto(site.url)
    await page.get_by_role("button", name="Открыть чат").click()
    return page


async def write(page: Page, text: str) -> None:
    await page.get_by_role("textbox", name="Сообщение").fill(text)
    await page.keyboard.press("Enter")


async def visitor(page: Page) -> str:
    return (await token(page)).partition(".")[0]


async def token(page: Page) -> str:
    kept: str = await page.evaluate("JSON.parse(Object.entries(localStorage).find(([key]) => key.endsWith(' who'))[1]).token")
    return kept


async def test_a_conversation(browser: BrowserContext, desk: Desk, site: Site) -> None:
    page = await open_chat(browser, site)
    await expect(page.get_by_role("dialog", name="Ромашка")).to_be_visible()
    await write(page, "Здравствуйте!")
    await expect(page.get_by_label("Отправлено")).to_be_visible()
    choices = [{"id": "delivery", "title": "Доставка"}, {"id": "return", "title": "Возврат"}]
    number = await desk.answer(await visitor(page), "Чем помочь? https://shop.example/help.", choices=choices)
    link = page.get_by_role("link", name="https://shop.example/help", exact=True)
    await expect(link).to_have_attribute("rel", "noopener noreferrer nofollow")
    await page.get_by_role("button", name="Возврат").click()
    await expect(page.get_by_role("log").get_by_text("Возврат")).to_be_visible()
    await expect(page.get_by_role("button", name="Возврат")).to_have_count(0)
    await expect(page.get_by_label("Ждёт отправки")).to_have_count(0)
    await expect_state(desk, number, "read")


async def test_what_was_written_without_a_network_survives_a_reload_and_arrives_once(
    browser: BrowserContext, desk: Desk, site: Site
) -> None:
    page = await open_chat(browser, site)
    await write(page, "первое")
    await expect(page.get_by_label("Отправлено")).to_be_visible()

    async def lose(route: Route) -> None:
        await route.abort("internetdisconnected")

    await browser.route("**/chat/*/messages*", lose)
    await write(page, "второе")
    await page.locator("input[type=file]").set_input_files(
        {"name": "чек.txt", "mimeType": "text/plain", "buffer": "сто рублей".encode()}
    )
    await write(page, "третье")
    await expect(page.get_by_text("Нет связи")).to_be_visible()
    await page.reload()
    await expect(page.get_by_label("Ждёт отправки")).to_have_count(2)
    await browser.unroute("**/chat/*/messages*")
    await expect(page.get_by_label("Ждёт отправки")).to_have_count(0)
    await expect(page.get_by_role("link", name="чек.txt")).to_be_visible()
    items = await desk.items(await token(page))
    assert [i["text"] for i in items] == ["первое", "второе", "третье"]
    assert items[2]["attachments"][0]["size"] == len("сто рублей".encode())


async def test_what_came_while_the_page_was_closed_is_there_and_counted(browser: BrowserContext, desk: Desk, site: Site) -> None:
    page = await open_chat(browser, site)
    await write(page, "Есть синий?")
    await expect(page.get_by_label("Отправлено")).to_be_visible()
    who = await visitor(page)
    await page.get_by_role("button", name="Закрыть чат").first.click()
    await page.close()
    await desk.answer(who, "Есть")
    await desk.answer(who, "И зелёный")
    page = await browser.new_page()
    await page.goto(site.url)
    launcher = page.get_by_role("button", name="Открыть чат, 2 новых сообщения")
    await launcher.click()
    await expect(page.get_by_role("log").get_by_text("И зелёный")).to_be_visible()


async def test_tabs_share_one_stream_and_one_truth(browser: BrowserContext, desk: Desk, site: Site) -> None:
    first = await open_chat(browser, site)
    await write(first, "из первой")
    await expect(first.get_by_label("Отправлено")).to_be_visible()
    second = await browser.new_page()
    await second.goto(site.url)
    await expect(second.get_by_role("log").get_by_text("из первой")).to_be_visible()
    await desk.answer(await visitor(first), "слышно обеим")
    for page in (first, second):
        await expect(page.get_by_role("log").get_by_text("слышно обеим")).to_be_visible()
    who = await visitor(first)
    assert len(desk.streams(who)) == 1
    # Whoever holds the stream goes: the other goes on with it, and sends what is still waiting.
    await first.close()
    await expect_soon(lambda: len(desk.streams(who)) == 1)
    await desk.answer(who, "слышно и теперь")
    await expect(second.get_by_role("log").get_by_text("слышно и теперь")).to_be_visible()


async def test_a_lost_acknowledgement_is_made_good(browser: BrowserContext, desk: Desk, site: Site) -> None:
    page = await open_chat(browser, site)
    await write(page, "Здравствуйте!")
    await expect(page.get_by_label("Отправлено")).to_be_visible()

    async def lose(route: Route) -> None:
        await route.abort("internetdisconnected")

    await browser.route("**/chat/*/messages", lose)
    number = await desk.answer(await visitor(page), "Добрый день")
    await expect(page.get_by_role("log").get_by_text("Добрый день")).to_be_visible()
    assert await desk.state(number) == "sent"
    await browser.unroute("**/chat/*/messages")
    await page.reload()
    await expect_state(desk, number, "read")


async def expect_state(desk: Desk, number: int, state: str) -> None:
    async with asyncio.timeout(30):
        while await desk.state(number) != state:
            await asyncio.sleep(0.02)


async def expect_soon(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not true():
            await asyncio.sleep(0.02)


async def test_read_marks_and_typing_go_both_ways_and_nothing_unseen_is_read(
    browser: BrowserContext, desk: Desk, site: Site
) -> None:
    page = await open_chat(browser, site)
    await write(page, "Здравствуйте!" + "\n." * 60)
    await expect(page.get_by_label("Отправлено")).to_be_visible()
    who = await visitor(page)
    line = await desk.accounts.line(desk.channel)
    assert line is not None
    await line.connector.typing(who)
    await expect(page.get_by_text("Сотрудник пишет")).to_be_visible()
    await desk.look(who)
    await line.connector.read(who, "c1")
    await expect(page.get_by_label("Прочитано")).to_be_visible()
    await page.get_by_role("log").evaluate("log => { log.scrollTop = 0 }")
    number = await desk.answer(who, "Добрый день")
    await expect_state(desk, number, "delivered")
    await page.get_by_role("button", name="Новые сообщения").click()
    await expect_state(desk, number, "read")


async def test_a_site_whose_proof_is_wrong_keeps_its_customers(browser: BrowserContext, desk: Desk, site: Site) -> None:
    site.attributes = 'data-user="42" data-user-hash="00"'
    page = await open_chat(browser, site)
    await write(page, "Меня слышно?")
    await expect(page.get_by_label("Отправлено")).to_be_visible()
    assert await desk.identities("user") == []


async def test_who_signs_out_leaves_nothing_behind(browser: BrowserContext, desk: Desk, site: Site) -> None:
    site.attributes = f'data-user="42" data-user-hash="{proof("42")}"'
    page = await open_chat(browser, site)
    await write(page, "мой секрет")
    await expect(page.get_by_label("Отправлено")).to_be_visible()
    assert await desk.identities("user") == [("42", True)]
    site.attributes = ""
    await page.reload()
    await page.get_by_role("button", name="Открыть чат").click()
    await expect(page.get_by_text("Чем помочь")).to_be_visible()
    await expect(page.get_by_text("мой секрет")).to_have_count(0)
    assert "секрет" not in await page.evaluate("JSON.stringify(localStorage)")


async def test_the_keyboard_is_enough_and_the_page_stays_itself(browser: BrowserContext, desk: Desk, site: Site) -> None:
    page = await browser.new_page()
    await page.goto(site.url)
    before = await page.evaluate(_LOOKS, "#own")
    await page.evaluate(
        "window.heard = []; for (const kind of ['keydown', 'input']) addEventListener(kind, () => heard.push(kind))"
    )
    launcher = page.get_by_role("button", name="Открыть чат")
    await launcher.focus()
    await page.keyboard.press("Enter")
    box = page.get_by_role("textbox", name="Сообщение")
    await expect(box).to_be_focused()
    await page.keyboard.type("/поиск")
    assert await page.evaluate("heard") == []
    style = await box.evaluate(
        "element => { const s = getComputedStyle(element); return [s.fontSize, s.textTransform, s.letterSpacing] }"
    )
    assert style == ["14px", "none", "normal"]
    panel = page.get_by_role("dialog")
    look = "element => { const s = getComputedStyle(element); return [s.backgroundColor, s.opacity, s.right] }"
    assert await panel.evaluate(look) == ["rgb(255, 255, 255)", "1", "20px"]
    assert await page.evaluate(_HOST) == ["1", "none", "static"]
    assert await page.evaluate(_LOOKS, "#own") == before
    assert await page.evaluate("document.styleSheets.length + document.adoptedStyleSheets.length") == 1
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_be_hidden()
    await expect(launcher).to_be_focused()


_LOOKS = "(what) => { const all = getComputedStyle(document.querySelector(what)); return [...all].map((name) => all[name]) }"
_HOST = """() => { const all = getComputedStyle(document.querySelector("#switchboard-chat"));
return [all.opacity, all.transform, all.position] }"""


@pytest.mark.parametrize(
    ("scheme", "colour", "rules"), [("light", "#2563eb", ()), ("dark", "#facc15", ("color-contrast",))], ids=["light", "dark"]
)
async def test_nothing_in_the_chat_is_out_of_reach(
    settings: Settings,
    db: Database,
    valkey: str,
    site: Site,
    chromium: Browser,
    scheme: Literal["light", "dark"],
    colour: str,
    rules: tuple[str, ...],
) -> None:
    site.style = _PLAIN
    form = {"ask_name": "required", "ask_email": "optional", "ask_topic": "required", "topics": "Доставка; Возврат"}
    async with (
        running(settings, db, valkey, origins=site.url, colour=colour, hours="mon 09:00-10:00", **form) as desk,
        context(chromium) as browser,
    ):
        site.chat = desk.url
        page = await open_chat(browser, site)
        await page.emulate_media(color_scheme=scheme)
        await page.add_script_tag(path=AXE)
        await expect(page.get_by_text("Будем на связи")).to_be_visible()
        await page.get_by_role("button", name="Начать чат").click()
        await expect(page.get_by_role("textbox", name="Имя")).to_be_focused()
        assert await complaints(page, *rules) == []
        await page.get_by_role("textbox", name="Имя").fill("Анна")
        await page.get_by_label("Тема").select_option("Возврат")
        await page.get_by_role("button", name="Начать чат").click()
        await expect(page.get_by_role("textbox", name="Сообщение")).to_be_focused()
        picture: FilePayload = {"name": "фото.png", "mimeType": "image/png", "buffer": _PIXEL}
        sound: FilePayload = {"name": "голос.wav", "mimeType": "audio/wav", "buffer": _SILENCE}
        await page.locator("input[type=file]").set_input_files([picture, sound])
        await write(page, "вот")
        await expect(page.get_by_label("Отправлено")).to_be_visible()
        await expect(page.get_by_role("img", name="фото.png")).to_be_visible()
        await expect(page.locator("audio")).to_have_attribute("aria-label", "голос.wav")
        await desk.answer(await visitor(page), "Чем помочь? https://shop.example", choices=[{"id": "a", "title": "Заказ"}])
        await expect(page.get_by_role("button", name="Заказ")).to_be_visible()
        assert await complaints(page, *rules) == []
        subject = await desk.db.read(lambda c: c.scalar(sa.select(t.conversations.c.subject)))
        assert (subject, await desk.identities("email")) == ("Возврат", [])


async def complaints(page: Page, *rules: str) -> list[str]:
    """What axe finds wrong in the chat, by all rules or by these."""
    only = {"runOnly": rules} if rules else {"rules": {"region": {"enabled": False}}}
    found = await page.evaluate("(options) => axe.run(document.querySelector('#switchboard-chat'), options)", only)
    assert "color-contrast" in {rule["id"] for rule in found["passes"]}, "axe has not looked into the chat"
    return [f"{each['id']}: {node['html'][:200]} {node['any'][:1]}" for each in found["violations"] for node in each["nodes"]]


_SILENCE = b"RIFF$\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0@\x1f\0\0@\x1f\0\0\1\0\x08\0data\0\0\0\0"
_PIXEL = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==")


async def test_a_site_that_may_not_carry_the_chat_is_told_and_so_is_its_owner(
    browser: BrowserContext, desk: Desk, site: Site
) -> None:
    said: list[str] = []
    page = await browser.new_page()
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    await page.goto(site.url.replace("127.0.0.1", "localhost"))
    await expect_soon(lambda: any("is not among the sites of this chat" in each for each in said))
    assert await page.locator("#switchboard-chat").count() == 0
    async with asyncio.timeout(30):
        while "localhost" not in json.dumps(await desk.account()):
            await asyncio.sleep(0.02)


async def test_markup_in_a_message_is_only_text(browser: BrowserContext, desk: Desk, site: Site) -> None:
    page = await open_chat(browser, site)
    text = '<img src=x onerror="document.title=1"> javascript:alert(1)'
    await write(page, text)
    await expect(page.get_by_role("log").get_by_text(text)).to_be_visible()
    await expect(page.get_by_label("Отправлено")).to_be_visible()
    assert await page.title() == "" and await page.get_by_role("log").get_by_role("link").count() == 0


async def test_a_typed_address_is_asked_for_once_and_only_claimed(browser: BrowserContext, desk: Desk, site: Site) -> None:
    page = await open_chat(browser, site)
    await write(page, "Перезвоните")
    address = page.get_by_role("textbox", name="Почта")
    await address.fill("анна")
    await page.get_by_role("button", name="Сохранить").click()
    await expect(page.get_by_text("не похоже на адрес")).to_be_visible()
    await address.fill("Anna@Example.org")
    await page.get_by_role("button", name="Сохранить").click()
    await expect(address).to_be_hidden()
    found = await desk.identities("email")
    assert found == [("anna@example.org", False)]


async def test_a_phone_sees_the_whole_chat_and_english_words(browser: BrowserContext, desk: Desk, site: Site) -> None:
    site.language = "en-GB"
    page = await browser.new_page()
    await page.set_viewport_size({"width": 360, "height": 640})
    await page.emulate_media(reduced_motion="reduce")
    await page.goto(site.url)
    await page.get_by_role("button", name="Open the chat").click()
    box = await page.get_by_role("dialog").bounding_box()
    assert box == {"x": 0, "y": 0, "width": 360, "height": 640}
    await expect(page.get_by_text("Hello. How can we help?")).to_be_visible()
