"""The built app in a real browser, against the invented server: what an operator's hands do all day."""

import re
import time
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

pytestmark = pytest.mark.browser
UI = Path(__file__).parents[2]


def test_j_and_k_walk_the_list_and_the_address_follows(page: Page) -> None:
    page.keyboard.press("j")
    expect(page).to_have_url(re.compile(r"/inbox/\d+"))
    first = page.url
    page.keyboard.press("j")
    expect(page).not_to_have_url(first)
    page.keyboard.press("k")
    expect(page).to_have_url(first)


def test_enter_sends_once_and_the_ticks_advance(page: Page, base: str) -> None:
    page.goto(f"{base}/inbox/1")
    box = page.get_by_label("Ответ", exact=True)
    box.fill("Да, после семи можно")
    box.press("Enter")
    sent = page.locator(".bubble", has_text="Да, после семи можно")
    expect(sent).to_have_count(1)
    expect(box).to_have_value("")
    expect(sent.get_by_role("img", name="Прочитано")).to_be_visible(timeout=10_000)
    expect(sent).to_have_count(1)


def test_shift_enter_makes_a_line(page: Page, base: str) -> None:
    page.goto(f"{base}/inbox/1")
    box = page.get_by_label("Ответ", exact=True)
    box.fill("раз")
    box.press("Shift+Enter")
    box.type("два")
    expect(box).to_have_value("раз\nдва")


def test_tab_turns_the_box_into_a_note_and_back(page: Page, base: str) -> None:
    page.goto(f"{base}/inbox/1")
    page.get_by_label("Ответ", exact=True).press("Tab")
    note = page.locator(".box.note")
    expect(note).to_be_visible()
    note.locator("textarea").fill("Позвонить курьеру")
    note.locator("textarea").press("Enter")
    expect(page.locator(".note[id]", has_text="Позвонить курьеру")).to_be_visible()


def test_a_refusal_keeps_the_text_and_says_why(page: Page, base: str) -> None:
    page.goto(f"{base}/inbox/1")
    box = page.get_by_label("Ответ", exact=True)
    box.fill("Важно!!!")
    box.press("Enter")
    expect(page.get_by_text("Клиент остановил сообщения")).to_be_visible()
    page.get_by_role("button", name="Исправить").click()
    expect(box).to_have_value("Важно!!!")


def test_without_a_line_the_message_waits_survives_a_reload_and_goes_by_itself(
    page: Page, context: BrowserContext, base: str
) -> None:
    page.goto(f"{base}/inbox/1")
    box = page.get_by_label("Ответ", exact=True)
    page.route(
        "**/api/v1/conversations/1/messages", lambda route: route.abort() if route.request.method == "POST" else route.continue_()
    )
    box.fill("Дойдёт потом")
    box.press("Enter")
    expect(page.get_by_text("Нет связи. Отправится само")).to_be_visible()
    page.reload()
    waiting = page.get_by_text("Дойдёт потом")
    expect(waiting).to_be_visible()
    page.unroute("**/api/v1/conversations/1/messages")
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.locator(".bubble", has_text="Дойдёт потом").get_by_role("img", name="Прочитано")).to_be_visible(timeout=10_000)


def test_a_draft_waits_where_it_was_left(page: Page, base: str) -> None:
    page.goto(f"{base}/inbox/1")
    page.get_by_label("Ответ", exact=True).fill("Начало мысли")
    page.goto(f"{base}/inbox/2?view=all")
    expect(page.get_by_label("Ответ", exact=True)).to_have_value("")
    expect(page.get_by_text("Черновик:")).to_be_visible()
    page.goto(f"{base}/inbox/1")
    expect(page.get_by_label("Ответ", exact=True)).to_have_value("Начало мысли")


def test_a_slash_offers_templates_and_enter_takes_one(page: Page, base: str) -> None:
    page.goto(f"{base}/inbox/1")
    box = page.get_by_label("Ответ", exact=True)
    box.press_sequentially("/прив")
    expect(page.get_by_role("option", name="/привет")).to_be_visible()
    box.press("Enter")
    expect(box).to_have_value("Здравствуйте, Екатерина! Чем помочь?")


