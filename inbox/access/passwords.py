"""Passwords: argon2 in threads of their own, few at once, because one hash costs 130 ms and 64 MB."""

import asyncio
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TypeVar

from pwdlib import PasswordHash
from pwdlib.hashers import HasherProtocol
from pwdlib.hashers.argon2 import Argon2Hasher

T = TypeVar("T")

AT_ONCE = 2
WAITING = 20
"""More people than this waiting for a hash are turned away at once instead of after a minute."""


class TooBusy(Exception):
    """So many sign-ins wait already that this one would only make it worse."""


class Passwords:
    """Hashes and verifies. `hasher` is argon2 at its recommended cost; tests give a cheap one."""

    def __init__(self, hasher: HasherProtocol | None = None) -> None:
        self._hash = PasswordHash((hasher or Argon2Hasher(),))
        self._threads = ThreadPoolExecutor(AT_ONCE, "password")
        self._waiting = 0

    def hash_now(self, password: str) -> str:
        """Hash in the calling thread (command line)."""
        return self._hash.hash(password)

    async def hash(self, password: str) -> str:
        return await self._in_thread(self._hash.hash, password)

    async def verify(self, password: str, hashed: str | None) -> bool:
        """Whether the password is right. Without a hash it takes as long and is wrong, so that nobody learns who exists."""
        return await self._in_thread(self._verify, password, hashed or "")

    def _verify(self, password: str, hashed: str) -> bool:
        return self._hash.verify(password, hashed or self._nobody) and hashed != ""

    @cached_property
    def _nobody(self) -> str:
        return self._hash.hash(secrets.token_hex())

    async def _in_thread(self, function: Callable[..., T], *arguments: str) -> T:
        if self._waiting >= WAITING:
            raise TooBusy
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, function, *arguments)
        finally:
            self._waiting -= 1

    def close(self) -> None:
        self._threads.shutdown(cancel_futures=True)
