"""Who makes a request: the session's cookie with its CSRF header, or a bearer token. And how often one may try to sign in."""

import hmac
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from aiohttp import web

from inbox.access.sign_in import LASTS, SignedIn, by_session, by_token, csrf, touch
from inbox.web import keys
from inbox.web.problems import Problem

COOKIE = "switchboard_session"
CSRF_HEADER = "X-CSRF-Token"
_SAFE = {"GET", "HEAD", "OPTIONS"}


async def identify(request: web.Request) -> SignedIn:
    """Who asks. Raises Problem 401 if nobody we know, 403 if a page that is not ours may have sent it."""
    now = request.app[keys.CLOCK]()
    who = await _recognise(request, now)
    if who.session_id is not None and request.method not in _SAFE:
        _require_csrf(request)
    if who.stale:
        await request.app[keys.DB].run(touch, now, who)
    return who


async def _recognise(request: web.Request, now: datetime) -> SignedIn:
    db = request.app[keys.DB]
    if header := request.headers.get("Authorization"):
        scheme, _, secret = header.partition(" ")
        if scheme.lower() == "bearer" and secret and (who := await db.read(by_token, now, secret.strip())):
            return who
        raise Problem(401, "This token is not valid (any more).", headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})
    secret = request.cookies.get(COOKIE, "")
    if secret and (found := await db.read(by_session, now, secret)):
        return found
    raise Problem(401, "Sign in first.", headers={"WWW-Authenticate": "Bearer"})


def _require_csrf(request: web.Request) -> None:
    right = csrf(request.app[keys.SETTINGS].key, request.cookies[COOKIE])
    given = request.headers.get(CSRF_HEADER, "")
    if not hmac.compare_digest(given.encode(errors="replace"), right.encode()):
        raise Problem(403, f"The header {CSRF_HEADER} is missing or wrong: load the page again.")


def set_cookie(request: web.Request, response: web.Response, secret: str) -> None:
    """Keep the session in the browser: out of reach of scripts, and only encrypted where the site is."""
    secure = request.app[keys.SETTINGS].base_url.startswith("https")
    response.set_cookie(
        COOKIE, secret, max_age=int(LASTS.total_seconds()), httponly=True, samesite="Lax", secure=secure, path="/"
    )


def clear_cookie(response: web.Response) -> None:
    response.del_cookie(COOKIE, path="/")


@dataclass(slots=True)
class Attempts:
    """Failed sign-ins of one process. After `most` of one (address, mail) or `most_of_one` by anybody for one mail: wait."""

    clock: Callable[[], datetime]
    most: int = 10
    most_of_one: int = 50
    within: timedelta = timedelta(minutes=5)
    _failed: dict[tuple[str, str], deque[datetime]] = field(default_factory=dict)

    def check(self, ip: str, email: str) -> None:
        """Raises Problem 429 if there were too many failures of late."""
        for key, most in (((ip, email), self.most), (("", email), self.most_of_one)):
            failed = self._recent(key)
            if len(failed) >= most:
                wait = int((failed[0] + self.within - self.clock()).total_seconds()) + 1
                raise Problem(429, "Too many wrong attempts. Wait a few minutes.", headers={"Retry-After": str(wait)})

    def failed(self, ip: str, email: str) -> None:
        if len(self._failed) > 10_000:
            self._forget()
        for key in ((ip, email), ("", email)):
            self._failed.setdefault(key, deque()).append(self.clock())

    def succeeded(self, ip: str, email: str) -> None:
        self._failed.pop((ip, email), None)

    def _recent(self, key: tuple[str, str]) -> deque[datetime]:
        failed = self._failed.get(key, deque())
        while failed and failed[0] <= self.clock() - self.within:
            failed.popleft()
        return failed

    def _forget(self) -> None:
        for key in list(self._failed):
            if not self._recent(key):
                del self._failed[key]


ATTEMPTS = web.AppKey("attempts", Attempts)
