"""The supervisor with real processes: what dies comes back, what should end ends, and nothing is ever left behind."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

import psutil
import pytest

from inbox import valkey
from inbox.probe import get
from inbox.supervise import _WATCHED, Child, NotReady, Supervisor
from tests.conftest import make_settings

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0


def until(true: Callable[[], bool], what: str) -> None:
    """Wait for something that another process does."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, f"{what} did not happen"
        time.sleep(0.02)


def ended(process: psutil.Process) -> bool:
    """Whether it is gone, or has only its exit code left to give."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except (psutil.NoSuchProcess, FileNotFoundError):
        return True


def script(folder: Path, text: str) -> list[str]:
    """A child that is a few lines of Python; `here` is a folder in which it can leave traces."""
    return [sys.executable, "-S", "-c", f"import os, pathlib, signal, sys, time\nhere = pathlib.Path({str(folder)!r})\n{text}"]


def lives(folder: Path) -> list[int]:
    """Pids of every life of the child that leaves a file for each, oldest first."""
    return [int(path.name) for path in sorted(folder.glob("[0-9]*"), key=lambda p: p.stat().st_mtime_ns)]


def has_more_lives(folder: Path, than: int) -> bool:
    return len(lives(folder)) > than


STAYS = "(here / str(os.getpid())).touch()\ntime.sleep(600)"


async def running(supervisor: Supervisor, ready: asyncio.Event) -> "asyncio.Task[None]":
    task = asyncio.create_task(supervisor.run())
    waiting = asyncio.create_task(ready.wait())
    await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED, timeout=PATIENCE)
    waiting.cancel()
    if task.done():
        task.result()
    return task


async def test_a_child_that_is_killed_comes_back(tmp_path: Path) -> None:
    ready = asyncio.Event()
    child = Child(name="one", command=script(tmp_path, STAYS), ready=lambda: bool(lives(tmp_path)))
    supervisor = Supervisor(children=[child], on_ready=ready.set)
    task = await running(supervisor, ready)
    first = lives(tmp_path)[0]
    os.kill(first, signal.SIGKILL)
    await asyncio.to_thread(until, lambda: len(lives(tmp_path)) == 2, "a second life")
    supervisor.stop()
    await task
    assert not any(psutil.pid_exists(pid) for pid in lives(tmp_path))


async def test_children_start_in_order_and_end_in_reverse(tmp_path: Path) -> None:
    ready = asyncio.Event()

    def child(name: str) -> Child:
        note = f"def end(*_):\n  open(here / 'ends', 'a').write('{name} ')\n  sys.exit(0)\nsignal.signal(signal.SIGTERM, end)\n"
        begin = f"open(here / 'begins', 'a').write('{name} ')\n(here / '{name}').touch()\ntime.sleep(600)"
        return Child(name=name, command=script(tmp_path, note + begin), ready=lambda: (tmp_path / name).exists())

    supervisor = Supervisor(children=[child("a"), child("b"), child("c")], on_ready=ready.set)
    task = await running(supervisor, ready)
    supervisor.stop()
    await task
    assert ((tmp_path / "begins").read_text(), (tmp_path / "ends").read_text()) == ("a b c ", "c b a ")


async def test_code_that_changed_is_begun_again_at_once_and_foreign_programs_are_not(tmp_path: Path) -> None:
    ready = asyncio.Event()
    (tmp_path / "foreign").mkdir()
    foreign = Child(name="foreign", command=script(tmp_path / "foreign", STAYS), ours=False)
    ours = Child(name="ours", command=script(tmp_path, STAYS), ready=lambda: bool(lives(tmp_path)))
    supervisor = Supervisor(children=[foreign, ours], on_ready=ready.set)
    task = await running(supervisor, ready)
    for _ in range(2):
        before = len(lives(tmp_path))
        supervisor.again()
        await asyncio.to_thread(until, partial(has_more_lives, tmp_path, before), "a new life")
    await asyncio.to_thread(until, lambda: bool(lives(tmp_path / "foreign")), "the foreign program's life")
    supervisor.stop()
    await task
    assert len(lives(tmp_path / "foreign")) == 1


CANNOT_START = [
    ("a program that ends at once", [sys.executable, "-S", "-c", "raise SystemExit(3)"], 30.0, "ended 3 times"),
    ("a program that is not there", ["/nowhere/at/all"], 30.0, "ended 3 times"),
    (
        "a program that never becomes ready",
        [sys.executable, "-S", "-c", "import time; time.sleep(600)"],
        0.2,
        "did not start within",
    ),
]


@pytest.mark.parametrize(("command", "patience", "said"), [row[1:] for row in CANNOT_START], ids=[row[0] for row in CANNOT_START])
async def test_what_cannot_start_is_said(command: list[str], patience: float, said: str) -> None:
    tries: list[int] = []
    child = Child(name="it", command=command, ready=lambda: False, patience=patience, ours=False, unable=lambda: tries.append(1))
    with pytest.raises(NotReady, match=f"it {said}"):
        await Supervisor(children=[child]).run()
    assert not [each for each in psutil.Process().children() if each.cmdline() == command]


def test_without_help_of_the_kernel_a_foreign_program_ends_when_its_standard_input_closes() -> None:
    command = ["/bin/sh", "-c", _WATCHED, "sh", "sleep", "600"]
    shell = psutil.Popen(command, stdin=subprocess.PIPE)
    until(lambda: any(each.name() == "sleep" for each in shell.children()), "the program's start")
    program = next(each for each in shell.children() if each.name() == "sleep")
    assert shell.stdin is not None
    shell.stdin.close()
    until(lambda: ended(program), "the program's end")
    shell.wait(10)


def test_without_help_of_the_kernel_a_foreign_program_ends_at_sigterm() -> None:
    shell = psutil.Popen(["/bin/sh", "-c", _WATCHED, "sh", "sleep", "600"], stdin=subprocess.PIPE)
    until(lambda: any(each.name() == "sleep" for each in shell.children()), "the program's start")
    program = next(each for each in shell.children() if each.name() == "sleep")
    shell.terminate()
    until(lambda: ended(program), "the program's end")
    assert shell.stdin is not None
    shell.stdin.close()
    shell.wait(10)


async def test_an_unreadable_append_only_file_does_not_keep_valkey_from_starting(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    ready = asyncio.Event()

    def child() -> Child:
        return Child(
            name="valkey", command=valkey.command(settings), ours=False, unable=lambda: valkey.set_aside(settings),
            ready=lambda: valkey.answers(settings.redis_address),
        )  # fmt: skip

    for broken in (False, True):
        if broken:
            for file in (tmp_path / "valkey" / "appendonlydir").glob("*.manifest"):
                file.write_text("this is no manifest\n")
            ready.clear()
        supervisor = Supervisor(children=[child()], on_ready=ready.set)
        task = await running(supervisor, ready)
        supervisor.stop()
        await task
    assert len(list((tmp_path / "valkey").glob("unreadable-*"))) == 1


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def begin(folder: Path, *words: str, **settings: str) -> psutil.Popen:
    """A command as a person starts it, with an environment of its own."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    env = {**kept, "SWITCHBOARD_DATA": str(folder), **{f"SWITCHBOARD_{name}": value for name, value in settings.items()}}
    command = [sys.executable, "-m", "inbox.cli", *words]
    return psutil.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@contextmanager
