"""Templates that WhatsApp keeps: listed, kept in step, checked before a message is queued, and sent as they were approved."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from channels.sandbox.base import Customer, Draft, Phones, serve
from channels.sandbox.whatsapp import WhatsAppStandIn
from channels.sandbox.whatsapp_templates import Template
from inbox import accounts
from inbox import schema as t
from inbox.broadcasts.feed import step
from inbox.care import provider_templates, template_sync
from inbox.deliver import Deliverer
from inbox.delivery import outbox
from inbox.web import keys
from tests.inbox.conftest import Client

LENA = "79000000155"
TEMPLATE = {"name": "order_ready", "language": "ru", "variables": {"1": "Лена", "2": "1042"}}


@dataclass(kw_only=True)
class Shop:
    client: Client
    meta: WhatsAppStandIn
    lena: Customer
    channel: int

    async def until(self, happened: Callable[[], Awaitable[Any]]) -> Any:
        """What `happened` gives, as soon as it gives something."""
        async with asyncio.timeout(20):
            while not (found := await happened()):
                await asyncio.sleep(0.02)
        return found

    async def conversation(self) -> int:
        """Lena writes; the conversation's id."""
        await self.meta.write(self.lena, Draft(text="Добрый день"))

        async def there() -> Any:
            return (await self.client.get("/conversations")).body["items"]

        return int((await self.until(there))[0]["id"])

    async def sync(self) -> Mapping[str, int]:
        answer = await self.client.post(f"/channels/{self.channel}/templates/sync")
        assert answer.status == 200, answer
        return dict(answer.body)

    async def listed(self, **query: Any) -> dict[tuple[str, str], Any]:
        items = (await self.client.get("/templates", channel=self.channel, limit=200, **query)).body["items"]
        return {(item["name"], item["language"]): item for item in items}

    async def send(self, conversation: int, template: Mapping[str, Any], **more: Any) -> Any:
        return await self.client.post(f"/conversations/{conversation}/messages", {"template": template, **more})

    async def deliver(self) -> None:
        house = self.client.app[keys.HOUSE]
        loader = outbox.Loader(house.settings, house.store)
        await Deliverer(house.db, house.accounts, loader, house.name).drain()


@pytest.fixture
async def shop(client: Client) -> AsyncIterator[Shop]:
    lena = Customer(id="lena", name="Lena", language="ru", addresses={"whatsapp": LENA})
    async with serve(WhatsAppStandIn(Phones([lena]))) as meta:
        assert isinstance(meta, WhatsAppStandIn)
        client.clock.time = datetime.now(UTC)  # the provider and those who send to it have no other
        channel = await client.run(accounts.add, client.clock(), client.app[keys.VAULT], "whatsapp", "WhatsApp", meta.settings())
        meta.webhook = f"{client.url}/hooks/{channel}"
        yield Shop(client=client, meta=meta, lena=lena, channel=channel)


async def test_the_list_is_read_page_by_page_and_shown_beside_our_own_texts(shop: Shop) -> None:
    own = (await shop.client.post("/templates", {"name": "thanks", "language": "en", "body": "Thanks, {{ name }}"})).body
    assert await shop.sync() == {"added": len(shop.meta.templates), "changed": 0, "removed": 0}
    assert await shop.sync() == {"added": 0, "changed": 0, "removed": 0}
    everything = (await shop.client.get("/templates", limit=200)).body["items"]
    assert len(everything) == len({item["id"] for item in everything}) == len(shop.meta.templates) + 1
    assert [item for item in everything if item["source"] == "own"] == [own] and own["variables"] == ["name"]
    theirs = await shop.listed()
    assert theirs.keys() == shop.meta.templates.keys()
    delivery = theirs["delivery", "ru"]
    assert delivery["header"] == {"kind": "text", "text": "Заказ {{1}}", "variables": ["header"]}
    assert (delivery["variables"], delivery["channel"]["id"], delivery["status"]) == (["name", "day"], shop.channel, "approved")
    assert delivery["buttons"] == [
        {"kind": "url", "text": "Где курьер", "variable": True}, {"kind": "reply", "text": "Перенести", "variable": False},
    ]  # fmt: skip
    paused = theirs["old_offer", "ru"]
    assert (paused["status"], paused["quality"], paused["problem"]) == ("paused", "low", "This template is paused")
    assert list(await shop.listed(q="ORDER_")) == [("order_ready", "ru"), ("order_ready", "en")]
    first = (await shop.client.get("/templates", limit=3)).body
    assert [i["id"] for i in first["items"]] == sorted((i["id"] for i in everything), reverse=True)[:3] and first["next"]
    for answer in (
        await shop.client.patch(f"/templates/{paused['id']}", {"name": "x"}),
        await shop.client.delete(f"/templates/{paused['id']}"),
    ):
        assert (answer.status, "change it there" in answer.body["detail"]) == (409, True)


