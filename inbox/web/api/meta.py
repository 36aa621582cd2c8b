"""The API about itself."""

from typing import Any

from aiohttp import web

from inbox.version import VERSION
from inbox.web import openapi
from inbox.web.endpoint import Call, endpoint, reply


@endpoint("GET", "/openapi.json", None, answer=dict[str, Any])
async def get_openapi(call: Call) -> web.Response:
    """This document."""
    return reply(openapi.document(VERSION))
