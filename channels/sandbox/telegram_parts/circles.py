"""Where customers write to the bot besides its private chats: business accounts that it answers for, and groups."""

import itertools
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from channels.sandbox.telegram_parts.rules import ApiError, Raw, bad
from channels.sandbox.telegram_parts.updates import Updates

Written = Callable[[str, Raw, Raw, Raw], None]


@dataclass(kw_only=True, slots=True)
class Group:
    """A group with the bot in it. `moved`: the supergroup that it became."""

    title: str
    id: int
    moved: int | None = None


@dataclass(slots=True)
class Circles:
    """Business accounts and groups of one bot."""

    updates: Updates
    numbers: "itertools.count[int]"
    accounts: dict[str, Raw] = field(default_factory=dict)
    """Business connections by id."""
    groups: dict[str, Group] = field(default_factory=dict)

    # --- business accounts

    def connect(self, owner: Raw, *, may_reply: bool = True) -> str:
        """The owner of a business account lets the bot answer for it. Returns the connection's id."""
        connection = f"bc{next(self.numbers)}"
        self.accounts[connection] = {
            "id": connection, "user": owner, "user_chat_id": owner["id"], "date": int(time.time()),
            "rights": {"can_reply": True, "can_read_messages": True} if may_reply else {}, "is_enabled": True,
        }  # fmt: skip
        self.updates.add("business_connection", str(owner["id"]), dict(self.accounts[connection]))
        return connection

    def disconnect(self, connection: str) -> None:
        account = self.accounts[connection]
        account["is_enabled"] = False
        self.updates.add("business_connection", str(account["user"]["id"]), dict(account))

    def in_account(self, connection: str, writer: Raw, customer: Raw, content: Raw) -> Raw:
        """Somebody writes in the chat of a business account with a customer. Returns the message."""
        message: Raw = {"message_id": next(self.numbers), "business_connection_id": connection, "from": writer}
        message |= {"chat": {**customer, "type": "private"}, "date": int(time.time()), **content}
        self.updates.add("business_message", str(customer["id"]), message)
        return message

    def owner(self, connection: str) -> Raw:
        user: Raw = self.accounts[connection]["user"]
        return user

    def check_account(self, parameters: Mapping[str, object]) -> bool:
        """Whether a call is for a business account, which must be connected and allow it. Raises ApiError."""
        connection = parameters.get("business_connection_id")
        if not connection:
            return False
        account = self.accounts.get(str(connection))
        if account is None or not account["is_enabled"]:
            raise bad("business connection not found")
        if not account["rights"].get("can_reply"):
            raise ApiError(403, "Forbidden: BUSINESS_CONNECTION_NOT_ALLOWED")
        return True

    # --- groups

    def open_group(self, title: str) -> str:
        """The bot is added to a new group. Returns its chat's id."""
        number = -next(self.numbers)
        self.groups[str(number)] = Group(title=title, id=number)
        return str(number)

    def in_group(self, group: str, writer: Raw, content: Raw) -> Raw:
        """Somebody writes in a group. Returns the message."""
        message: Raw = {"message_id": next(self.numbers), "from": writer, "chat": self.described(group)}
        message |= {"date": int(time.time()), **content}
        self.updates.add("message", group, message)
        return message

    def described(self, group: str) -> Raw:
        found = self.groups[group]
        return {"id": found.id, "type": "supergroup" if group.startswith("-100") else "group", "title": found.title}

    def upgrade(self, group: str) -> str:
        """The group becomes a supergroup with another id. Returns that."""
        old = self.groups[group]
        old.moved = int(f"-100{next(self.numbers)}")
        self.groups[str(old.moved)] = Group(title=old.title, id=old.moved)
        told = {"message_id": next(self.numbers), "chat": self.described(group), "date": int(time.time())}
        self.updates.add("message", group, {**told, "migrate_to_chat_id": old.moved})
        return str(old.moved)

    def check_group(self, chat: str) -> bool:
        """Whether a chat is a group that the bot may write in. Raises ApiError."""
        group = self.groups.get(chat)
        if group is None:
            return False
        if group.moved is not None:
            raise ApiError(400, "Bad Request: group chat was upgraded to a supergroup chat", migrate_to_chat_id=group.moved)
        return True
