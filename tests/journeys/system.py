"""A real installation in a folder of its own: commands and processes as a user runs them, the API as a program calls it."""

import asyncio
import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from inspect import isawaitable
from pathlib import Path
from typing import Any, TypeVar, overload

import aiohttp

from inbox import valkey
from inbox.settings import Settings

T = TypeVar("T")

ROOT = Path(__file__).parents[2]
PASSWORD = "a long password of the tests"
OWNER = "vera@shop.example"
GRACE = 8.0 * 2
"""Seconds for a process to end: what its supervisor gives it, on a machine as busy as that of tests."""
_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG
Json = dict[str, Any]
"""A JSON object (`Any`: tests look into it)."""


@overload
async def wait_until(condition: Callable[[], Awaitable[T | None]], timeout: float = 20.0, what: str = "") -> T: ...
@overload
async def wait_until(condition: Callable[[], T | None], timeout: float = 20.0, what: str = "") -> T: ...
async def wait_until(condition: Callable[[], Any], timeout: float = 20.0, what: str = "") -> Any:
    """Ask again and again until the answer is true; returns it. The time is a bound, never a pause."""
    end = time.monotonic() + timeout
    while True:
        answer = condition()
        found = await answer if isawaitable(answer) else answer
        if found:
            return found
        assert time.monotonic() < end, f"not within {timeout:.0f} s: {what or condition.__name__}; last answer {found!r}"
        await asyncio.sleep(0.05)


@dataclass(frozen=True)
class Api:
    """The public API with a bearer token, as a program calls it."""

    http: aiohttp.ClientSession
    url: str
    token: str

    async def call(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """(status, answer). Header names have underscores for dashes."""
        sent = {"Authorization": f"Bearer {self.token}"} | {name.replace("_", "-"): value for name, value in headers.items()}
        data = body if isinstance(body, bytes | aiohttp.FormData) else None if body is None else json.dumps(body).encode()
        if data is not None and not isinstance(data, aiohttp.FormData):
            sent.setdefault("Content-Type", "application/json")
        async with self.http.request(method, f"{self.url}/api/v1{path}", headers=sent, data=data) as response:
            raw = await response.read()
            return response.status, json.loads(raw) if "json" in response.content_type else raw

    async def get(self, path: str) -> Any:
        status, answer = await self.call("GET", path)
        assert status == 200, (path, status, answer)
        return answer

    async def post(self, path: str, body: Any = None, **headers: str) -> Any:
        status, answer = await self.call("POST", path, body, **headers)
        assert status in (200, 201, 204), (path, status, answer)
        return answer

    async def every(self, path: str) -> list[Json]:
        """All items of a list, page by page."""
        mark, found, cursor = "&" if "?" in path else "?", [], ""
        while True:
            page = await self.get(f"{path}{mark}limit=200{cursor}")
            found += page["items"]
            if not page.get("next"):
                return found
            cursor = f"&cursor={page['next']}"

    async def messages(self, conversation: int, *, whole_person: bool = False) -> list[Json]:
        return await self.every(
            f"/conversations/{conversation}/messages?timeline={'contact' if whole_person else 'conversation'}"
        )

    async def upload(self, name: str, mime: str, content: bytes) -> str:
        """The id of an uploaded file."""
        form = aiohttp.FormData()
        form.add_field("file", content, filename=name, content_type=mime)
        return str((await self.post("/uploads", form))["file"])


@dataclass
class System:
    """One installation. `web`, `worker` and `valkey` are its processes; each can be killed and started again."""

    folder: Path
    environment: Mapping[str, str]
    port: int
    http: aiohttp.ClientSession
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    token: str = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def api(self) -> Api:
        return Api(self.http, self.url, self.token)

    @property
    def settings(self) -> Settings:
        """What the processes see, for the few tests that prepare rows by the use cases themselves."""
        told = {name.removeprefix("SWITCHBOARD_").lower(): value for name, value in self.environment.items() if _ours(name)}
        return Settings(_env_file=None, **told)  # type: ignore[arg-type]

    async def cli(self, *words: str, given: str = "") -> str:
        """Run `switchboard WORDS` and return what it printed; fails the test if it fails."""
        return await self._run([sys.executable, "-m", "inbox.cli"], words, given)

    async def commands(self, *commands: Sequence[str], given: str = "") -> list[str]:
        """As `cli`, one command after the other, but in one process: to start one takes longer than what it does."""
        out = await self._run([sys.executable, "-c", _COMMANDS], [json.dumps(commands)], given)
        return out.split(_END)[:-1]

    async def _run(self, program: Sequence[str], words: Sequence[str], given: str) -> str:
        command = [*program, *words]
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            *command, cwd=ROOT, env=dict(self.environment), stdin=pipe, stdout=pipe, stderr=pipe
        )
        out, err = await process.communicate(given.encode())
        assert process.returncode == 0, f"switchboard {' '.join(words)}: {err.decode()}"
        return out.decode()

    async def prepare(self) -> None:
        """The first things an administrator does: the database, the owner, the bot, a token."""
        owner = ("user", "add", OWNER, "--role", "owner", "--name", "Vera", "--password-stdin")
        commands = (("migrate",), owner, ("flow", "add", "welcome"), ("token", "add", OWNER))
        *_, token = await self.commands(*commands, given=f"{PASSWORD}\n")
        self.token = token.strip()

    async def add_channel(self, kind: str, name: str, settings: Mapping[str, str]) -> tuple[int, str]:
        """`switchboard channel add`: (id, webhook)."""
        return (await self.add_channels((kind, name, settings)))[0]

    async def add_channels(self, *channels: tuple[str, str, Mapping[str, str]]) -> list[tuple[int, str]]:
        """Several of them: kind, name, settings of each."""
        made = [json.loads(out) for out in await self.commands(*(_adding(*each) for each in channels))]
        return [(each["id"], each["webhook"]) for each in made]

    def start(self, *names: str) -> None:
        for name in names or ("valkey", "web", "worker"):
            self.running[name] = self._start(name)

    def _start(self, name: str) -> subprocess.Popen[bytes]:
        words = {"web": "serve", "worker": "worker"}.get(name.partition("-")[0])
        ours = [sys.executable, "-m", "inbox.cli", str(words)]
        command = ours if words else valkey.command(self.settings)
        with (self.folder / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                command, cwd=ROOT, env=dict(self.environment), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                preexec_fn=_die_with_us,
            )  # fmt: skip

    def kill(self, name: str) -> None:
        """kill -9, as the kernel does when memory runs out."""
        process = self.running.pop(name)
        process.kill()
        process.wait()

    async def stop(self, *names: str) -> None:
        """End processes as an administrator does, the last started first. The providers in this process live meanwhile."""
        async with AsyncExitStack() as ends:
            for name in names or tuple(self.running):
                ends.push_async_callback(self._end, name)

    async def _end(self, name: str) -> None:
        process = self.running.pop(name)
        process.terminate()
        try:
            await asyncio.to_thread(process.wait, GRACE)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGABRT)  # says in its log what each thread is doing
            process.wait()
            raise AssertionError(f"{name} does not end when asked to: {self.log(name)}") from None

    async def ready(self) -> None:
        """Return when the web server answers."""
        await wait_until(self._answers, 60, "the web server answers")

    async def _answers(self) -> bool:
        dead = [name for name, process in self.running.items() if process.poll() is not None]
        assert not dead, "\n".join(f"{name} ended: {self.log(name)}" for name in dead)
        try:
            status, _ = await self.api.call("GET", "/session")
            return status == 200
        except aiohttp.ClientError:
            return False

    def log(self, name: str, lines: int = 100) -> str:
        path = self.folder / f"{name}.log"
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:]) if path.exists() else ""

    def errors(self) -> list[str]:
        """What our own processes logged as errors, or printed without being asked."""
        found = []
        for path in self.folder.glob("w*.log"):
            lines = path.read_text(errors="replace").splitlines()
            found += [f"{path.stem}: {line}" for line in lines if _level(line) not in ("debug", "info", "warning")]
        return found


