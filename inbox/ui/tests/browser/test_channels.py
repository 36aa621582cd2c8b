"""What an operator is told before sending, what is done about failures, and how a channel is looked after."""

import re

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


def test_segments_of_an_sms_are_counted_as_one_writes(page: Page, base: str) -> None:
    page.goto(f"{base}/inbox/9?view=all")
    box = page.get_by_label("Ответ", exact=True)
    box.fill("Лампа приехала")
    expect(page.get_by_text("1 SMS · 14 знаков · до следующей 56 знаков")).to_be_visible()
    box.fill("Лампа приехала. " * 6)
    expect(page.get_by_text("2 SMS")).to_be_visible()
    box.fill("")
    expect(page.get_by_text("SMS ·")).to_have_count(0)


def test_a_long_text_shows_its_parts_before_it_goes(page: Page, base: str) -> None:
    page.goto(f"{base}/inbox/1")
    page.get_by_label("Ответ", exact=True).fill("Длинный рассказ о лампах. " * 50)
    expect(page.get_by_text("Текст уйдёт 2 сообщениями")).to_be_visible()
    page.get_by_role("button", name="Посмотреть").click()
    expect(page.get_by_label("Что получит клиент").get_by_role("listitem")).to_have_count(2)


def test_what_nobody_can_be_reached_by_offers_the_other_ways(page: Page, base: str) -> None:
    page.goto(f"{base}/inbox/1")
    page.get_by_label("Ответ", exact=True).fill("Ваш номер отключён?")
    bar = page.get_by_role("status").filter(has_text="не может получать")
    offered = page.locator(".shut").get_by_role("button", name="Отправить письмо")
    expect(offered.or_(bar).first).to_be_visible()
    offered.click()
    expect(page.get_by_placeholder("Тема")).to_be_visible()


def test_a_template_is_found_filled_and_sent_by_keyboard(page: Page, base: str) -> None:
    page.goto(f"{base}/inbox/3?view=all")
    page.get_by_role("button", name="Выбрать шаблон").click()
    expect(page.get_by_role("combobox", name="Название или слово")).to_be_focused()
    page.keyboard.type("order")
    expect(page.get_by_role("option")).to_have_count(2)
    page.keyboard.press("Enter")
    for words in ("7", "Софи", "Л-2041", "вечера", "map"):
        page.keyboard.type(words)
        page.keyboard.press("Tab")
    expect(page.get_by_text("Софи, ваш заказ Л-2041 готов. Ждём вас до вечера.")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("log").get_by_text("Шаблон «order_ready»")).to_be_visible()


def test_a_template_that_waits_for_approval_cannot_be_chosen(page: Page, base: str) -> None:
    page.goto(f"{base}/inbox/3?view=all")
    page.get_by_role("button", name="Выбрать шаблон").click()
    page.get_by_role("option", name=re.compile("ждёт одобрения")).click(force=True)
    expect(page.get_by_role("button", name="Все шаблоны")).to_have_count(0)


def test_a_message_waits_for_its_time_and_comes_back_to_be_changed(page: Page, base: str) -> None:
    page.goto(f"{base}/inbox/2?view=all")
    page.get_by_label("Ответ", exact=True).fill("Доброе утро")
    page.get_by_role("button", name="Отправить иначе").click()
    page.get_by_role("menuitem", name="Другое время").click()
    page.get_by_label("Когда").fill("2020-01-01T10:00")
    expect(page.get_by_text("Это время прошло").or_(page.get_by_role("alert"))).to_be_visible()
    expect(page.get_by_role("button", name="Отправить тогда")).to_be_disabled()
    page.get_by_role("dialog").get_by_role("button", name=re.compile("Завтра утром")).click()
    expect(page.get_by_text("Позже уйдёт 1 сообщение")).to_be_visible()
    page.get_by_role("button", name="Изменить").click()
    expect(page.get_by_text("Позже уйдёт")).to_have_count(0)
    expect(page.get_by_label("Ответ", exact=True)).to_have_value("Доброе утро")


