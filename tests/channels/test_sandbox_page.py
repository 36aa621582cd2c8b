"""The phones page in a real browser, and the sandbox as a program of its own."""

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from random import Random

import pytest
from aiohttp import web
from playwright.async_api import FilePayload, Page, async_playwright, expect

from channels.sandbox.app import STAND_INS, Sandbox
from channels.sandbox.base import Bubble, Customer, Draft, StandIn
from channels.sandbox.life import picture

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
_ARGUMENTS += ["--disable-component-update", "--disable-sync"]


class Menu(StandIn):
    """A provider without a network, whose business answers every word with two buttons."""

    kind = "telegram"

    def settings(self) -> dict[str, str]:
        return {}

    def routes(self) -> web.Application:
        return web.Application()

    async def write(self, customer: Customer, draft: Draft) -> Bubble:
        if draft.text == "слишком":
            raise ConnectionRefusedError("нет связи")
        number = str(len(customer.bubbles))
        mine = Bubble(id=number, channel="telegram", mine=True, text=draft.text, files=draft.files, reply_to=draft.reply_to)
        self.phones.show(customer, mine)
        text = f"Вы выбрали {draft.choice}" if draft.choice else "Что подсказать?"
        choices = [] if draft.choice else [("buy", "Купить"), ("ask", "Спросить")]
        self.phones.show(customer, Bubble(id=f"{number}a", channel="telegram", mine=False, text=text, choices=choices))
        return mine


@pytest.fixture
async def page() -> AsyncIterator[tuple[Page, Sandbox]]:
    async with Sandbox(stand_ins=[f"{__name__}:Menu"]) as sandbox, async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=_ARGUMENTS)
        page = await chromium.new_page(locale="ru-RU")
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: pytest.fail(f"the page failed: {error}"))
        await page.goto(f"{sandbox.base_url}/#anna")
        yield page, sandbox
        await chromium.close()


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on this machine")
async def test_a_customer_writes_presses_and_reads_on_the_page(page: tuple[Page, Sandbox]) -> None:
    shown, sandbox = page
    box = shown.get_by_role("textbox", name="Сообщение: Telegram")
    await box.fill("Здравствуйте")
    await box.press("Enter")
    log = shown.get_by_role("log", name="Telegram")
    await log.get_by_role("button", name="Спросить").click()
    await expect(log.get_by_text("Вы выбрали ask")).to_be_visible()
    photo = FilePayload(name="photo.png", mimeType="image/png", buffer=picture(Random(1)))
    await shown.locator(".telegram input[type=file]").set_input_files(photo)
    await shown.get_by_role("button", name="Отправить: Telegram").click()
    await expect(log.get_by_role("img", name="photo.png")).to_be_visible()
    await expect(shown.get_by_role("link", name="Анна Кузнецова").locator(".count")).to_have_count(0)
    assert all(b.state == "read" for b in sandbox.person("anna").bubbles if not b.mine)


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on this machine")
async def test_what_could_not_be_delivered_stays_in_the_box(page: tuple[Page, Sandbox]) -> None:
    shown, _ = page
    box = shown.get_by_role("textbox", name="Сообщение: Telegram")
    await box.fill("слишком")
    await box.press("Enter")
    await expect(shown.get_by_role("alert").filter(has_text="нет связи")).to_be_visible()
    await expect(box).to_have_value("слишком")


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on this machine")
async def test_another_customers_message_is_counted_and_the_language_changes(page: tuple[Page, Sandbox]) -> None:
    shown, sandbox = page
    sandbox.phones.show(sandbox.person("igor"), Bubble(id="1", channel="telegram", mine=False, text="Ответ для Игоря"))
    row = shown.get_by_role("link", name="Игорь Соколов")
    await expect(row.locator(".count")).to_have_text("1")
    await shown.get_by_role("button", name="English").click()
    await expect(shown.get_by_role("heading", name="Customers' phones")).to_be_visible()
    await row.click()
    await expect(row.locator(".count")).to_have_count(0)


def test_the_program_says_where_it_is_and_ends_when_told() -> None:
    command = [sys.executable, "-m", "channels.sandbox", "--port", "0", "--connect", "sms=http://127.0.0.1:9/hooks/1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        told = json.loads(program.stdout.readline())
        program.send_signal(signal.SIGTERM)
        assert program.wait(20) == 0
    assert told["page"].startswith("http://127.0.0.1:")
    assert set(told["settings"]) == {name.partition(":")[0].rsplit(".", 1)[1] for name in STAND_INS}


def test_the_program_refuses_a_connection_it_cannot_read() -> None:
    command = [sys.executable, "-m", "channels.sandbox", "--connect", "sms"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 2 and "kind=webhook" in ended.stderr
