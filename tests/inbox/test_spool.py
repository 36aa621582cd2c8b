"""The spool: what waits on disk survives a replay that begins while somebody is writing."""

import asyncio
import os
import threading
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import pytest

from channels.base import Hook
from inbox import doctor
from inbox.spool import PATIENCE, Spool, read
from tests.conftest import make_settings

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def hook(number: int) -> Hook:
    return Hook(method="POST", url="https://inbox.example/hooks/1", headers={}, body=b"%d" % number, received_at=NOW)


def replayed(spool: Spool) -> list[int]:
    """Take everything that waits, as a replay does."""
    found: list[int] = []
    for file in spool.claim():
        with file:
            found += [int(kept.hook.body) for kept in read(file)]
            Path(file.name).unlink()
    return found


def test_what_is_kept_comes_back_in_order(tmp_path: Path) -> None:
    spool = Spool(tmp_path, "web-1")
    for number in range(3):
        spool.keep(1, hook(number))
    assert replayed(spool) == [0, 1, 2]
    assert replayed(spool) == [] and list(tmp_path.iterdir()) == []


def test_nothing_is_lost_while_one_process_writes_and_another_replays(tmp_path: Path) -> None:
    writer, reader, count = Spool(tmp_path, "web-1"), Spool(tmp_path, "worker-1"), 300

    def write() -> None:
        for number in range(count):
            writer.keep(1, hook(number))

    thread = threading.Thread(target=write)
    thread.start()
    found: list[int] = []
    while thread.is_alive():
        found += replayed(reader)
    assert found + replayed(reader) == list(range(count))


def test_a_file_is_replayed_by_one_process_at_a_time(tmp_path: Path) -> None:
    first, second = Spool(tmp_path, "worker-1"), Spool(tmp_path, "worker-2")
    first.keep(1, hook(1))
    (file,) = first.claim()
    with file:
        first.keep(1, hook(2))
        assert second.claim() == [], "nor what came after it"
    assert replayed(second) == [1, 2]