def up(folder: Path, port: int) -> Iterator[psutil.Popen]:
    """A whole installation that runs; whatever happens, none of it survives the test."""
    process = begin(folder, "up", PORT=str(port))
    try:
        yield process
    finally:
        with closing(process.stdout), closing(process.stderr):
            for each in (*family(process), process):
                if each.is_running():
                    each.kill()
            process.wait(10)


def family(process: psutil.Popen) -> list[psutil.Process]:
    try:
        return [each for each in process.children() if not ended(each)]
    except psutil.NoSuchProcess:
        return []


def role(process: psutil.Process) -> str:
    words = process.cmdline()
    return "valkey" if "valkey" in words[0] else words[3] if len(words) > 3 else "?"


def roles(process: psutil.Popen) -> set[str]:
    try:
        return {role(each) for each in family(process)}
    except (psutil.NoSuchProcess, IndexError):
        return set()


ALL = {"valkey", "worker", "serve"}


@pytest.mark.journey
def test_an_installation_lives_through_kills_and_leaves_nothing_behind(tmp_path: Path) -> None:
    port = free_port()
    with up(tmp_path, port) as first:
        said = [first.stdout.readline(), first.stdout.readline()]
        assert f"http://127.0.0.1:{port}" in said[0]
        assert "owner@localhost" in said[1]
        assert get("127.0.0.1", port, "/healthz") is not None
        until(lambda: roles(first) == ALL, "all processes")
        for victim in family(first):
            victim.kill()
        until(lambda: roles(first) == ALL, "all processes again")
        until(lambda: get("127.0.0.1", port, "/healthz") is not None, "the web server's return")
        orphans = family(first)
        first.kill()
        first.wait(10)
        until(lambda: all(ended(each) for each in orphans), "the children's end")
    with up(tmp_path, port) as second:
        assert f"http://127.0.0.1:{port}" in second.stdout.readline()
        second.send_signal(signal.SIGINT)
        assert second.wait(20) == 0
        assert second.stdout.read() == "", "the password is shown only once"
        assert get("127.0.0.1", port, "/healthz") is None


@pytest.mark.journey
def test_a_second_start_in_the_same_folder_and_a_taken_port_are_refused_in_words(tmp_path: Path) -> None:
    with closing(socket.socket()) as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = str(other.getsockname()[1])
        process = begin(tmp_path, "up", PORT=taken)
        _, said = process.communicate(timeout=PATIENCE)
        assert (process.returncode, f"Port {taken} is taken" in said, "SWITCHBOARD_PORT" in said) == (1, True, True)
    with up(tmp_path, free_port()) as first:
        assert "runs at" in first.stdout.readline()
        process = begin(tmp_path, "up", PORT="0")
        _, said = process.communicate(timeout=PATIENCE)
        assert (process.returncode, str(first.pid) in said, "SWITCHBOARD_DATA" in said) == (1, True, True)


@pytest.mark.journey
def test_the_demo_connects_five_channels_once_and_customers_write(tmp_path: Path) -> None:
    for start in (1, 2):
        process = begin(tmp_path, "demo", "--port", "0", "--phones-port", "0")
        try:
            said = [process.stdout.readline() for _ in range(4)]
            assert process.poll() is None, process.stderr.read()
            phones = int(said[2].rpartition(":")[2])

            def bubbles(port: int = phones) -> int:
                customers = json.loads(get("127.0.0.1", port, "/phones") or b'{"customers": []}')["customers"]
                return sum(not bubble["mine"] for customer in customers for bubble in customer["bubbles"])

            until(lambda: bubbles() > 0, f"an answer on a customer's phone, start {start}")
            process.send_signal(signal.SIGINT)
            assert process.wait(30) == 0
        finally:
            with closing(process.stdout), closing(process.stderr):
                if process.is_running():
                    process.kill()
                    process.wait(10)
    listed = begin(tmp_path, "channel", "list", "--json")
    out, _ = listed.communicate(timeout=PATIENCE)
    assert sorted(each["kind"] for each in json.loads(out)) == ["email", "sms", "telegram", "webchat", "whatsapp"]
