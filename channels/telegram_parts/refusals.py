"""What Telegram's refusals mean: whether to try again, and the words in which an operator reads it.

Telegram documents few of its texts; these are what its Bot API server says (`Client.cpp` of tdlib/telegram-bot-api and the errors
of its API methods, https://core.telegram.org/api/errors).
"""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from channels.base import Blocked, ChannelError, Misconfigured, Refused, Retry, Throttled, Unknown

_Error = Callable[..., ChannelError]


class Moved(Refused):
    """The group has become a supergroup: `chat` is its id from now on."""

    def __init__(self, reason: str, *, chat: str, code: str = "") -> None:
        super().__init__(reason, code=code)
        self.chat = chat


def result(status: int, body: bytes) -> Any:
    """The `result` of an answer. Raises as `Connector.send` does."""
    answer = _answer(body)
    if status == 200 and answer.get("ok") is True:
        return answer.get("result")
    if status == 200 and "ok" not in answer:
        raise Unknown("Telegram's answer cannot be read", code="answer")
    raise refusal(status, body)


def refusal(status: int, body: bytes) -> ChannelError:
    """Telegram's error as ours: the code in the body counts more than the HTTP status, which a proxy may have changed."""
    answer = _answer(body)
    told = answer.get("error_code")
    code = told if isinstance(told, int) else status
    said = str(answer.get("description") or f"Telegram answered {status}")
    parameters = answer.get("parameters")
    parameters = parameters if isinstance(parameters, dict) else {}
    if code == 429:
        after = parameters.get("retry_after")
        return Throttled(said, after=float(after) if isinstance(after, int | float) else 1.0, code="429")
    if isinstance(parameters.get("migrate_to_chat_id"), int):
        return Moved("The group has become a supergroup", chat=str(parameters["migrate_to_chat_id"]), code=str(code))
    return _meaning(code, said.removeprefix("Bad Request: ").removeprefix("Forbidden: ").removeprefix("Conflict: "))


def _answer(body: bytes) -> dict[str, Any]:
    try:
        answer = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}


def _meaning(code: int, said: str) -> ChannelError:
    lowered = said.casefold()
    for phrase, (error, words) in _TEXTS.items():
        if phrase in lowered:
            return error(words or said, code=str(code))
    if code == 504:
        return Unknown(said, code="504")
    if code >= 500:
        return Retry(said, code=str(code))
    return _CODES.get(code, Refused)(said, code=str(code))


_CODES: Mapping[int, _Error] = {401: Misconfigured, 404: Misconfigured, 403: Blocked, 409: Retry}

TEMPORARY_FILE = "the file is temporarily unavailable"
ENTITIES = "The formatting cannot be read by Telegram"
PICTURE = "Telegram cannot take this picture as a photo"
VOICE = "The customer does not take voice messages"
NO_TOPIC = "The topic of the forum no longer exists"

_GONE = "The customer's Telegram account no longer exists"
_NO_CHAT = "Telegram knows no such chat: the customer has never written to this bot, or has gone"
_OUT = "The bot is no longer in this group"
_MUTE = "The bot may not write in this group"
_CUT_OFF = "The business account is no longer connected to the bot"
_TOO_BIG = "The file is too big for Telegram: a bot may send 50 MB (photos 10 MB) and fetch 20 MB"
_NO_FILE = "Telegram could not take the file"

