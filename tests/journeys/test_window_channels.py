"""What an operator is told before sending and of what came by the channels, and how a channel is looked after in the window."""

import re
from collections.abc import AsyncIterator
from typing import TypeVar

import pytest
import pytest_asyncio
from playwright.async_api import Request, Route, expect

from channels.sandbox.base import StandIn
from channels.sandbox.sms import TwilioStandIn
from channels.sandbox.sms_calls import Caller
from channels.sandbox.whatsapp import WhatsAppStandIn
from channels.sandbox.whatsapp_templates import Template
from tests.journeys.rows import shut_window
from tests.journeys.stream import Stream, message
from tests.journeys.system import wait_until
from tests.journeys.town import WAYS, Town, Way, town
from tests.journeys.window import MARKS, Window, asking

pytestmark = list(MARKS)
TELEGRAM, WHATSAPP, SMS, EMAIL = (
    next(way for way in WAYS if way.kind == kind) for kind in ("telegram", "whatsapp", "sms", "email")
)
PICTURE = "https://pictures.example/lamp.png"
LETTER = f"""<div><p>The <b>blue</b> lamp ORB-12 arrived broken.</p><script>top.ran = true</script>
<img src="{PICTURE}" alt="Lamp" width=200 height=150 onerror="top.ran = true"></div>"""
Kind = TypeVar("Kind", bound=StandIn)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def city(tmp_path_factory: pytest.TempPathFactory, app: None) -> AsyncIterator[Town]:
    async with town(tmp_path_factory.mktemp("town"), "", (TELEGRAM, WHATSAPP, SMS, EMAIL)) as found:
        of_meta(found).templates["spring", "en"] = Template(id="7100", body="Spring is here.", status="PENDING")
        await found.system.api.post(f"/channels/{found.channels[WHATSAPP.label]}/templates/sync")
        yield found
        assert found.system.errors() == []


def of_meta(city: Town) -> WhatsAppStandIn:
    return _stand_in(city, WHATSAPP, WhatsAppStandIn)


def of_twilio(city: Town) -> TwilioStandIn:
    return _stand_in(city, SMS, TwilioStandIn)


def _stand_in(city: Town, way: Way, kind: type[Kind]) -> Kind:
    found = city.sandbox(way).stand_ins[way.kind]
    assert isinstance(found, kind)
    return found


async def test_a_shut_channel_says_why_and_offers_the_way_that_works(city: Town, vera: Window) -> None:
    visitor, number = await asking(city, WHATSAPP, SMS)
    visitor.way = SMS
    await visitor.write("And by SMS")
    visitor.way = WHATSAPP
    await visitor.write("And by WhatsApp again")
    await vera.open(number)
    await expect(vera.thread.get_by_text("And by WhatsApp again")).to_be_visible()
    shut_window(city.system, city.channels[WHATSAPP.label])
    await vera.open(number)
    bar = vera.page.locator(".shut")
    await expect(bar).to_contain_text("only an approved template")
    await bar.get_by_role("button", name="Send SMS").click()
    await expect(bar).to_have_count(0)
    await vera.answer("Then by SMS")
    assert (await visitor.sees("Then by SMS")).channel == "sms"


async def test_a_template_is_found_filled_and_sent_by_keyboard(city: Town, vera: Window) -> None:
    visitor, number = await asking(city, WHATSAPP)
    shut_window(city.system, city.channels[WHATSAPP.label])
    await vera.open(number)
    await vera.page.get_by_role("button", name="Choose a template").press("Enter")
    await expect(vera.page.get_by_role("combobox", name="Name or word")).to_be_focused()
    await vera.type("order")
    dialog = vera.page.get_by_role("dialog")
    await expect(dialog.get_by_role("option")).to_have_count(2)
    await vera.keys("Enter")
    await expect(dialog.get_by_role("textbox").first).to_be_focused()
    await vera.type("Sophie")
    await vera.keys("Tab")
    await vera.type("L-2041")
    await expect(dialog.get_by_text("Hello Sophie, your order L-2041 is ready.")).to_be_visible()
    await vera.keys("Enter")
    await expect(dialog).to_have_count(0)
    await visitor.sees("Hello Sophie, your order L-2041 is ready.")
    await expect(vera.thread.get_by_text("Template “order_ready”")).to_be_visible()


