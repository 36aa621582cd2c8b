"""Errors as RFC 9457 problem documents: one shape for every refusal of the API, naming the field where there is one."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec
import structlog
from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from bots.problems import FlowError
from inbox.access.passwords import TooBusy
from inbox.accounts import BadSettings
from inbox.db import DatabaseDown
from inbox.delivery.outgoing import CannotSend
from inbox.refusals import Conflict, Invalid, NotAllowed, NotFound, Refusal

log = structlog.get_logger()

TYPE = "application/problem+json"
API = "/api/"


class FieldError(BaseModel):
    """One thing that is wrong."""

    model_config = ConfigDict(extra="forbid")
    field: str = Field(description="Name of the field, nested ones with dots; `body` or `query` for the whole")
    message: str


class ProblemDocument(BaseModel):
    """What went wrong, after RFC 9457."""

    model_config = ConfigDict(extra="forbid")
    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldError] | None = None


class Problem(Exception):
    """Ends a request with a problem document."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        errors: Sequence[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = errors
        self.headers = dict(headers or {})

    def response(self) -> web.Response:
        document: dict[str, Any] = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
        }
        if self.errors:
            document["errors"] = [{"field": field, "message": message} for field, message in self.errors]
        body = msgspec.json.encode(document)
        return web.Response(status=self.status, body=body, headers=self.headers | {"Content-Type": TYPE})


def invalid(field: str, message: str) -> Problem:
    """422 for one field."""
    return Problem(422, f"{field}: {message}", errors=[(field, message)])


@web.middleware
async def middleware(request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> web.StreamResponse:
    """Turn what the API's handlers raise into problem documents; pages and hooks keep their own manners."""
    if not request.path.startswith(API):
        return await handler(request)
    try:
        return await handler(request)
    except Exception as error:
        found = translate(error)
        if request.transport is None and found is None:
            raise
        if found is None:
            log.exception("request failed", method=request.method, route=_route(request))
            found = Problem(500, "Something went wrong here; it has been noted.")
        return found.response()


def translate(error: Exception) -> Problem | None:
    """The problem that an exception means; None for a bug of ours."""
    for kind, make in _TRANSLATIONS:
        if isinstance(error, kind):
            return make(error)
    return None


def _http(error: Any) -> Problem:
    headers = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
    return Problem(error.status, _WORDS.get(error.status, error.reason), headers=headers)


def _send(error: Any) -> Problem:
    return Problem(409, error.reason, errors=[(error.field, error.reason)])


def _flow(error: Any) -> Problem:
    errors = [(" ".join(part for part in ("source", p.step, p.field) if part), p.message) for p in error.problems]
    return Problem(422, str(error), errors=errors)


_WORDS = {
    404: "There is nothing at this address.",
    405: "This address does not take this method.",
    413: "This is larger than we take.",
}

_TRANSLATIONS: tuple[tuple[type[Exception], Callable[[Any], Problem]], ...] = (
    (Problem, lambda e: e),
    (Invalid, lambda e: invalid(e.field, e.message)),
    (NotFound, lambda e: Problem(404, e.detail)),
    (NotAllowed, lambda e: Problem(403, e.detail)),
    (Conflict, lambda e: Problem(409, e.detail)),
    (Refusal, lambda e: Problem(409, e.detail)),
    (CannotSend, _send),
    (BadSettings, lambda e: Problem(422, str(e), errors=[(f"settings.{field}", text) for field, text in e.problems])),
    (FlowError, _flow),
    (DatabaseDown, lambda e: Problem(503, "The database is away for the moment. Try again.", headers={"Retry-After": "5"})),
    (TooBusy, lambda e: Problem(503, "Too many people sign in at once. Try again.", headers={"Retry-After": "5"})),
    (web.HTTPException, _http),
)


def _route(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return resource.canonical if resource else ""