_TEXTS: Mapping[str, tuple[_Error, str]] = {
    # nobody there
    "bot was blocked by the user": (Blocked, "The customer has blocked the bot"),
    "user_is_blocked": (Blocked, "The customer has blocked the bot"),
    "user is deactivated": (Blocked, _GONE),
    "user_deactivated": (Blocked, _GONE),
    "can't initiate conversation": (Blocked, "Telegram lets a bot write only to people who have written to it first"),
    "chat not found": (Blocked, _NO_CHAT),
    "user not found": (Blocked, _NO_CHAT),
    "peer_id_invalid": (Blocked, _NO_CHAT),
    "can't send messages to bots": (Blocked, "This address is a bot, and bots cannot write to each other"),
    "can't send messages to the bot": (Blocked, "This address is a bot, and bots cannot write to each other"),
    # groups and channels
    "bot was kicked": (Blocked, _OUT),
    "bot is not a member": (Blocked, _OUT),
    "group chat was deleted": (Blocked, _OUT),
    "group chat was deactivated": (Blocked, _OUT),
    "channel_private": (Blocked, _OUT),
    "chat_write_forbidden": (Blocked, _MUTE),
    "have no rights to send a message": (Blocked, _MUTE),
    "need administrator rights in the channel": (Blocked, _MUTE),
    "not enough rights to send text messages": (Blocked, _MUTE),
    "not enough rights to send": (Refused, "This group does not allow the bot to send files of this kind"),
    "_forbidden_in_chat": (Refused, "This group does not allow messages of this kind"),
    "chat_send_": (Refused, "This group does not allow messages of this kind"),
    "message thread not found": (Refused, NO_TOPIC),
    "topic_deleted": (Refused, NO_TOPIC),
    "topic_id_invalid": (Refused, NO_TOPIC),
    "topic_closed": (Refused, "The topic of the forum is closed"),
    # business accounts
    "business connection not found": (Blocked, _CUT_OFF),
    "business_connection_invalid": (Blocked, _CUT_OFF),
    "business_connection_not_allowed": (Refused, "The business account has not given the bot the right to reply"),
    "business_peer_usage_missing": (
        Refused,
        "For a business account a bot may write only within 24 hours after the customer's last message",
    ),
    "business_peer_invalid": (Refused, "The business account does not let the bot write in this chat"),
    # the message itself
    "can't parse entities": (Refused, ENTITIES),
    "message is too long": (Refused, "The message is too long for Telegram (4096 characters)"),
    "caption is too long": (Refused, "The caption is too long for Telegram (1024 characters)"),
    "media_caption_too_long": (Refused, "The caption is too long for Telegram (1024 characters)"),
    "text is empty": (Refused, "The message is empty"),
    "button_data_invalid": (Refused, "The id of a button is too long for Telegram (64 bytes)"),
    "button_url_invalid": (Refused, "The address of a button is none that Telegram takes"),
    "button_type_invalid": (Refused, "This chat does not allow a button of this kind"),
    "message to be replied not found": (Refused, "The quoted message no longer exists"),
    "reaction_invalid": (Refused, "Telegram has no such reaction"),
    "voice_messages_forbidden": (Refused, VOICE),
    "user restricted receiving of voice": (Refused, VOICE),
    "photo_invalid_dimensions": (Refused, PICTURE),
    "image_process_failed": (Refused, PICTURE),
    "photo_save_file_invalid": (Refused, PICTURE),
    "photo_ext_invalid": (Refused, PICTURE),
    # files
    TEMPORARY_FILE: (Retry, "Telegram cannot give out this file just now"),
    "file is too big": (Refused, _TOO_BIG),
    "request entity too large": (Refused, _TOO_BIG),
    "file must be non-empty": (Refused, "The file is empty"),
    "wrong file identifier": (Refused, _NO_FILE),
    "failed to get http url content": (Refused, _NO_FILE),
    # the channel
    "logged out": (Misconfigured, "The bot is logged out of this Bot API server"),
    "terminated by other getupdates": (
        Retry,
        "Another program polls this bot with the same token, and Telegram gives each message to only one of them: "
        "stop it, or let it have a bot of its own",
    ),
    "terminated by setwebhook": (Retry, "Another program has set a webhook for this bot, which ends polling"),
    "unauthorized": (Misconfigured, "Unauthorized: Telegram does not know the token; @BotFather shows the right one"),
}
"""A piece of Telegram's text, in small letters -> what it means; the first that fits counts."""