def test_a_shut_channel_says_why_and_offers_the_way_that_works(page: Page, base: str) -> None:
    page.goto(f"{base}/inbox/4?view=all")
    page.get_by_role("button", name="Куда ответить").click()
    page.get_by_role("menuitem", name="SMS").click()
    expect(page.get_by_text("Канал SMS не работает")).to_be_visible()
    page.get_by_role("button", name="Отправить письмо").first.click()
    expect(page.get_by_text("Канал SMS не работает")).to_be_hidden()


def test_e_closes_moves_on_and_can_be_undone(page: Page, base: str) -> None:
    page.keyboard.press("j")
    expect(page.get_by_role("log")).to_be_visible()
    first = page.url
    page.keyboard.press("e")
    expect(page).not_to_have_url(first)
    expect(page.get_by_role("status").get_by_text("Закрыто:")).to_be_visible()
    page.get_by_role("button", name="Вернуть").click()
    page.goto(first)
    expect(page.get_by_role("button", name="Закрыть", exact=True).first).to_be_visible()


def test_h_offers_sensible_times(page: Page) -> None:
    page.keyboard.press("j")
    expect(page.get_by_role("log")).to_be_visible()
    page.keyboard.press("h")
    expect(page.get_by_role("menuitem", name="Завтра утром")).to_be_visible()


def test_new_messages_gather_while_the_pointer_is_over_the_list(page: Page, base: str) -> None:
    rows = page.get_by_role("list", name="Обращения").get_by_role("listitem")
    rows.nth(3).hover()
    before = rows.first.inner_text()
    page.request.get(f"{base}/api/mock/arrive?id=13&text=Я%20здесь")
    expect(page.get_by_role("button", name="1 новое")).to_be_visible()
    assert rows.first.inner_text() == before
    page.mouse.move(900, 500)
    expect(rows.first).to_contain_text("Я здесь")


def test_what_arrives_is_seen_in_every_tab_through_one_stream(page: Page, context: BrowserContext, base: str) -> None:
    other = context.new_page()
    other.goto(f"{base}/inbox/2?view=all")
    expect(other.get_by_role("log")).to_be_visible()
    page.request.get(f"{base}/api/mock/arrive?id=2&text=Ау")
    expect(other.get_by_role("log").get_by_text("Ау")).to_be_visible()
    expect(page.get_by_role("list", name="Обращения").get_by_text("Ау")).to_be_visible()
    assert page.request.get(f"{base}/api/mock/listeners").json() == 1


def test_the_list_goes_on_while_one_scrolls_and_holds_few_rows(page: Page, base: str) -> None:
    page.goto(f"{base}/inbox?view=all")
    listed = page.get_by_role("list", name="Обращения")
    expect(listed.get_by_role("listitem").first).to_be_visible()
    deadline = time.monotonic() + 20
    while listed.get_by_role("listitem").first.get_attribute("aria-setsize") != "121" and time.monotonic() < deadline:
        listed.evaluate("box => { box.scrollTop = box.scrollHeight; }")
        page.wait_for_timeout(100)
    assert listed.get_by_role("listitem").first.get_attribute("aria-setsize") == "121"
    assert listed.get_by_role("listitem").count() < 40


def test_the_palette_finds_a_person_and_a_page(page: Page) -> None:
    page.keyboard.press("Control+k")
    asked = page.get_by_role("combobox").first
    asked.fill("Преображ")
    expect(page.get_by_role("option", name=re.compile("Преображенский")).first).to_be_visible()
    asked.fill("рассыл")
    asked.press("Enter")
    expect(page).to_have_url(re.compile("/broadcasts$"))


