"""Telegram's stand-in: the Bot API for one bot, and the private chats of the customers behind it."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import ClassVar

from aiohttp import web

from channels.sandbox.base import Bubble, Customer, Draft, Fault, Phones, StandIn
from channels.sandbox.telegram_parts.chats import SENT_AS, Chats
from channels.sandbox.telegram_parts.pace import Pace
from channels.sandbox.telegram_parts.rules import (
    ACTIONS,
    ApiError,
    Raw,
    bad,
    choices_of,
    commands_of,
    keyboard_of,
    needed,
    number,
    parameters_of,
    point_of,
    structure,
    words_of,
)
from channels.sandbox.telegram_parts.updates import Updates

_UPLOAD_LIMIT = 50_000_000
_DOWNLOAD_LIMIT = 20 * 1024 * 1024
_REASONS = {429: "Too Many Requests: retry after {after}", 500: "Internal Server Error", 502: "Bad Gateway"}


class TelegramStandIn(StandIn):
    """One bot. Its private chats are numbered by the customers' addresses."""

    kind: ClassVar[str] = "telegram"
    token = "730001:sandbox-bot-token"  # noqa: S105 of a bot that exists nowhere else
    username = "switchboard_sandbox_bot"

    def __init__(self, phones: Phones) -> None:
        super().__init__(phones)
        self.actions: deque[tuple[str, str]] = deque(maxlen=1000)
        """(chat, action) of sendChatAction, newest last."""
        self.answered: deque[str] = deque(maxlen=100_000)
        """Callback queries that the bot answered."""
        self.query_answered = asyncio.Event()
        self.commands: list[Raw] = []
        """The bot's menu."""
        self.read_marks: deque[tuple[str, int]] = deque(maxlen=1000)
        """(chat, message) of readBusinessMessage."""
        self.pace = Pace()
        self._me: Raw = {"id": 730001, "is_bot": True, "first_name": "Sandbox", "username": self.username}
        self._hanging: set[asyncio.Future[web.Response | None]] = set()
        self.updates = Updates(self.perform)
        self.chats = Chats(phones, self.updates, self._me)

    @property
    def any_chat(self) -> bool:
        """Whether the bot may write to chats that nobody opened (for load tests without phones)."""
        return self.chats.any_chat

    @any_chat.setter
    def any_chat(self, anybody: bool) -> None:
        self.chats.any_chat = anybody

    def settings(self) -> dict[str, str]:
        return {"token": self.token, "mode": "polling", "api_base": self.base_url}

    async def start(self, base_url: str) -> None:
        await super().start(base_url)
        self.updates.http = self.http

    async def stop(self) -> None:
        for meeting in tuple(self._hanging):
            meeting.cancel()
        await self.updates.close()
        await super().stop()

    # --- the provider's HTTP side

    def routes(self) -> web.Application:
        app = web.Application(client_max_size=_UPLOAD_LIMIT + 1_000_000)
        app.router.add_route("*", "/bot{token}/{method}", self._call)
        app.router.add_get("/file/bot{token}/{path:.+}", self._give_file)
        return app

    async def _call(self, request: web.Request) -> web.StreamResponse:
        try:
            self._authorise(request)
            method = request.match_info["method"]
            if method.lower().startswith("send") and method.lower() != "sendchataction":
                return await self._send(request, method)
            return web.json_response({"ok": True, "result": await self.perform(method, await parameters_of(request))})
        except ApiError as error:
            return _error(error)

    async def _send(self, request: web.Request, method: str) -> web.StreamResponse:
        """A call that the faults apply to."""
        parameters = await parameters_of(request)
        fault = await self._meet_fault()
        if fault is not None:
            return fault
        self.pace.check(str(parameters.get("chat_id")))
        result = await self.perform(method, parameters)
        self.received.append({"method": method, **parameters})
        if self.drops(request):
            return web.Response()
        return web.json_response({"ok": True, "result": result})

    async def _meet_fault(self) -> web.Response | None:
        """A call that hangs ends with the stand-in, else its server would wait for it."""
        if not self.faults:
            return None
        meeting = asyncio.ensure_future(self.meet_fault())
        self._hanging.add(meeting)
        try:
            return await meeting
        except asyncio.CancelledError:
            return web.Response(status=504)
        finally:
            self._hanging.discard(meeting)

    def _authorise(self, request: web.Request) -> None:
        if request.match_info["token"] != self.token:
            raise ApiError(401, "Unauthorized")

    def refuse(self, fault: Fault, headers: Mapping[str, str]) -> web.Response:
        after = {"retry_after": int(fault.retry_after)} if fault.retry_after is not None else {}
        words = _REASONS.get(fault.status, "Fault {status}").format(status=fault.status, after=after.get("retry_after", 0))
        return _error(ApiError(fault.status, words, **after))

    async def _give_file(self, request: web.Request) -> web.Response:
        content = self.chats.paths.get(request.match_info["path"])
        if request.match_info["token"] != self.token or content is None:
            return _error(ApiError(404, "Not Found"))
        return web.Response(body=content)

    async def perform(self, method: str, parameters: Raw) -> object:
        """Do what a method asks. Raises ApiError."""
        handler = _METHODS.get(method.lower())
        if handler is None:
            raise ApiError(404, "Not Found: method not found")
        return await handler(self, parameters)

    async def get_me(self, parameters: Raw) -> object:
        return {**self._me, "can_join_groups": True, "can_read_all_group_messages": False, "supports_inline_queries": False}

    async def get_updates(self, parameters: Raw) -> object:
        return await self.updates.get(parameters)

    async def set_webhook(self, parameters: Raw) -> object:
        self.updates.set_webhook(parameters)
        self.webhook = self.updates.url
        return True

    async def delete_webhook(self, parameters: Raw) -> object:
        self.updates.delete_webhook(parameters)
        self.webhook = ""
        return True

    async def get_webhook_info(self, parameters: Raw) -> object:
        updates = self.updates
        info: Raw = {"url": updates.url, "has_custom_certificate": False, "pending_update_count": updates.pending}
        info |= {"allowed_updates": sorted(updates.wanted)} if updates.wanted else {}
        failed = {"last_error_date": int(updates.failed_at), "last_error_message": updates.last_error}
        return info | (failed if updates.last_error else {})

    async def set_my_commands(self, parameters: Raw) -> object:
        self.commands = commands_of(parameters)
        return True

    async def send_location(self, parameters: Raw) -> object:
        chat, point = self.chats.open_chat(parameters), point_of(parameters)
        words = f"{point['latitude']}, {point['longitude']}"
        return self.chats.show(chat, parameters, {"location": point}, None, [], words)

    async def send_venue(self, parameters: Raw) -> object:
        chat, point = self.chats.open_chat(parameters), point_of(parameters)
        title, address = needed(parameters, "title", "address")
        venue = {"location": point, "title": title, "address": address}
        return self.chats.show(chat, parameters, {"venue": venue, "location": point}, None, [], f"{title}, {address}")

    async def send_contact(self, parameters: Raw) -> object:
        chat = self.chats.open_chat(parameters)
        phone, name = needed(parameters, "phone_number", "first_name")
        if len(str(parameters.get("vcard") or "").encode()) > 2048:
            raise bad("vCard is too long")
        return self.chats.show(
            chat, parameters, {"contact": {"phone_number": phone, "first_name": name}}, None, [], f"{name} {phone}"
        )

    async def set_message_reaction(self, parameters: Raw) -> object:
        reactions = structure(parameters, "reaction") or []
        chat, message_id = self.chats.open_chat(parameters), number(parameters, "message_id")
        self.chats.react(chat, message_id, [str(each.get("emoji")) for each in reactions])
        return True

    async def read_business_message(self, parameters: Raw) -> object:
        if not self.chats.circles.check_account(parameters):
            raise bad("business connection not found")
        self.read_marks.append((str(parameters.get("chat_id")), number(parameters, "message_id")))
        return True

    async def send_message(self, parameters: Raw) -> object:
        chat = self.chats.open_chat(parameters)
        plain, html = words_of(parameters, "text")
        return self.chats.show(chat, parameters, {"text": plain}, html, [])

    async def send_media(self, parameters: Raw, name: str) -> object:
        chat = self.chats.open_chat(parameters)
        plain, html = words_of(parameters, "caption") if name != "sticker" else ("", None)
        file = self.chats.received(name, parameters.get(name))
        content = {name: self.chats.described(name, file), **({"caption": plain} if plain else {})}
        return self.chats.show(chat, parameters, content, html, [file])

    async def send_media_group(self, parameters: Raw) -> object:
        chat = self.chats.open_chat(parameters)
        media = structure(parameters, "media")
        if not isinstance(media, list) or not 2 <= len(media) <= 10:
            raise bad("wrong number of media in the album: there must be 2-10 of them")
        group = self.chats.new_id()
        ready = [(item["type"], self.chats.attached(item, parameters), words_of(item, "caption")) for item in media]
        if len({"visual" if kind in {"photo", "video"} else kind for kind, _, _ in ready}) > 1:
            raise bad("document and audio can't be mixed with other media types")
        shown = []
        for kind, file, (plain, html) in ready:
            content = {kind: self.chats.described(kind, file), "media_group_id": group, **({"caption": plain} if plain else {})}
            shown.append(self.chats.show(chat, {**parameters, "reply_markup": None}, content, html, [file]))
        return shown

    async def send_chat_action(self, parameters: Raw) -> object:
        action = str(parameters.get("action"))
        if action not in ACTIONS:
            raise bad("wrong parameter action in request")
        self.actions.append((self.chats.open_chat(parameters), action))
        return True

    async def answer_callback_query(self, parameters: Raw) -> object:
        query = str(parameters.get("callback_query_id"))
        if query not in self.chats.spinning:
            raise bad("query is too old and response timeout expired or query ID is invalid")
        self.chats.spinning.discard(query)
        self.answered.append(query)
        self.query_answered.set()
        return True

    async def edit_message_text(self, parameters: Raw) -> object:
        message, bubble = self.chats.sent(parameters, "edit")
        bubble.text, bubble.html = words_of(parameters, "text")
        markup = keyboard_of(parameters)
        bubble.choices = choices_of(markup)
        message |= {"text": bubble.text, "edit_date": int(time.time()), "reply_markup": markup}
        self.phones.changed(self.chats.owner(str(message["chat"]["id"])))
        return message

    async def delete_message(self, parameters: Raw) -> object:
        message, bubble = self.chats.sent(parameters, "delete")
        owner = self.chats.owner(str(message["chat"]["id"]))
        owner.bubbles.remove(bubble)
        self.phones.changed(owner)
        return True

    async def get_file(self, parameters: Raw) -> object:
        held = self.chats.files.get(str(parameters.get("file_id")))
        if held is None:
            raise bad("invalid file_id")
        path, file = held
        if len(file.content) > _DOWNLOAD_LIMIT:
            raise bad("file is too big")
        return {"file_id": parameters["file_id"], "file_unique_id": path, "file_size": len(file.content), "file_path": path}

    # --- what the customer does

    async def write(self, customer: Customer, draft: Draft) -> Bubble:
        return self.chats.write(customer, draft)

    async def edit(self, customer: Customer, bubble: Bubble, text: str) -> None:
        """The customer changes what they wrote."""
        self.chats.edit(customer, bubble, text)

    async def block(self, customer: Customer) -> None:
        """The customer stops the bot."""
        self.chats.block(customer)

    async def unblock(self, customer: Customer) -> None:
        self.chats.unblock(customer)


