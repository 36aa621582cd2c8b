"""The demo's past, told to a running installation: every step is taken, and every page has something to show."""

from pathlib import Path

import pytest

from inbox.cli import past
from inbox.house import open_house
from tests.journeys.system import OWNER, installation

pytestmark = [pytest.mark.journey, pytest.mark.asyncio]
SHOWN = {
    "/labels": 3, "/close-reasons": 3, "/canned": 4, "/macros": 1, "/fields": 2, "/segments": 2, "/organisations": 3,
    "/broadcasts": 1, "/views": 1,
}  # fmt: skip


async def test_the_shops_past_is_told_without_a_refusal(tmp_path: Path) -> None:
    async with installation(tmp_path) as system:
        system.start()
        await system.ready()
        async with open_house(system.settings, "demo") as house:
            assert await past.tell(house, OWNER) == []
        api = system.api
        assert {path: len((await api.get(path))["items"]) for path in SHOWN} == SHOWN
        (brought,) = await api.every("/imports")
        assert (brought["state"], brought["counts"]["new"], brought["counts"]["wrong"]) == ("done", 18, 2)
        maria = (await api.get("/contacts?q=Петрова"))["items"][0]
        line = await api.every(f"/contacts/{maria['id']}/timeline")
        assert [each["text"] for each in line if each["kind"] == "event"][:2] == [
            "Заказ 1042 доставлен", "Заказ 1042: лампа «Облако», 12 400 ₽",
        ]  # fmt: skip
        assert [each["name"] for each in (await api.get("/tokens"))["items"]] == [""]
        assert system.errors() == []
