"""The business account behind the WhatsApp stand-in's number: its numbers, its templates, its webhooks."""

from collections.abc import Callable

from aiohttp import web

from channels.sandbox.whatsapp_refusals import Refusal
from channels.sandbox.whatsapp_templates import PAGE, Key, Template, first_templates, page_of


class Account:
    """`authorise` refuses a call with a wrong token."""

    def __init__(self, phone_number_id: str, authorise: Callable[[web.Request], None]) -> None:
        self.id = "200300400500600"
        self.templates: dict[Key, Template] = first_templates()
        self._phone_number_id = phone_number_id
        self._authorise = authorise

    def add_routes(self, app: web.Application) -> None:
        app.router.add_get("/{version}/{account}/phone_numbers", self._numbers)
        app.router.add_get("/{version}/{account}/message_templates", self._templates)
        app.router.add_post("/{version}/{account}/subscribed_apps", self._subscribe)

    async def _numbers(self, request: web.Request) -> web.Response:
        self._authorise(request)
        ours = request.match_info["account"] == self.id
        return web.json_response({"data": [{"id": self._phone_number_id}] if ours else []})

    async def _templates(self, request: web.Request) -> web.Response:
        self._require_ours(request)
        limit = min(int(request.query.get("limit", "25")), PAGE)
        return web.json_response(page_of(self.templates, request.query.get("after", ""), limit))

    async def _subscribe(self, request: web.Request) -> web.Response:
        self._require_ours(request)
        return web.json_response({"success": True})

    def _require_ours(self, request: web.Request) -> None:
        self._authorise(request)
        if request.match_info["account"] != self.id:
            raise Refusal(code=100, message="Unsupported get request.", subcode=33, sort="GraphMethodException")