_END = "\x1e"
_COMMANDS = f"""
import json, sys
from inbox.cli import app

for words in json.loads(sys.argv[1]):
    if refused := app(words, standalone_mode=False):
        sys.exit(refused)
    print({_END!r}, end="", flush=True)
"""


def _adding(kind: str, name: str, settings: Mapping[str, str]) -> list[str]:
    given = [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]
    return ["channel", "add", kind, "--name", name, *given]


def _level(line: str) -> str:
    try:
        return str(json.loads(line)["level"])
    except (ValueError, KeyError, TypeError):
        return "print"


def _ours(name: str) -> bool:
    return name.startswith("SWITCHBOARD_")


def _die_with_us() -> None:
    """Nothing that a test started outlives it, however it ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DEATH_SIGNAL, signal.SIGKILL)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def installation(folder: Path, database_url: str = "", **settings: str) -> AsyncIterator[System]:
    """A new installation with its owner and bot; `start()` runs it. Everything ends with the block."""
    port = free_port()
    base = {name: value for name, value in os.environ.items() if not _ours(name)} | {"PYTHONFAULTHANDLER": "1"}
    ours = {"DATA": str(folder / "data"), "PORT": str(port), "DATABASE_URL": database_url, "SECRET_KEY": "a key for tests only"}
    given = ours | {name.upper(): value for name, value in settings.items()}
    environment = base | {f"SWITCHBOARD_{name}": value for name, value in given.items() if value}
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as http:
        system = System(folder, environment, port, http)
        await system.prepare()
        try:
            yield system
        finally:
            await system.stop()


@contextmanager
def held(path: Path, statement: str = "BEGIN IMMEDIATE") -> Iterator[None]:
    """Another program holds an SQLite file's write lock."""
    import sqlite3

    connection = sqlite3.connect(path, isolation_level=None, timeout=30)
    connection.execute(statement)
    try:
        yield
    finally:
        connection.execute("ROLLBACK")
        connection.close()


def texts(messages: Sequence[Mapping[str, Any]]) -> list[str]:
    return [str(message["text"]) for message in messages]