async def test_what_changed_at_the_provider_is_changed_here(shop: Shop) -> None:
    await shop.sync()
    before = await shop.listed()
    del shop.meta.templates["sale", "ru"]
    shop.meta.templates["order_ready", "en"].body = "Hello {{1}}, order {{2}} is here."
    shop.meta.templates["welcome", "de"] = Template(id="7100", body="Willkommen")
    assert await shop.sync() == {"added": 1, "changed": 1, "removed": 1}
    after = await shop.listed()
    assert after["order_ready", "en"]["id"] == before["order_ready", "en"]["id"] and ("sale", "ru") not in after


WRONG: Mapping[str, tuple[Mapping[str, Any], str]] = {
    "one variable too few": ({**TEMPLATE, "variables": {"1": "Лена"}}, "template.variables.2"),
    "one too many": ({**TEMPLATE, "variables": {"1": "a", "2": "b", "3": "c"}}, "template.variables.3"),
    "an empty one": ({**TEMPLATE, "variables": {"1": "a", "2": " "}}, "template.variables.2"),
    "another language": ({**TEMPLATE, "language": "de"}, "template.language"),
    "a name that is not there": ({"name": "nothing", "language": "ru"}, "template.name"),
    "one that is paused": ({"name": "old_offer", "language": "ru"}, "template.name"),
    "numbers for names": (
        {"name": "delivery", "language": "ru", "variables": {"header": "7", "1": "a", "2": "b"}, "buttons": {"0": "x"}},
        "template.variables.name",
    ),
    "no header": (
        {"name": "delivery", "language": "ru", "variables": {"name": "a", "day": "b"}, "buttons": {"0": "x"}},
        "template.variables.header",
    ),
    "no value for the link": (
        {"name": "delivery", "language": "ru", "variables": {"header": "7", "name": "a", "day": "b"}},
        "template.buttons.0",
    ),
    "a button that is not there": (
        {
            "name": "delivery",
            "language": "ru",
            "variables": {"header": "7", "name": "a", "day": "b"},
            "buttons": {"0": "x", "5": "y"},
        },
        "template.buttons.5",
    ),
    "no picture": ({"name": "sale", "language": "ru", "variables": {"1": "5 %"}, "buttons": {"0": "SAVE5"}}, "template.media"),
    "a picture where none stands": ({**TEMPLATE, "media": {"url": "https://shop.example/a.png"}}, "template.media"),
    "no place": ({"name": "meet_us", "language": "ru"}, "location"),
}


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
async def test_a_template_that_is_filled_in_wrongly_is_told_by_field_and_nothing_is_queued(shop: Shop) -> None:
    conversation = await shop.conversation()
    await shop.sync()
    for label, (template, field) in WRONG.items():
        answer = await shop.send(conversation, template)
        assert (answer.status, list(answer.errors)) == (422, [field]), label
    messages = (await shop.client.get(f"/conversations/{conversation}/messages")).body["items"]
    assert [m["direction"] for m in messages] == ["in"]


