"""What whoever watches an installation is told."""

from tests.inbox.conftest import Client


async def test_a_living_process_says_so(client: Client) -> None:
    assert await _get(client, "/healthz") == (200, '{"status": "ok"}')


async def test_a_migrated_database_and_redis_make_it_ready(client: Client) -> None:
    status, body = await _get(client, "/readyz")
    assert status == 200, body
    assert body == '{"status": "ready", "problems": [], "notes": []}'


async def test_metrics_count_what_waits(client: Client) -> None:
    await client.hear(await client.channel(), "Hello")
    status, body = await _get(client, "/metrics")
    assert status == 200
    assert "switchboard_respond_waiting 1\n" in body
    assert "switchboard_customers_waiting 1\n" in body
    assert "switchboard_database_up 1\n" in body


async def _get(client: Client, path: str) -> tuple[int, str]:
    async with client.http.get(client.url + path) as response:
        return response.status, await response.text()
