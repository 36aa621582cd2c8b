"""A greeting that is safe to print, wherever texts can name a contact; a person's own wins."""

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from bots.card import Card
from bots.engine import start
from bots.load import load
from bots.render import render
from bots.session import Facts, Say
from inbox import schema as t
from inbox.quality.greeting import greeting
from tests.inbox.conftest import Client
from tests.inbox.rows import contact_of

HELLO = "Здравствуйте{% if contact.greeting %}, {{ contact.greeting }}{% endif %}!"
TEXTS = [
    pytest.param("Иванова Анна", None, "Здравствуйте, Анна!", id="a name"),
    pytest.param("Анна Сергеевна", None, "Здравствуйте, Анна Сергеевна!", id="with patronymic"),
    pytest.param("ООО Ромашка", None, "Здравствуйте!", id="a company"),
    pytest.param("123", None, "Здравствуйте!", id="a number"),
    pytest.param("", None, "Здравствуйте!", id="no name"),
    pytest.param("ООО Ромашка", "Ирина", "Здравствуйте, Ирина!", id="by hand"),
    pytest.param("Анна", "", "Здравствуйте!", id="none, by hand"),
]


@pytest.mark.parametrize(("name", "by_hand", "text"), TEXTS)
def test_a_text_greets(name: str, by_hand: str | None, text: str) -> None:
    card = Card({"name": name, "greeting": "a field of this name"}, by_hand, greeting)
    assert render(HELLO, {"contact": card}) == text
    said = {"ООО Ромашка": "друг", "": "друг", "123": "друг"}.get(name)
    if by_hand is None and said:
        assert render("{{ contact.greeting or 'друг' }}", {"contact": card}) == said


@pytest.mark.parametrize(("name", "by_hand", "text"), TEXTS)
def test_a_flow_greets(name: str, by_hand: str | None, text: str) -> None:
    source = (
        f'version: 1\nname: hello\nlanguages: [ru]\ntrigger: {{first_message: true}}\nsteps:\n  - say: "{HELLO}"\n  - end: true\n'
    )
    flow = load(source)
    facts = Facts(now=datetime(2026, 1, 1, tzinfo=UTC), name=name or None, language="ru", greeting=by_hand, greet=greeting)
    assert [each.text for each in start(flow, facts).effects if isinstance(each, Say)] == [text]


async def test_on_the_card_and_in_what_is_sent(client: Client) -> None:
    channel = await client.channel()
    conversation = await client.hear(channel, name="ИВАНОВА АННА")
    contact = await client.run(contact_of, conversation)
    assert (await client.get(f"/contacts/{contact}")).body["greeting"] == "Анна"
    canned = (await client.post("/canned", {"shortcut": "hello", "language": "ru", "text": HELLO})).body["id"]
    preview = {"body": HELLO, "contact_id": contact}
    assert (await client.post("/templates/preview", preview)).body["text"] == "Здравствуйте, Анна!"
    assert (await client.get(f"/canned/{canned}/text", conversation=conversation)).body["text"] == "Здравствуйте, Анна!"
    assert (await client.patch(f"/contacts/{contact}", {"greeting": "Анечка"})).body["greeting"] == "Анечка"
    assert (await client.post("/templates/preview", preview)).body["text"] == "Здравствуйте, Анечка!"
    assert (await client.patch(f"/contacts/{contact}", {"greeting": ""})).body["greeting"] == ""
    assert (await client.post("/templates/preview", preview)).body["text"] == "Здравствуйте!"
    assert (await client.patch(f"/contacts/{contact}", {"greeting": None})).body["greeting"] == "Анна"
    history = (await client.get(f"/contacts/{contact}/changes", field="greeting")).body["items"]
    assert [each["changes"]["greeting"]["after"] for each in history] == [None, "", "Анечка"]


async def test_in_a_broadcast(client: Client) -> None:
    channel = await client.channel()
    for number, name in enumerate(("ИВАНОВА АННА", "ООО Ромашка")):
        contact = await client.run(contact_of, await client.hear(channel, address=f"+4930901820{number}", name=name))
        await client.patch(f"/contacts/{contact}", {"tags": ["vip"]})
    shown = (await client.post("/broadcasts/preview", {"body": HELLO, "tag": "vip", "channel_id": channel})).body
    assert {each["text"] for each in shown["sample"]} == {"Здравствуйте, Анна!", "Здравствуйте!"}
    assert await client.run(lambda c: c.scalar(sa.select(sa.func.count()).select_from(t.contacts))) == 2