async def test_a_template_goes_out_as_it_was_approved_and_the_thread_shows_what_the_customer_reads(shop: Shop) -> None:
    conversation = await shop.conversation()
    await shop.sync()
    said = {"name": "delivery", "language": "ru", "variables": {"header": "1042", "name": "Лена", "day": "завтра"}}
    sent = await shop.send(conversation, {**said, "buttons": {"0": "1042", "1": "move"}})
    assert sent.status == 201
    assert sent.body["text"] == "Заказ 1042\n\nЛена, курьер приедет завтра."
    place = {"latitude": 55.75, "longitude": 37.62, "name": "Магазин"}
    assert (await shop.send(conversation, {"name": "meet_us", "language": "ru"}, location=place)).status == 201
    await shop.deliver()
    first, second = shop.meta.sent_to(LENA)
    assert (first.text, second.text) == ("Заказ 1042\nЛена, курьер приедет завтра.", "Магазин\nЖдём вас в новом магазине.")
    buttons = [part for part in dict(shop.meta.received[0])["template"]["components"] if part["type"] == "button"]  # type: ignore[index]
    assert [(b["index"], b["sub_type"]) for b in buttons] == [("0", "url"), ("1", "quick_reply")]


async def test_before_the_list_was_read_the_provider_is_the_judge(shop: Shop) -> None:
    conversation = await shop.conversation()
    assert (await shop.send(conversation, {**TEMPLATE, "variables": {"1": "Лена"}})).status == 201
    await shop.deliver()
    (failed,) = [
        m for m in (await shop.client.get(f"/conversations/{conversation}/messages")).body["items"] if m["direction"] == "out"
    ]
    assert (failed["state"], "number of variables" in failed["reason"]) == ("failed", True)


async def test_webhooks_keep_the_list_in_step(shop: Shop) -> None:
    await shop.sync()

    async def told(name: str, **wanted: str) -> Any:
        async def there() -> Any:
            item = (await shop.listed()).get((name, "ru"))
            return item if item and all(item[key] == value for key, value in wanted.items()) else None

        return await shop.until(there)

    await shop.meta.tell_template("order_ready", "ru", event="PAUSED", reason="LOW_QUALITY")
    assert (await told("order_ready", status="paused"))["problem"] == "This template is paused: low quality"
    await shop.meta.tell_template("sale", "ru", "message_template_quality_update", new_quality_score="YELLOW")
    await told("sale", quality="medium")
    await shop.meta.tell_template("sale", "ru", "template_category_update", new_category="UTILITY", previous_category="MARKETING")
    await told("sale", category="utility")
    assert await shop.client.run(provider_templates.due, shop.client.clock()) == []
    shop.meta.templates["new_one", "ru"] = Template(id="7200", body="Новый")
    await shop.meta.tell_template("new_one", "ru", event="APPROVED", reason="NONE")

    async def due() -> Any:  # what a webhook brought counts by the time at which it came
        return await shop.client.run(provider_templates.due, datetime.now(UTC))

    assert await shop.until(due) == [shop.channel]
    shop.meta.templates["order_ready", "ru"].status = "PAUSED"
    await template_sync.sync_due(shop.client.app[keys.HOUSE])
    assert (await told("new_one", status="approved"))["body"] == "Новый"


async def test_a_list_that_cannot_be_read_says_why_stays_what_it_was_and_is_tried_again(shop: Shop) -> None:
    await shop.sync()
    shop.meta.access_token = "revoked"
    answer = await shop.client.post(f"/channels/{shop.channel}/templates/sync")
    assert (answer.status, "access token" in answer.body["detail"]) == (409, True)
    assert len(await shop.listed()) == len(shop.meta.templates)
    now = shop.client.clock()
    row = await shop.client.run(lambda c: c.execute(sa.select(t.template_syncs)).one())
    assert (row.synced_at, row.try_at, "access token" in row.error) == (now, now + provider_templates.AGAIN, True)
    assert (await shop.client.post("/channels/999/templates/sync")).status == 404


async def test_who_may_not_write_templates_may_not_have_them_read(shop: Shop) -> None:
    operator = await shop.client.become("operator")
    assert (await operator.post(f"/channels/{shop.channel}/templates/sync")).status == 403
    assert (await operator.get("/templates")).status == 200