def test_a_file_that_was_replayed_a_moment_ago_is_not_replayed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other process takes it away and lets go of it between our finding it and our turn."""
    first, second = Spool(tmp_path, "worker-1"), Spool(tmp_path, "worker-2")
    first.keep(1, hook(1))
    (file,) = first.claim()
    right = second._left

    def late(stack: ExitStack) -> list[IO[bytes]]:
        found = right(stack)
        Path(file.name).unlink()
        file.close()
        return found

    monkeypatch.setattr(second, "_left", late)
    assert second.claim() == []


def test_what_one_process_acknowledged_is_not_overtaken_by_what_another_took_later(tmp_path: Path) -> None:
    """A customer writes by turns to two processes, each time when the last message is on disk, while a worker replays."""
    writers, reader, count = [Spool(tmp_path, "web-1"), Spool(tmp_path, "web-2")], Spool(tmp_path, "worker-1"), 400

    def write() -> None:
        for number in range(count):
            writers[number % 2].keep(1, hook(number))

    thread = threading.Thread(target=write)
    thread.start()
    found: list[int] = []
    while thread.is_alive():
        found += sorted(replayed(reader))  # a replay merges the files it has by time
    assert found + sorted(replayed(reader)) == list(range(count))


def test_what_does_not_fit_on_the_disk_is_refused_and_spoils_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = Spool(tmp_path, "web-1")
    spool.keep(1, hook(1))
    right = os.fsync
    monkeypatch.setattr(os, "fsync", lambda number: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OSError, match="No space"):
        spool.keep(1, hook(2))
    monkeypatch.setattr(os, "fsync", right)
    spool.keep(1, hook(3))
    assert replayed(spool) == [1, 3]


async def test_deliveries_that_come_together_share_a_write_and_keep_their_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool, writes, right = Spool(tmp_path, "web-1"), [0], os.fsync

    def sync(number: int) -> None:
        writes[0] += 1
        right(number)

    monkeypatch.setattr(os, "fsync", sync)
    await asyncio.gather(*(spool.kept(1, hook(number)) for number in range(200)))
    assert writes[0] < 10 and replayed(spool) == list(range(200))


def test_what_comes_queues_up_behind_what_waits_but_not_for_ever(tmp_path: Path) -> None:
    now = 0.0
    mine, other = Spool(tmp_path, "web-1", lambda: now), Spool(tmp_path, "web-2", lambda: now)
    assert not mine.behind() and not mine.give_time()
    other.keep(1, hook(1))
    assert mine.behind() and other.behind(), "another process's deliveries came before ours"
    now = PATIENCE
    assert not mine.behind(), "nobody replays: the database is tried again"
    mine.fall_behind()
    now += 1
    assert mine.behind(), "it is still down"
    now += PATIENCE
    assert not mine.behind() and mine.give_time(), "it is there: who replays has a little more time"
    assert mine.behind()
    now += PATIENCE
    assert not mine.behind() and not mine.give_time(), "nobody does"
    replayed(other)
    assert not mine.behind()


def test_a_long_replay_is_waited_for(tmp_path: Path) -> None:
    now = 0.0
    mine, worker = Spool(tmp_path, "web-1", lambda: now), Spool(tmp_path, "worker-1")
    mine.keep(1, hook(1))
    (file,) = worker.claim()
    for _ in range(5):
        now += PATIENCE
        assert mine.behind()
    file.close()  # the worker died
    now += PATIENCE
    assert not mine.behind()


@pytest.mark.parametrize("torn", ["", '{"channel": 1, "method"', "\x00\x00", "{}", "[1]"])
def test_a_line_cut_off_by_a_crash_costs_no_other(tmp_path: Path, torn: str) -> None:
    spool = Spool(tmp_path, "web-1")
    spool.keep(1, hook(1))
    with spool.waiting()[0].open("a") as file:
        file.write(torn)
    assert replayed(spool) == [1]


def test_the_doctor_tells_what_waits(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    assert [found.state for found in doctor._spool(settings)] == ["ok"]
    Spool(tmp_path / "spool", "web-1").keep(1, hook(1))
    (found,) = doctor._spool(settings)
    assert found.state == "warning" and "Do not remove" in found.mend


def synced(monkeypatch: pytest.MonkeyPatch, root: Path, *, broken: str = "") -> list[str]:
    """The names of what is brought to the disk at or below `root`, in order; the one called `broken` cannot be."""
    calls: list[str] = []
    real = os.fsync

    def fsync(number: int) -> None:
        name = next(each.name for each in (root, *root.rglob("*")) if each.stat().st_ino == os.fstat(number).st_ino)
        calls.append(name)
        if name == broken:
            raise OSError("the disk is gone")
        real(number)

    monkeypatch.setattr(os, "fsync", fsync)
    return calls


def test_a_new_file_is_kept_with_its_name_before_anything_is_acknowledged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool, calls = Spool(tmp_path / "data" / "spool", "web-1"), synced(monkeypatch, tmp_path)
    spool.keep(1, hook(1))
    assert calls == ["data", "web-1.spool", "spool"]
    spool.keep(1, hook(2))
    assert calls[3:] == ["web-1.spool"], "the name is there already"
    assert replayed(spool) == [1, 2]
    spool.keep(1, hook(3))
    assert calls[4:] == ["web-1.spool", "spool"], "a replay took the file: this is a new one"


def test_what_has_no_name_on_disk_is_not_acknowledged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = Spool(tmp_path, "web-1")
    with monkeypatch.context() as patch:
        synced(patch, tmp_path, broken=tmp_path.name)
        with pytest.raises(OSError, match="the disk is gone"):
            spool.keep(1, hook(1))
    calls = synced(monkeypatch, tmp_path)
    spool.keep(1, hook(2))
    assert calls == ["web-1.spool", tmp_path.name] and replayed(spool) == [2], "the name is brought to the disk then"