def test_the_mail_is_shown_without_running_it(page: Page, base: str) -> None:
    page.goto(f"{base}/inbox/1")
    page.get_by_role("button", name="Показать письмом").click()
    frame = page.frame_locator("iframe[title='Письмо с оформлением']")
    expect(frame.get_by_text("ORB-12")).to_be_visible()
    assert "allow-scripts" not in (page.locator("iframe").get_attribute("sandbox") or "")


def test_pictures_of_a_mail_come_only_when_asked_for(page: Page, base: str) -> None:
    page.goto(f"{base}/inbox/1")
    page.get_by_role("button", name="Показать письмом").click()
    frame = page.frame_locator("iframe[title='Письмо с оформлением']")
    picture = frame.get_by_role("img", name="Светильник")
    expect(picture).not_to_have_attribute("src", re.compile("."))
    page.get_by_role("button", name="Показать картинки").click()
    expect(picture).to_have_attribute("src", re.compile("goldenrod"))
    expect(page.get_by_role("button", name="Показать картинки")).to_have_count(0)
    expect(page.get_by_role("link", name="Исходное письмо")).to_have_attribute("href", re.compile("/original$"))
    expect(page.get_by_text("Копия: Олег <oleg@mail.example>")).to_be_visible()


def test_an_ended_session_asks_to_sign_in_and_returns_to_the_same_place(page: Page, base: str) -> None:
    page.goto(f"{base}/tasks")
    expect(page.get_by_text("Перезвонить насчёт люстры")).to_be_visible()
    page.request.get(f"{base}/api/mock/signout")
    page.get_by_role("link", name="Люди").click()
    page.get_by_label("Почта").fill("anna@lampa.example")
    page.get_by_label("Пароль").fill("wrong")
    page.get_by_role("button", name="Войти").click()
    expect(page.get_by_text("не подходят")).to_be_visible()
    page.get_by_label("Пароль").fill("right")
    page.get_by_role("button", name="Войти").click()
    expect(page).to_have_url(re.compile("/people"))
    expect(page.get_by_role("listitem").first).to_be_visible()


@pytest.mark.parametrize(
    "path",
    [
        "/people/1",
        "/tasks",
        "/bots/1",
        "/broadcasts/1",
        "/broadcasts/new",
        "/reports",
        "/settings",
        "/channels/1",
        "/channels/new",
        "/team",
        "/templates",
    ],
)
def test_every_page_opens_by_its_address_and_fits_a_phone(page: Page, base: str, path: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(base + path)
    expect(page.get_by_role("heading").first).to_be_visible()
    expect(page.get_by_role("status", name="Загружается")).to_have_count(0)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    "path",
    [
        "/inbox/1",
        "/inbox/3?view=all",
        "/people/1",
        "/tasks",
        "/bots/1",
        "/broadcasts/1",
        "/broadcasts/new",
        "/reports",
        "/settings",
        "/channels/3",
        "/team",
    ],
)
def test_nothing_stands_in_the_way_of_a_screen_reader_or_weak_eyes(page: Page, base: str, path: str, theme: str) -> None:
    page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    page.goto(base + path)
    expect(page.get_by_role("main").or_(page.locator("main")).first).to_be_visible()
    expect(page.get_by_role("status", name="Загружается")).to_have_count(0)
    page.evaluate((UI / "node_modules/axe-core/axe.min.js").read_text())
    found = page.evaluate(
        "axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] }).then(result => result.violations)"
    )
    assert [(each["id"], [node["html"][:160] for node in each["nodes"][:3]]) for each in found] == []


def test_what_arrives_in_the_open_thread_is_read_at_once(page: Page, base: str) -> None:
    page.goto(f"{base}/inbox/1")
    expect(page.get_by_role("log")).to_be_visible()
    row = page.get_by_role("list", name="Обращения").get_by_role("listitem").filter(has_text="Екатерина")
    expect(row.get_by_label(re.compile("непрочитан"))).to_have_count(0)
    page.request.get(f"{base}/api/mock/arrive?id=1&text=Вы%20тут")
    expect(row).to_contain_text("Вы тут")
    expect(row.get_by_label(re.compile("непрочитан"))).to_have_count(0)