async def test_a_template_that_waits_for_approval_cannot_be_chosen(city: Town, vera: Window) -> None:
    _, number = await asking(city, WHATSAPP)
    await vera.open(number)
    await vera.page.get_by_role("button", name="Approved templates").click()
    waits = vera.page.get_by_role("option", name=re.compile("waits for approval"))
    await expect(waits).to_have_attribute("aria-disabled", "true")
    await waits.click(force=True)
    await vera.page.get_by_role("combobox", name="Name or word").fill("spring")
    await vera.keys("Enter")
    await expect(waits).to_be_visible()
    await expect(vera.page.get_by_role("button", name="All templates")).to_have_count(0)


async def test_segments_of_an_sms_are_counted_as_one_writes(city: Town, vera: Window) -> None:
    _, number = await asking(city, SMS)
    await vera.open(number)
    await vera.box.fill("Лампа приехала")
    await expect(vera.page.get_by_text("1 SMS · 14 characters · 56 left in this one")).to_be_visible()
    await vera.box.fill("Лампа приехала. " * 6)
    await expect(vera.page.get_by_text("2 SMS ·")).to_be_visible()
    await vera.box.fill("")
    await expect(vera.page.get_by_text("2 SMS ·")).to_have_count(0)


async def test_a_failure_goes_by_another_way_in_one_click(city: Town, vera: Window) -> None:
    visitor, number = await asking(city, WHATSAPP, SMS)
    of_meta(city).without_whatsapp.add(visitor.customer.addresses["whatsapp"])
    await vera.open(number)
    await vera.answer("Is the address still the same?")
    await vera.thread.locator(".trouble").get_by_role("button", name="Send SMS").click()
    assert (await visitor.sees("Is the address still the same?")).channel == "sms"
    await expect(vera.bubble("Is the address still the same?")).to_have_count(2)
    await expect(vera.thread.get_by_role("button", name="Sent again")).to_be_visible()


async def test_a_place_a_card_and_a_missed_call_are_what_they_are(city: Town, vera: Window) -> None:
    visitor, number = await asking(city, WHATSAPP, SMS)
    digits, stream = visitor.customer.addresses["whatsapp"], Stream(city.system.http, of_meta(city).webhook, of_meta(city))
    place = {"latitude": 59.93863, "longitude": 30.31413, "name": "The entrance from the yard", "address": "Sample street, 12"}
    card = {"name": {"formatted_name": "Oleg, the porter"}, "phones": [{"phone": "+7 921 000-00-07"}]}
    for part, told in (("location", place), ("contacts", [card])):
        value = message(visitor.customer.name, digits, "", part)
        await stream.bring({**value, "messages": [{**value["messages"][0], "type": part, part: told}]})
    await vera.open(number)
    log = vera.thread
    await expect(log.get_by_role("link", name=re.compile("The entrance from the yard"))).to_have_attribute(
        "href", re.compile("openstreetmap.*59.93863")
    )
    await expect(log.get_by_text("Oleg, the porter")).to_be_visible()
    await expect(log.get_by_role("link", name="+7 921 000-00-07")).to_have_attribute("href", "tel:+7 921 000-00-07")
    await missed_call(city, visitor.customer.id)
    await expect(log.get_by_text("Missed call").first).to_be_visible()


async def missed_call(city: Town, customer: str) -> None:
    """They ring and hang up before they may speak."""
    settings = {"settings": {"calls": "voicemail", "calls_language": "en-GB"}}
    assert (await city.system.api.call("PATCH", f"/channels/{city.channels[SMS.label]}", settings))[0] == 200
    twilio, person = of_twilio(city), city.first.person(customer)
    await wait_until(lambda: twilio.call(person, Caller(waits=False)), what="the call is answered by the new setting")


