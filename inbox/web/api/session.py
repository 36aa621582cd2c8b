"""Sign in and out, and one's own sessions and tokens."""

from dataclasses import dataclass
from typing import Annotated

from aiohttp import web
from pydantic import Field

from inbox import people
from inbox.access import sign_in
from inbox.access.rights import Right, rights
from inbox.version import VERSION
from inbox.views import people as views
from inbox.views.paging import All
from inbox.web import auth, keys
from inbox.web.endpoint import Call, endpoint, reply
from inbox.web.fields import Body
from inbox.web.problems import Problem


class Credentials(Body):
    """Mail address and password."""

    email: Annotated[str, Field(max_length=254)]
    password: Annotated[str, Field(max_length=people.LONGEST_PASSWORD)]


class NewToken(Body):
    """A bearer token to make."""

    name: Annotated[str, Field(max_length=200)] = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Session:
    """Who is signed in and what they may do. `csrf` goes into X-CSRF-Token; null with a bearer token, which needs none."""

    manager: views.Manager
    csrf: str | None
    language: str
    public_url: str
    version: str
    rights: list[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class MadeToken:
    """A new token; `token` is shown this once."""

    id: int
    name: str
    token: str


@endpoint("POST", "/session", None, answer=Session)
async def create_session(call: Call, body: Credentials) -> web.Response:
    """Sign in with a password.

    Sets the session's cookie. Wrong attempts are counted: after ten within five minutes, 429.
    """
    ip, email = call.request.remote or "", body.email.strip().lower()
    attempts = call.app[auth.ATTEMPTS]
    attempts.check(ip, email)
    manager = await call.read(people.find_manager, email)
    right = await call.app[keys.PASSWORDS].verify(body.password, manager.password_hash if manager else None)
    if manager is None or not right or manager.disabled_at is not None:
        attempts.failed(ip, email)
        raise Problem(401, "Mail address or password is wrong.")
    attempts.succeeded(ip, email)
    agent = call.request.headers.get("User-Agent", "")
    secret = await call.run(sign_in.start_session, call.now, manager.id, agent=agent, ip=ip)
    response = reply(await _session(call, manager.id, manager.role, secret))
    auth.set_cookie(call.request, response, secret)
    return response


@endpoint("GET", "/session", Right.SELF)
async def get_session(call: Call) -> Session:
    """Who I am and what I may do."""
    secret = call.request.cookies.get(auth.COOKIE) if call.who.session_id is not None else None
    return await _session(call, call.me, call.who.role, secret)


@endpoint("DELETE", "/session", Right.SELF, answer=None, status=204)
async def delete_session(call: Call) -> web.Response:
    """Sign out."""
    if call.who.session_id is not None:
        await call.run(sign_in.end_session, call.now, call.me, call.who.session_id)
    response = web.Response(status=204)
    auth.clear_cookie(response)
    return response


@endpoint("GET", "/sessions", Right.SELF)
async def list_sessions(call: Call) -> All[views.SessionShown]:
    """The browsers in which I am signed in."""
    return await call.read(views.sessions, call.me, call.now, call.who.session_id)


@endpoint("DELETE", "/sessions/{session_id}", Right.SELF)
async def end_session(call: Call, session_id: int) -> None:
    """Sign out one of my browsers."""
    await call.run(sign_in.end_session, call.now, call.me, session_id)


@endpoint("GET", "/tokens", Right.SELF)
async def list_tokens(call: Call) -> All[views.TokenShown]:
    """My bearer tokens, without their secrets."""
    return await call.read(views.tokens, call.me)


@endpoint("POST", "/tokens", Right.SELF, status=201)
async def add_token(call: Call, body: NewToken) -> MadeToken:
    """Make a bearer token with my rights.

    The token itself is in this answer and nowhere else.
    """
    token_id, token = await call.run(sign_in.add_token, call.now, call.me, body.name)
    return MadeToken(id=token_id, name=body.name, token=token)


@endpoint("DELETE", "/tokens/{token_id}", Right.SELF)
async def revoke_token(call: Call, token_id: int) -> None:
    """End one of my tokens."""
    await call.run(sign_in.revoke_token, call.now, call.me, token_id)


async def _session(call: Call, manager_id: int, role: str, secret: str | None) -> Session:
    manager = await call.read(views.manager, manager_id)
    settings = call.app[keys.SETTINGS]
    return Session(
        manager=manager,
        csrf=sign_in.csrf(settings.key, secret) if secret else None,
        language=manager.language,
        public_url=settings.base_url,
        version=VERSION,
        rights=sorted(rights(role)),
    )
