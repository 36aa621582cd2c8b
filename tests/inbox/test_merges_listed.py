"""Merges over the API: whose word stands is chosen, and weeks later each is found in one list and taken back."""

from tests.inbox.conftest import Client


async def card(client: Client, name: str, city: str) -> int:
    made = await client.post("/contacts", {"name": name, "fields": {"city": city}})
    return int(made.body["id"])


async def test_whose_word_stands_is_chosen(client: Client) -> None:
    one, two = await card(client, "Anna", "Bonn"), await card(client, "Anna Schmidt", "Berlin")
    merge = f"/contacts/{one}/merge"
    assert (await client.post(merge, {"with": two, "take": ["number"]})).errors.keys() == {"take"}
    kept = (await client.post(merge, {"with": two, "take": ["name"]})).body
    assert (kept["name"], kept["fields"]) == ("Anna Schmidt", {"city": "Bonn"})


async def test_all_merges_stand_in_one_list(client: Client) -> None:
    cards = [await card(client, f"Anna {n}", "") for n in range(3)]
    for other in cards[1:]:
        assert (await client.post(f"/contacts/{cards[0]}/merge", {"with": other})).status == 200
    first = (await client.get("/merges?limit=1")).body
    then = (await client.get(f"/merges?limit=1&cursor={first['next']}")).body
    assert [each["merged"]["id"] for each in (*first["items"], *then["items"])] == [cards[2], cards[1]]
    assert then["next"] is None
    client.clock.tick(days=30)
    undone = (await client.post(f"/merges/{first['items'][0]['id']}/undo")).body
    assert (await client.get("/merges")).body["items"][0] == undone
    assert undone["undone_at"] is not None
