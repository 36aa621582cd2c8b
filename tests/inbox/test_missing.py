"""Addresses that lead nowhere: words for people, a bare answer for programs."""

import pytest

from tests.inbox.conftest import Client

BROWSER = "text/html,application/xhtml+xml,*/*;q=0.8"
CASES = [
    (
        "a chat that is gone, in Russian",
        "/chat/99",
        {"Accept": BROWSER, "Accept-Language": "ru-RU,ru;q=0.9"},
        "Такой страницы нет",
    ),
    ("a chat that is gone, in English", "/chat/99", {"Accept": BROWSER, "Accept-Language": "de"}, "No such page"),
    ("no such file", "/files/none", {"Accept": BROWSER}, "No such page"),
    ("half a link", "/unsubscribe/1", {"Accept": BROWSER}, "No such page"),
    ("a program", "/chat/99", {"Accept": "*/*"}, "There is no such chat"),
    ("the API", "/api/v1/nothing", {"Accept": BROWSER}, '"status"'),
]


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
async def test_an_address_that_leads_nowhere(client: Client) -> None:
    for label, path, asked, expected in CASES:
        async with client.http.get(f"{client.url}{path}", headers=asked) as response:
            text = await response.text()
            assert response.status == 404, label
            assert expected in text, label
            assert ("<html" in text) == (expected in ("Такой страницы нет", "No such page")), label
