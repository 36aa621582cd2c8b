"""Takes pictures of the app for a person to look at: `python look.py OUT --shot thread --width 1440 390 --theme dark`."""

import argparse
import itertools
from pathlib import Path

from playwright.sync_api import Browser, Page, Route, sync_playwright

QUIET = ("gpu", "quic", "background-networking", "component-update", "sync")
FLAGS = ["--no-sandbox", "--no-first-run", *(f"--disable-{each}" for each in QUIET)]
SHOTS: dict[str, str] = {
    "inbox": "/inbox",
    "thread": "/inbox/1",
    "shut": "/inbox/3?view=all",
    "person": "/people/1",
    "people": "/people",
    "tasks": "/tasks",
    "bots": "/bots",
    "flow": "/bots/1",
    "broadcasts": "/broadcasts",
    "broadcast": "/broadcasts/1",
    "broadcast-new": "/broadcasts/new",
    "reports": "/reports",
    "settings": "/settings",
    "channels": "/channels",
    "channel": "/channels/3",
    "channel-new": "/channels/new",
    "team": "/team",
    "templates": "/templates",
}
HEIGHTS = {1440: 900, 1000: 800, 390: 844}


def shoot(browser: Browser, base: str, out: Path, name: str, width: int, theme: str, language: str) -> list[str]:
    """One picture; returns what the page complained about."""
    context = browser.new_context(
        viewport={"width": width, "height": HEIGHTS.get(width, 900)},
        has_touch=width < 720,
        locale="ru-RU" if language == "ru" else "en-US",
        color_scheme="dark" if theme == "dark" else "light",
    )
    page: Page = context.new_page()
    troubles: list[str] = []
    page.on("console", lambda said: troubles.append(f"{name}: {said.text}") if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: troubles.append(f"{name}: {error}"))
    if language != "ru":
        # The invented session speaks Russian; the person's own choice is what the picture is for.
        page.route("**/api/v1/session", lambda route: speak(route, language))
    page.goto(base + SHOTS[name])
    page.wait_for_load_state("load")
    page.wait_for_timeout(900)
    page.screenshot(path=out / f"{name}-{width}-{theme}-{language}.png")
    context.close()
    return troubles


def speak(route: Route, language: str) -> None:
    """The invented manager speaks Russian; the pictures are wanted in both languages."""
    answer = route.fetch()
    body = answer.json()
    if "manager" in body:
        body["manager"]["language"] = language
    route.fulfill(response=answer, json=body)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("--base", default="http://127.0.0.1:4173")
    parser.add_argument("--shot", nargs="*", default=list(SHOTS))
    parser.add_argument("--width", nargs="*", type=int, default=[1440])
    parser.add_argument("--theme", nargs="*", default=["light"])
    parser.add_argument("--language", nargs="*", default=["ru"])
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        for name, width, theme, language in itertools.product(asked.shot, asked.width, asked.theme, asked.language):
            for trouble in shoot(browser, asked.base, asked.out, name, width, theme, language):
                print(trouble)
        browser.close()


if __name__ == "__main__":
    main()
