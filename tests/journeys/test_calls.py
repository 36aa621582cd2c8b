"""A customer rings up: the call is a conversation with a task and a recording, and is answered by SMS."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from channels.sandbox.sms import TwilioStandIn
from channels.sandbox.sms_calls import Caller
from tests.journeys.system import Json, wait_until
from tests.journeys.town import WAYS, Town, town

SMS = next(way for way in WAYS if way.kind == "sms")
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def city(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    async with town(tmp_path_factory.mktemp("town"), "", (SMS,)) as found:
        yield found
        assert found.system.errors() == []


async def test_a_voicemail_becomes_a_conversation_and_a_task_and_is_answered_by_sms(city: Town) -> None:
    api, channel, visitor = city.system.api, city.channels[SMS.label], city.newcomer(SMS)
    twilio = city.sandbox(SMS).stand_ins["sms"]
    assert isinstance(twilio, TwilioStandIn)
    settings = {"calls": "voicemail", "calls_language": "ru-RU"}
    assert (await api.call("PATCH", f"/channels/{channel}", {"settings": settings}))[0] == 200

    async def rung() -> list[str]:
        return await twilio.call(visitor.customer, Caller(says=14))

    assert "Оставьте сообщение" in (await wait_until(rung, what="the call is answered by the new setting"))[0]

    async def recorded() -> Json | None:
        for item in await api.every(f"/conversations?status=any&channel={channel}"):
            messages = await api.messages(item["id"])
            if any(file["state"] == "stored" for message in messages for file in message["attachments"]):
                return {"conversation": item["id"], "messages": messages}
        return None

    found = await wait_until(recorded, what="the recording is fetched")
    (call,) = [message for message in found["messages"] if message["text"].startswith("Voicemail")]
    assert (call["kind"], call["text"], call["edited_at"]) == ("call", "Voicemail, 14 s", None)
    (file,) = call["attachments"]
    assert "twilio" not in file["url"] and twilio.base_url not in str(call)
    tasks = await api.every("/tasks")
    assert [task["conversation_id"] for task in tasks if not task["done_at"]] == [found["conversation"]]
    await api.post(f"/conversations/{found['conversation']}/messages", {"text": "Перезвоним через час"})
    assert (await visitor.sees("Перезвоним через час")).channel == "sms"
