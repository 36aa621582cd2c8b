"""The WhatsApp Business account behind a number: which one it is, its templates, and that its webhooks come to our app.

Source: Meta's references of the WhatsApp Business Account node (message_templates, phone_numbers, subscribed_apps) and of
debug_token, whose granular scopes name the accounts that a token may manage.
"""

from collections.abc import Sequence

from channels.base import ChannelError, ProviderTemplate, Refused, Retry, Unknown
from channels.whatsapp_parts.graph import Graph
from channels.whatsapp_parts.payload import objects_in
from channels.whatsapp_parts.template_list import FIELDS, next_page, read_templates

_PAGES = 60
"""Of 100 templates each: an account has at most 6,000 of them."""
_SCOPE = "whatsapp_business_management"
_WHERE = (
    "The WhatsApp Business account ID is not known: enter it in the channel's settings, and give the access token the "
    f"permission {_SCOPE}"
)


class AccountNode:
    """One number's business account."""

    def __init__(self, graph: Graph, phone_number_id: str, token: str, account_id: str) -> None:
        self._graph = graph
        self._phone_number_id = phone_number_id
        self._token = token
        self._id = account_id

    async def templates(self) -> Sequence[ProviderTemplate]:
        """All templates of the account. Raises Retry, Refused or Misconfigured."""
        try:
            return await self._all(await self._known())
        except Unknown as error:  # nothing was asked for that could be done twice
            raise Retry(error.reason, code=error.code) from error

    async def subscribe(self) -> list[str]:
        """Have the account's webhooks sent to our app; else what somebody should know, in words."""
        try:
            await self._graph.post(f"{await self._known()}/subscribed_apps", {})
        except ChannelError as error:
            return [f"Templates of this number cannot be kept in step ({error.reason})"]
        return []

    async def _all(self, account_id: str) -> list[ProviderTemplate]:
        found: list[ProviderTemplate] = []
        query = {"fields": FIELDS, "limit": "100"}
        for _ in range(_PAGES):
            page = await self._graph.get(f"{account_id}/message_templates", **query)
            found += read_templates(page)
            after = next_page(page)
            if not after:
                break
            query["after"] = after
        return found

    async def _known(self) -> str:
        """The account's id, asked for once. Raises Refused where nothing names it."""
        if not self._id:
            self._id = await self._find()
        return self._id

    async def _find(self) -> str:
        """Among the accounts that the token may manage, the one that has our number."""
        answer = await self._graph.get("debug_token", input_token=self._token)
        told = answer.get("data")
        scopes = objects_in(told, "granular_scopes") if isinstance(told, dict) else []
        for scope in scopes:
            if isinstance(scope, dict) and scope.get("scope") == _SCOPE:
                for account_id in objects_in(scope, "target_ids"):
                    if await self._has_our_number(str(account_id)):
                        return str(account_id)
        raise Refused(_WHERE)

    async def _has_our_number(self, account_id: str) -> bool:
        if not account_id.isdigit():
            return False
        page = await self._graph.get(f"{account_id}/phone_numbers", fields="id", limit="100")
        return any(isinstance(n, dict) and n.get("id") == self._phone_number_id for n in objects_in(page, "data"))