async def test_typing_and_reading_are_shown_beside_the_customers_last_message(shop: Shop) -> None:
    conversation = await shop.conversation()
    (bubble,) = shop.lena.bubbles
    await shop.client.post(f"/conversations/{conversation}/typing")
    await shop.client.post(f"/conversations/{conversation}/read")
    await shop.client.post(f"/conversations/{conversation}/read")
    read = {"messaging_product": "whatsapp", "status": "read", "message_id": bubble.id}
    assert list(shop.meta.received) == [{**read, "typing_indicator": {"type": "text"}}, read]


async def test_a_place_contacts_and_a_reaction_are_sent_from_the_api(shop: Shop) -> None:
    conversation = await shop.conversation()
    heard = (await shop.client.get(f"/conversations/{conversation}/messages")).body["items"][0]["id"]
    path = f"/conversations/{conversation}/messages"
    bodies: list[Mapping[str, Any]] = [
        {"location": {"latitude": 55.75, "longitude": 37.62, "name": "Магазин"}},
        {"contacts": [{"name": "Анна", "phones": ["+7 900 000-01-77"], "emails": ["anna@shop.example"]}]},
        {"reaction": "👍", "reply_to": heard},
    ]
    for body in bodies:
        assert (await shop.client.post(path, body)).status == 201, body
    await shop.deliver()
    assert [dict(body)["type"] for body in shop.meta.received] == ["location", "contacts", "reaction"]
    assert shop.lena.bubbles[0].reaction == "👍"
    assert (await shop.client.post(path, {"reaction": "👍"})).errors.keys() == {"reply_to"}
    link = {"id": "1", "title": "Go", "kind": "link"}
    assert (await shop.client.post(path, {"text": "x", "choices": [link]})).errors.keys() == {"choices.0.value"}


async def test_a_broadcast_sends_a_template_through_the_shut_window_with_each_persons_own_words(shop: Shop) -> None:
    conversation = await shop.conversation()
    await shop.sync()
    contact = (await shop.client.get(f"/conversations/{conversation}")).body["contact"]["id"]
    await shop.client.patch(f"/contacts/{contact}", {"tags": ["news"], "fields": {"order": "1042"}})
    shop.client.clock.tick(days=2)
    number = (await shop.listed())["delivery", "ru"]["id"]
    texts = {"header": "{{ order }}", "name": "{{ name }}", "day": "завтра"}
    wrong = {
        "name": "x",
        "tag": "news",
        "template_id": number,
        "variables": {**texts, "day": ""},
        "buttons": {"0": "{{ order }}"},
    }
    assert (await shop.client.post("/broadcasts", wrong)).errors.keys() == {"variables.day"}
    assert (await shop.client.post("/broadcasts", {**wrong, "variables": {}})).errors.keys() == {"variables.header"}
    assert (await shop.client.post("/broadcasts", {**wrong, "channel_id": await shop.client.channel()})).errors.keys() == {
        "channel_id"
    }
    made = await shop.client.post("/broadcasts", {**wrong, "variables": texts})
    assert made.status == 201 and made.body["body"] == "Заказ {{ order }}\n\n{{ name }}, курьер приедет завтра."
    assert made.body["channel"]["id"] == shop.channel
    assert (await shop.client.post(f"/broadcasts/{made.body['id']}/start")).status == 200
    while await shop.client.run(step, shop.client.clock()):
        pass
    await shop.deliver()
    (bubble,) = shop.meta.sent_to(LENA)
    assert bubble.text == "Заказ 1042\nLena, курьер приедет завтра."
    said = (await shop.client.get(f"/conversations/{conversation}/messages", newest=1)).body["items"][-1]
    assert said["text"] == "Заказ 1042\n\nLena, курьер приедет завтра." and said["state"] in ("sent", "delivered")
    sale = (await shop.listed())["sale", "ru"]["id"]
    assert (await shop.client.post("/broadcasts", {**wrong, "template_id": sale})).errors.keys() == {"template_id"}
