"""The API under thousands of requests that its own documentation says are right, and as many that it says are wrong."""

import asyncio
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as effort
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

from inbox.version import VERSION
from inbox.web import openapi
from tests.inbox.conftest import Client

not_a_server_error = CHECKS.get_one("not_a_server_error")
LEFT_OUT = {
    "stream": "never ends",
    "delete_session": "signs the fuzzer out",
    "upload": "is no JSON; has tests of its own",
    "check_channel": "asks a provider",
    "add_channel": "asks a provider",
}
EXAMPLES = 12
PARTS = 5
"""Into which the operations are dealt out, so that several processes can share them."""

SCHEMA = schemathesis.openapi.from_dict(openapi.document(VERSION))
OPERATIONS: dict[str, Any] = {}
for _each in SCHEMA.get_all_operations():
    _operation: Any = _each.ok()  # type: ignore[union-attr]  # our own document: a broken one fails here
    OPERATIONS[_operation.definition.raw["operationId"]] = _operation


def fuzz(operation: Any, mode: GenerationMode, client: Client) -> None:
    """Send what hypothesis finds; fails with the smallest request that breaks a promise."""
    checks = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
    if mode is GenerationMode.NEGATIVE:
        checks.append(negative_data_rejection)
    headers = {"Authorization": f"Bearer {client.token}"}

    @effort(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(operation.as_strategy(generation_mode=mode))
    def send(case: Any) -> None:
        case.call_and_validate(base_url=client.url, headers=headers, checks=checks)

    send()


async def _furnish(client: Client) -> None:
    """Something of each kind, so that small numbers are found."""
    channel = await client.channel("webchat")
    conversation = await client.hear(channel, kind="webchat", address="visitor-1")
    await client.post(f"/conversations/{conversation}/messages", {"text": "Hi"})
    await client.post("/teams", {"name": "Sales"})
    await client.post("/tasks", {"title": "T", "due_at": "2026-12-01T00:00:00Z", "conversation_id": conversation})
    await client.post("/templates", {"name": "t", "language": "en", "body": "Hi"})
    await client.post("/broadcasts", {"name": "B", "body": "Hi", "tag": "news"})
    await client.post("/contacts/1/organisations", {"name": "Acme", "since": "2024"})


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["right", "wrong"])
@pytest.mark.parametrize("part", range(PARTS))
async def test_nothing_that_is_sent_breaks_a_promise_of_the_document(client: Client, mode: GenerationMode, part: int) -> None:
    await _furnish(client)
    broken = {}
    for name, operation in list(OPERATIONS.items())[part::PARTS]:
        if name in LEFT_OUT:
            continue
        if mode is GenerationMode.NEGATIVE and not (list(operation.iter_parameters()) or operation.body):
            continue
        try:
            await asyncio.to_thread(fuzz, operation, mode, client)
        except (Exception, BaseExceptionGroup) as error:
            broken[name] = str(error)
    assert not broken, "\n\n".join(f"{name}: {text}" for name, text in broken.items())


def test_what_is_left_out_exists() -> None:
    assert set(LEFT_OUT) <= set(OPERATIONS)
