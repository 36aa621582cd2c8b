"""The limits of sending: one table for Valkey's script and for the copy that a worker falls back to, and both held together."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from itertools import count

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as trying
from hypothesis import strategies as st
from redis.asyncio import Redis

from channels.base import Capabilities, Settings
from inbox.delivery import limits as module
from inbox.delivery.limits import GRACE, NONE, Ask, Limit, Limits, limit_of
from inbox.delivery.outgoing import BOT, BROADCAST, OPERATOR

TEN = Limit(rate=10, burst=10)
SLOW = Limit(rate=1, burst=1)
CHAT = Limit(rate=100, burst=100, address_rate=1, address_burst=2)
_runs = count(1)


@dataclass
class Office:
    """Somebody who asks, at a time that moves only when told."""

    limits: Limits
    limit: Limit = TEN
    now: float = 1_000_000.0
    asks: list[Ask] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.limits.clock = self.limits.shared_clock = lambda: self.now

    async def ask(self, *priorities: int, to: str = "", run: int = 0, cost: int = 1, channel: int = 1) -> list[float]:
        asks = [Ask(channel, run or next(_runs), to or f"+{next(_runs)}", priority, cost) for priority in priorities]
        return [round(wait, 4) for wait in await self.limits.take(asks, {channel: self.limit})]


@pytest.fixture
async def redis(valkey: str) -> AsyncIterator["Redis"]:
    async with Redis.from_url(valkey, socket_connect_timeout=30) as opened:
        await opened.flushall()
        yield opened


@pytest.fixture(params=["valkey", "alone"])
async def office(request: pytest.FixtureRequest, redis: "Redis") -> Office:
    return Office(Limits(redis if request.param == "valkey" else None))


async def test_what_is_beyond_the_bucket_waits_for_its_turn(office: Office) -> None:
    assert await office.ask(*[OPERATOR] * 13) == [0.0] * 10 + [0.1, 0.2, 0.3]
    office.now += 0.2
    assert await office.ask(*[OPERATOR] * 3) == [0.0, 0.0, 0.1]


async def test_who_must_wait_is_not_counted_however_often_they_ask(office: Office) -> None:
    await office.ask(*[OPERATOR] * 10)
    for _ in range(20):
        assert await office.ask(OPERATOR) == [0.1]
    office.now += 0.1
    assert await office.ask(OPERATOR) == [0.0]


async def test_broadcasts_and_bots_leave_something_for_the_more_urgent(office: Office) -> None:
    assert (await office.ask(*[BROADCAST] * 10)).count(0.0) == 6
    assert (await office.ask(*[BOT] * 10)).count(0.0) == 3
    assert await office.ask(OPERATOR) == [0.0]


async def test_a_broadcast_gets_the_whole_rate_while_nobody_else_wants_any(office: Office) -> None:
    sent = 0
    for _ in range(100):
        sent += (await office.ask(*[BROADCAST] * 5)).count(0.0)
        office.now += 0.1
    assert sent == 6 + 99


@pytest.mark.parametrize(("urgent", "other"), [(OPERATOR, BOT), (OPERATOR, BROADCAST), (BOT, BROADCAST)])
async def test_while_the_more_urgent_wait_nobody_else_gets_a_token(office: Office, urgent: int, other: int) -> None:
    office.limit = SLOW
    await office.ask(urgent)
    assert await office.ask(urgent) == [1.0]
    office.now += 1.01
    assert (await office.ask(other))[0] > 0, "the token is the urgent one's, though the other came first"
    assert await office.ask(urgent) == [0.0]
    office.now += 1 + GRACE
    assert await office.ask(other) == [0.0], "nobody urgent came back: the others do not wait for ever"


async def test_one_person_waits_alone(office: Office) -> None:
    office.limit = CHAT
    assert await office.ask(*[OPERATOR] * 3, to="+1") == [0.0, 0.0, 1.0]
    assert await office.ask(OPERATOR, to="+2") == [0.0]
    office.now += 1
    assert await office.ask(OPERATOR, OPERATOR, to="+1") == [0.0, 1.0]


async def test_after_one_that_must_wait_the_others_of_its_run_wait_and_are_not_counted(office: Office) -> None:
    office.limit = Limit(rate=0.1, burst=10, address_rate=1, address_burst=1)
    asks = [Ask(1, 7, "+1", OPERATOR), Ask(1, 7, "+1", OPERATOR), Ask(1, 7, "+2", OPERATOR)]
    assert await office.limits.take(asks, {1: office.limit}) == [0.0, 1.0, 1.0]
    assert (await office.ask(*[OPERATOR] * 10)).count(0.0) == 9


async def test_a_message_of_many_parts_goes_whole_and_is_paid_off_by_the_next(office: Office) -> None:
    office.limit = SLOW
    assert await office.ask(OPERATOR, cost=3) == [0.0]
    assert await office.ask(OPERATOR) == [3.0]


async def test_channels_do_not_count_for_each_other(office: Office) -> None:
    office.limit = SLOW
    assert await office.ask(OPERATOR, channel=1) == [0.0]
    assert await office.ask(OPERATOR, channel=2) == [0.0]


async def test_a_worker_knows_how_much_it_may_claim(office: Office) -> None:
    assert office.limits.tokens(1, TEN) == (10, 9, 6)
    await office.ask(*[BROADCAST] * 6)
    assert office.limits.tokens(1, TEN) == (4, 3, 0)
    wait = office.limits.wait(1, TEN)
    office.now += wait - 0.01
    assert office.limits.tokens(1, TEN)[2] == 0
    office.now += 0.02
    assert office.limits.tokens(1, TEN)[2] == 1


async def test_workers_share_what_valkey_counts(redis: "Redis") -> None:
    one, other = Office(Limits(redis)), Office(Limits(redis))
    assert (await one.ask(*[OPERATOR] * 7)).count(0.0) + (await other.ask(*[OPERATOR] * 7)).count(0.0) == 10


async def test_nothing_is_left_in_valkey_when_the_buckets_are_full_again(redis: "Redis") -> None:
    office = Office(Limits(redis), replace(CHAT, rate=0.1, address_rate=0.1))
    await office.ask(*[OPERATOR] * 2, to="+4930901820")
    names = [str(name) for name in await redis.keys("switchboard:limit:*")]
    assert len(names) == 2
    assert not any("4930901820" in name for name in names)
    assert max([await redis.pttl(name) for name in names]) <= 21_000


async def test_valkey_counts_by_its_own_time(redis: "Redis") -> None:
    limits = Limits(redis)
    assert await limits.take([Ask(1, 1, "+1", OPERATOR)], {1: SLOW}) == [0.0]
    (wait,) = await limits.take([Ask(1, 2, "+1", OPERATOR)], {1: SLOW})
    assert 0 < wait <= 1


async def test_while_valkey_is_away_a_worker_goes_on_by_its_own_count(redis: "Redis", monkeypatch: pytest.MonkeyPatch) -> None:
    office = Office(Limits(redis))
    assert (await office.ask(*[OPERATOR] * 6)).count(0.0) == 6
    office.limits._script = Redis.from_url("redis://127.0.0.1:1").register_script("return 1")
    monkeypatch.setattr(module, "PATIENCE", 0.05)
    assert await office.ask(*[OPERATOR] * 5) == [0.0] * 4 + [0.1], "what Valkey counted still counts"
    office.now += 0.1
    assert await office.ask(OPERATOR) == [0.0]


async def test_a_valkey_that_hangs_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    monkeypatch.setattr(module, "PATIENCE", 0.05)
    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    async with server, Redis.from_url(f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}") as redis:
        office = Office(Limits(redis), SLOW)
        assert await office.ask(OPERATOR) == [0.0]
        assert await office.ask(OPERATOR) == [1.0]


async def test_an_unlimited_channel_asks_nobody() -> None:
    office = Office(Limits(Redis.from_url("redis://127.0.0.1:1")), NONE)
    assert await office.ask(*[BROADCAST] * 500) == [0.0] * 500


@pytest.mark.parametrize(
    ("can", "setting", "expected"),
    [
        pytest.param(Capabilities(rate=80), None, Limit(80, 20), id="what the connector knows"),
        pytest.param(Capabilities(rate=80), 4, Limit(4, 1), id="the setting overrules it"),
        pytest.param(Capabilities(rate=80, address_rate=1, address_burst=5), 4, Limit(4, 1, 1, 5), id="but not for a person"),
        pytest.param(Capabilities(rate=80, address_rate=1), 0, NONE, id="0 ends all limits"),
        pytest.param(Capabilities(rate=0), None, NONE, id="none known"),
        pytest.param(Capabilities(rate=0.5), None, Limit(0.5, 1), id="less than one a second"),
    ],
)
def test_the_limit_of_a_channel(can: Capabilities, setting: float | None, expected: Limit) -> None:
    assert limit_of(can, Settings(rate=setting)) == expected


def test_the_setting_is_a_number_or_nothing() -> None:
    assert (Settings(rate="").rate, Settings(rate="12.5").rate) == (None, 12.5)
    with pytest.raises(ValueError, match="rate"):
        Settings(rate=-1)


steps = st.lists(
    st.tuples(
        st.floats(0, 2),
        st.lists(
            st.builds(Ask, st.integers(1, 2), st.integers(1, 4), st.sampled_from("abc"), st.integers(0, 2), st.integers(1, 4))
        ),
    ),
    max_size=8,
)
some_limits = st.builds(
    Limit, st.sampled_from([0.5, 2.0, 10.0]), st.integers(1, 10), st.sampled_from([0.0, 1.0]), st.integers(1, 3)
)


@trying(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps, st.tuples(some_limits, some_limits))
async def test_valkey_and_the_fallback_decide_the_same(
    valkey: str, told: list[tuple[float, list[Ask]]], two: tuple[Limit, Limit]
) -> None:
    async with Redis.from_url(valkey) as opened:
        await opened.flushall()
        shared, alone = Office(Limits(opened)), Office(Limits(None))
        for later, asks in told:
            shared.now = alone.now = shared.now + later
            limits = dict(enumerate(two, 1))
            assert await shared.limits.take(asks, limits) == pytest.approx(await alone.limits.take(asks, limits), abs=1e-4)
