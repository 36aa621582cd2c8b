"""What an administrator sets for a Telegram bot."""

import hmac
import re
from hashlib import sha256
from typing import Any, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from channels.base import Settings

_MOST_COMMANDS = 100


class TelegramSettings(Settings):
    """What a bot needs; @BotFather gives the token."""

    token: SecretStr = Field(title="Token", description="The bot's token from @BotFather, like 123456:ABC-DEF")
    secret: SecretStr = Field(
        SecretStr(""), title="Webhook secret", description="1–256 of A–Z a–z 0–9 _ -; left empty, one is made from the token"
    )
    mode: Literal["webhook", "polling"] = Field("polling", title="Mode", description="polling needs no public address")
    groups: Literal["keep", "ignore"] = Field(
        "keep", title="Groups", description="What is written in groups and channels: kept as requests of its writers, or ignored"
    )
    commands: str = Field(
        "",
        title="Commands menu",
        description="“start - Begin; help - What I can do”, as @BotFather takes it, one a line or with ; between them. "
        "Empty leaves the bot's menu as it is",
    )
    api_base: str = Field("https://api.telegram.org", title="API address", description="Or that of a Bot API server of your own")

    @field_validator("token")
    @classmethod
    def _token_fits_an_address(cls, token: SecretStr) -> SecretStr:
        if not re.fullmatch(r"[A-Za-z0-9:_-]+", token.get_secret_value()):
            raise ValueError("a token has only letters, digits and : _ -")
        return token

    @field_validator("api_base")
    @classmethod
    def _base_is_an_address(cls, base: str) -> str:
        if not re.fullmatch(r"https?://[^/\s][^\s?#]*", base):
            raise ValueError("must be an http(s) address")
        return base.rstrip("/")

    @field_validator("commands")
    @classmethod
    def _commands_can_be_read(cls, commands: str) -> str:
        menu(commands)
        return commands

    @model_validator(mode="after")
    def _secret_is_there(self) -> Self:
        """Made from the token, an omitted secret is the same in every process and after every restart."""
        given = self.secret.get_secret_value()
        if not given:
            made = hmac.new(self.token.get_secret_value().encode(), b"telegram webhook secret", sha256).hexdigest()
            self.secret = SecretStr(made)
        elif not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", given):
            raise ValueError("secret must have 1 to 256 of A-Z a-z 0-9 _ -")
        return self

    @property
    def bot(self) -> int:
        """The bot's own id, which its token begins with; 0 where it does not."""
        digits = self.token.get_secret_value().partition(":")[0]
        return int(digits) if digits.isdecimal() else 0


def menu(commands: str) -> list[dict[str, Any]]:
    """The BotCommands of a menu as it is written in the settings. Raises ValueError naming the line."""
    lines = [line.strip() for line in re.split(r"[\n;]", commands) if line.strip()]
    if len(lines) > _MOST_COMMANDS:
        raise ValueError(f"a menu has at most {_MOST_COMMANDS} commands")
    return [_command(line) for line in lines]


def _command(line: str) -> dict[str, Any]:
    name, dash, description = (part.strip() for part in line.partition("-"))
    name = name.removeprefix("/")
    if not re.fullmatch(r"[a-z0-9_]{1,32}", name):
        raise ValueError(f"“{line}”: a command has 1 to 32 of a-z 0-9 _")
    if not dash or not 1 <= len(description) <= 256:
        raise ValueError(f"“{line}”: after the command come a dash and 1 to 256 characters of description")
    return {"command": name, "description": description}