async def test_a_mail_is_shown_without_running_it_and_its_pictures_only_when_asked_for(city: Town, vera: Window) -> None:
    asked: list[str] = []

    async def give(route: Route, request: Request) -> None:
        asked.append(request.url)
        await route.fulfill(body="", content_type="image/png")

    await vera.context.route(PICTURE, give)
    visitor, number = await asking(city, EMAIL)
    await visitor.write("The blue lamp ORB-12 arrived broken.", subject="Order 1042", html=LETTER)
    await vera.open(number)
    await vera.thread.get_by_role("button", name="Show as sent").last.click()
    frame = vera.page.locator("iframe[title='The letter as it was laid out']")
    letter = frame.content_frame
    await expect(letter.get_by_text("ORB-12")).to_be_visible()
    await expect(letter.get_by_role("img", name="Lamp")).to_be_attached()
    assert "allow-scripts" not in (await frame.get_attribute("sandbox") or "") and asked == []
    await vera.page.get_by_role("button", name="Show pictures").click()
    await expect(letter.get_by_role("img", name="Lamp")).to_have_attribute("src", PICTURE)
    await wait_until(lambda: asked, what="the picture is asked for")
    await expect(vera.page.get_by_role("button", name="Show pictures")).to_have_count(0)
    await expect(vera.page.get_by_role("link", name="Original letter").last).to_have_attribute("href", re.compile("/original$"))
    assert not await vera.page.evaluate("Boolean(window.ran)")


async def test_a_delivery_is_opened_and_read_again(city: Town, vera: Window) -> None:
    visitor, number = await asking(city, WHATSAPP)
    stream, page = Stream(city.system.http, of_meta(city).webhook, of_meta(city)), vera.page
    await stream.bring(message(visitor.customer.name, visitor.customer.addresses["whatsapp"], "Read me twice"))
    await vera.go(f"/channels/{city.channels[WHATSAPP.label]}")
    await page.get_by_label("Which deliveries").select_option("failed")
    await expect(page.get_by_text("No errors.")).to_be_visible()
    await page.get_by_label("Which deliveries").select_option("")
    await page.get_by_role("listitem").filter(has_text="message").get_by_role("button").first.click()
    delivery = page.get_by_role("dialog")
    await expect(delivery.get_by_text('"body": "Read me twice"')).to_be_visible()
    await delivery.get_by_role("button", name="Read again").click()
    await expect(page.get_by_text("Nothing new: 1 message was there already")).to_be_visible()
    await delivery.get_by_role("button", name="message", exact=True).click()
    await vera.at(rf"/inbox/{number}\?")
    await expect(vera.thread.get_by_text("Read me twice")).to_have_count(1)


async def test_a_test_message_shows_how_far_it_gets(city: Town, vera: Window) -> None:
    visitor, _ = await asking(city, TELEGRAM)
    await vera.go(f"/channels/{city.channels[TELEGRAM.label]}")
    address = vera.page.get_by_label("Your address on this channel")
    send = vera.page.get_by_role("button", name="Send", exact=True)
    await address.fill("nobody")
    await send.click()
    await expect(vera.page.get_by_role("alert").first).to_be_visible()
    await address.fill(visitor.customer.addresses["telegram"])
    await send.click()
    await visitor.sees("A test from Switchboard")
    await expect(vera.page.locator(".outcome").get_by_text("Sent", exact=True)).to_be_visible()
    await expect(vera.page.get_by_role("link", name="Open the conversation")).to_be_visible()


async def test_a_broken_channel_says_since_when_why_and_what_to_do(city: Town, vera: Window) -> None:
    """The last one: WhatsApp stays broken."""
    _, number = await asking(city, WHATSAPP)
    of_meta(city).access_token = "another one"
    await vera.open(number)
    await vera.answer("This one waits")
    await vera.go(f"/channels/{city.channels[WHATSAPP.label]}")
    health, page = vera.page.locator(".health"), vera.page
    await expect(health).to_contain_text("Does not work")
    await expect(health).to_contain_text(re.compile(r"for .*(s|min)"))
    await expect(health).to_contain_text("1 message")
    await page.get_by_role("button", name="Check", exact=True).click()
    await expect(page.get_by_role("heading", name=re.compile("thing(s)? to mend"))).to_be_visible()
    await expect(page.locator(".checks .mend").first).to_be_visible()