def test_what_may_have_arrived_is_sent_again_only_knowingly(page: Page, base: str) -> None:
    page.goto(f"{base}/inbox/1")
    page.get_by_role("button", name="Всё равно отправить ещё раз").click()
    asked = page.get_by_role("alertdialog")
    expect(asked).to_contain_text("дважды")
    asked.get_by_role("button", name="Не надо").click()
    expect(page.locator(".bubble", has_text="Курьер будет с 18 до 20")).to_have_count(1)
    page.get_by_role("button", name="Всё равно отправить ещё раз").click()
    asked.get_by_role("button", name="Отправить").click()
    expect(page.locator(".bubble", has_text="Курьер будет с 18 до 20")).to_have_count(2)
    expect(page.get_by_role("button", name="Отправлено ещё раз")).to_be_visible()


def test_a_failure_goes_by_another_way_in_one_click(page: Page, base: str) -> None:
    page.goto(f"{base}/inbox/1")
    page.locator(".trouble").get_by_role("button", name="Отправить в Telegram").click()
    expect(page.locator(".bubble", has_text="Адрес прежний")).to_have_count(2)
    expect(page.get_by_text("Дальше: Telegram").last).to_be_visible()


def test_pictures_open_large_and_escape_returns(page: Page, base: str) -> None:
    page.goto(f"{base}/inbox/1")
    page.get_by_role("button", name=re.compile("Открыть: коробка")).click()
    viewer = page.get_by_role("dialog")
    expect(viewer.get_by_role("img")).to_be_visible()
    page.keyboard.press("Escape")
    expect(viewer).to_have_count(0)


def test_a_place_a_card_and_a_missed_call_are_what_they_are(page: Page, base: str) -> None:
    page.goto(f"{base}/inbox/1")
    log = page.get_by_role("log")
    place = log.get_by_role("link", name=re.compile("Подъезд со двора"))
    expect(place).to_have_attribute("href", re.compile("openstreetmap"))
    expect(log.get_by_role("link", name="+7 921 000-00-07")).to_have_attribute("href", "tel:+7 921 000-00-07")
    expect(log.get_by_text("Пропущенный звонок")).to_be_visible()
    expect(log.get_by_role("button", name="Слушать").last).to_be_visible()


def test_an_edited_message_shows_what_it_said_before(page: Page, base: str) -> None:
    page.goto(f"{base}/inbox/1")
    page.get_by_role("button", name="изменено").click()
    expect(page.get_by_role("dialog").get_by_text("Отвечу завтра.")).to_be_visible()


def test_a_lost_file_is_asked_for_again(page: Page, base: str) -> None:
    page.goto(f"{base}/inbox/1")
    page.get_by_role("button", name="Запросить ещё раз").first.click()
    expect(page.get_by_role("status").get_by_text("Запросили ещё раз")).to_be_visible()


def test_a_broken_channel_says_since_when_why_and_what_to_do(page: Page, base: str) -> None:
    page.goto(f"{base}/channels/3")
    expect(page.get_by_text("Ждут отправки")).to_be_visible()
    expect(page.get_by_text("14 сообщений")).to_be_visible()
    page.get_by_role("button", name="Проверить связь").click()
    expect(page.get_by_role("heading", name="Исправить 2 пункта")).to_be_visible()
    expect(page.get_by_text("Скопируйте ключ заново")).to_be_visible()


def test_a_delivery_is_opened_and_read_again(page: Page, base: str) -> None:
    page.goto(f"{base}/channels/1")
    page.get_by_label("Какие доставки").select_option("failed")
    expect(page.get_by_role("button", name="Разобрать заново")).to_have_count(1)
    page.get_by_label("Какие доставки").select_option("")
    page.get_by_role("button", name=re.compile("разобрано message")).first.click()
    delivery = page.get_by_role("dialog")
    expect(delivery.get_by_text('"first_name": "Екатерина"')).to_be_visible()
    expect(delivery.get_by_role("button", name="сообщение")).to_be_visible()
    delivery.get_by_role("button", name="Разобрать заново").click()
    expect(page.get_by_text("Нового нет: 1 сообщение уже есть")).to_be_visible()


def test_a_test_message_shows_how_far_it_gets(page: Page, base: str) -> None:
    page.goto(f"{base}/channels/1")
    page.get_by_label("Ваш адрес в этом канале").fill("нет")
    page.get_by_role("button", name="Отправить", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("не адрес")
    page.get_by_label("Ваш адрес в этом канале").fill("5001")
    page.get_by_role("button", name="Отправить", exact=True).click()
    expect(page.locator("p", has_text="Открыть разговор").get_by_text("Доставлено")).to_be_visible()