Method = Callable[[TelegramStandIn, Raw], Awaitable[object]]


def _media_method(name: str) -> Method:
    return lambda bot, parameters: bot.send_media(parameters, name)


_METHODS: dict[str, Method] = {
    "getme": TelegramStandIn.get_me,
    "getupdates": TelegramStandIn.get_updates,
    "setwebhook": TelegramStandIn.set_webhook,
    "deletewebhook": TelegramStandIn.delete_webhook,
    "getwebhookinfo": TelegramStandIn.get_webhook_info,
    "setmycommands": TelegramStandIn.set_my_commands,
    "sendlocation": TelegramStandIn.send_location,
    "sendvenue": TelegramStandIn.send_venue,
    "sendcontact": TelegramStandIn.send_contact,
    "setmessagereaction": TelegramStandIn.set_message_reaction,
    "readbusinessmessage": TelegramStandIn.read_business_message,
    "sendmessage": TelegramStandIn.send_message,
    "sendmediagroup": TelegramStandIn.send_media_group,
    "sendchataction": TelegramStandIn.send_chat_action,
    "answercallbackquery": TelegramStandIn.answer_callback_query,
    "editmessagetext": TelegramStandIn.edit_message_text,
    "deletemessage": TelegramStandIn.delete_message,
    "getfile": TelegramStandIn.get_file,
    **{f"send{name}": _media_method(name) for name in SENT_AS},
}
"""Telegram does not mind the case of a method's name."""


def _error(error: ApiError) -> web.Response:
    body: Raw = {"ok": False, "error_code": error.code, "description": error.description}
    if error.parameters:
        body["parameters"] = error.parameters
    return web.json_response(body, status=error.code)
