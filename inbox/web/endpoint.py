"""One endpoint of the API: its signature is its contract. From it come the checks, the answer and the OpenAPI document.

    @endpoint("PATCH", "/tasks/{id}", Right.TASKS_WRITE)
    async def change_task(call: Call, id: int, body: TaskChange) -> Task:
        '''First line: the summary. The rest: the description.'''

Whole numbers and words are parts of the path, `query` and `body` are pydantic models, the annotation of the result is a (frozen)
dataclass that documents what is sent. None answers 204.
"""

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Concatenate, ParamSpec, TypeVar, get_type_hints

import msgspec
import sqlalchemy as sa
from aiohttp import web
from pydantic import BaseModel

from inbox.access.rights import Right
from inbox.access.sign_in import SignedIn
from inbox.web import auth, keys
from inbox.web.problems import Problem
from inbox.web.reading import read_body, read_ids, read_query

P = ParamSpec("P")
T = TypeVar("T")

PREFIX = "/api/v1"
Handler = Callable[..., Awaitable[Any]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoint:
    """What one method of one address takes, needs and answers. `right` is None for what anybody may call."""

    method: str
    path: str
    right: Right | None
    handler: Handler
    ids: tuple[str, ...]
    words: tuple[str, ...]
    query: type[BaseModel] | None
    body: type[BaseModel] | None
    answer: Any
    status: int
    content_type: str
    """Several, with ", " between them, where the caller chooses."""
    repeatable: bool
    """Takes an Idempotency-Key."""
    upload: bool
    """Takes a form with a file, which the handler reads by itself."""

    @property
    def name(self) -> str:
        return self.handler.__name__

    @property
    def docs(self) -> tuple[str, str]:
        """(summary, description)"""
        summary, _, rest = inspect.cleandoc(self.handler.__doc__ or "").partition("\n")
        return summary.strip(), rest.strip()


ENDPOINTS: list[Endpoint] = []
"""Every endpoint, in the order of definition (see `inbox.web.api`)."""


@dataclass(frozen=True)
class Call:
    """One request that was let in. Handlers reach the rest of the program through it."""

    request: web.Request
    now: datetime
    signed_in: SignedIn | None

    @cached_property
    def who(self) -> SignedIn:
        """Who asks. Only where the endpoint needs a right."""
        assert self.signed_in is not None
        return self.signed_in

    @property
    def me(self) -> int:
        return self.who.manager_id

    @property
    def app(self) -> web.Application:
        return self.request.app

    async def read(self, function: Callable[Concatenate[sa.Connection, P], T], *arguments: P.args, **keywords: P.kwargs) -> T:
        """Run a view."""
        return await self.app[keys.DB].read(function, *arguments, **keywords)

    async def run(self, function: Callable[Concatenate[sa.Connection, P], T], *arguments: P.args, **keywords: P.kwargs) -> T:
        """Run a use case in a transaction."""
        return await self.app[keys.DB].run(function, *arguments, **keywords)


def endpoint(
    method: str,
    path: str,
    right: Right | None,
    *,
    status: int = 200,
    answer: Any = ...,
    content_type: str = "application/json",
    repeatable: bool = False,
    upload: bool = False,
) -> Callable[[Handler], Handler]:
    """Register a handler. `answer` says what is sent where the handler makes the response itself."""

    def register(handler: Handler) -> Handler:
        hints = get_type_hints(handler)
        sent = hints.pop("return") if answer is ... else answer
        models = {n: h for n, h in hints.items() if n in ("query", "body")}
        found = Endpoint(
            method=method, path=path, right=right, handler=handler, query=models.get("query"), body=models.get("body"),
            ids=tuple(n for n, h in hints.items() if h is int), words=tuple(n for n, h in hints.items() if h is str),
            answer=None if sent is type(None) else sent, status=204 if sent is type(None) else status,
            content_type=content_type, repeatable=repeatable, upload=upload,
        )  # fmt: skip
        ENDPOINTS.append(found)
        return handler

    return register


def add_routes(app: web.Application) -> None:
    """Give every endpoint its address."""
    for each in ENDPOINTS:
        path = PREFIX + each.path
        for name in each.ids:
            path = path.replace(f"{{{name}}}", f"{{{name}:[0-9]+}}")
        for name in each.words:
            path = path.replace(f"{{{name}}}", f"{{{name}:[0-9A-Za-z_-]{{1,100}}}}")
        app.router.add_route(each.method, path, _serve(each))


def _serve(each: Endpoint) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def serve(request: web.Request) -> web.StreamResponse:
        call = await _let_in(each, request)
        arguments: dict[str, Any] = {**read_ids(request, each.ids), **{name: request.match_info[name] for name in each.words}}
        if each.query is not None:
            arguments["query"] = read_query(request, each.query)
        elif request.query:
            raise Problem(422, "This takes no parameters.", errors=[(n, "Unknown parameter") for n in sorted(set(request.query))])
        if each.body is not None:
            arguments["body"] = await read_body(request, each.body)
        result = await each.handler(call, **arguments)
        return result if isinstance(result, web.StreamResponse) else reply(result, each.status)

    return serve


async def _let_in(each: Endpoint, request: web.Request) -> Call:
    now = request.app[keys.CLOCK]()
    if each.right is None:
        return Call(request, now, None)
    who = await auth.identify(request)
    if each.right not in who.rights:
        raise Problem(403, f"Your role ({who.role}) does not have the right {each.right}.")
    return Call(request, now, who)


def reply(answer: Any, status: int = 200) -> web.Response:
    """An answer as JSON; nothing for 204."""
    if status == 204:
        return web.Response(status=204)
    return web.Response(body=msgspec.json.encode(answer), status=status, content_type="application/json")
