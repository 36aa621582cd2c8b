"""The settings of a web chat: where it may stand, how it looks, what it says and what it asks."""

import re
import secrets
from typing import Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from channels.base import Settings

_ORIGIN = re.compile(r"https?://(\*\.)?[a-z0-9.-]+(:\d+)?")
_DAYS = {"пн": "mon", "вт": "tue", "ср": "wed", "чт": "thu", "пт": "fri", "сб": "sat", "вс": "sun"}
_DAY = "(?:mon|tue|wed|thu|fri|sat|sun)"
_TIME = r"(?:[01]?\d|2[0-3]):[0-5]\d"
_SHIFT = rf"{_TIME}\s*-\s*(?:{_TIME}|24:00)"
_SHIFTS = re.compile(rf"{_DAY}(?:-{_DAY})?\s+{_SHIFT}(?:\s*,\s*{_SHIFT})*")
_ADDRESS = re.compile(r"https?://[^\s\"'<>\\]+")
_TOPICS = 12

Asked = Literal["no", "optional", "required"]


class WebchatSettings(Settings):
    """How the chat looks and which sites may carry it."""

    origins: str = Field(
        "",
        title="Sites",
        description="Where the chat may stand: https://shop.example, https://*.shop.example, … Empty: anywhere",
    )
    hmac_secret: SecretStr = Field(
        SecretStr(""), title="Secret for signed-in users", description="Your site signs its user ids with it"
    )
    user_base: str = Field(
        "", title="Name of the user base", description="Keeps user 42 of one site apart from user 42 of another"
    )
    token_secret: SecretStr = Field(
        default_factory=lambda: SecretStr(secrets.token_urlsafe(32)),
        title="Secret of visitors' tokens",
        description="Made by itself. A new one forgets every visitor",
        min_length=16,
    )
    title: str = Field("", title="Title", description="The company or team the visitor talks to", max_length=60)
    avatar: str = Field("", title="Picture", description="https address of a logo or a face beside the title", max_length=500)
    colour: str = Field("#2563eb", title="Colour", description="#rrggbb", pattern=r"^#[0-9a-fA-F]{6}$")
    theme: Literal["auto", "light", "dark"] = Field(
        "auto", title="Light or dark", description="auto: as the page and the visitor"
    )
    position: Literal["right", "left"] = Field("right", title="Side", description="Corner of the page")
    offset_x: int = Field(20, title="Distance from the side", description="In pixels", ge=0, le=400)
    offset_y: int = Field(20, title="Distance from the bottom", description="In pixels", ge=0, le=400)
    language: Literal["", "ru", "en"] = Field("", title="Language", description="Empty: the visitor's")
    greeting: str = Field("", title="Greeting", description="Shown before the first message", max_length=1000)
    hours: str = Field(
        "",
        title="Hours",
        description="When somebody answers, in the company's time: mon-fri 09:00-18:00; sat 10:00-15:00. Empty: always",
        max_length=500,
    )
    away: str = Field(
        "", title="Nobody is there", description="Shown outside of the hours, above when an answer comes", max_length=500
    )
    ask_name: Asked = Field("no", title="Ask the name", description="In a form before the chat")
    ask_email: Asked = Field("no", title="Ask the e-mail", description="In a form before the chat")
    ask_phone: Asked = Field("no", title="Ask the phone", description="In a form before the chat")
    ask_topic: Asked = Field("no", title="Ask the topic", description="In a form before the chat")
    topics: str = Field(
        "", title="Topics", description="To choose from, with semicolons: Delivery; Returns; Else", max_length=1000
    )
    form_text: str = Field("", title="Words above the form", max_length=500)
    later_email: bool = Field(True, title="Ask the e-mail later", description="After the first message, if it is not known")
    sound: bool = Field(True, title="Sound", description="A quiet one at a new message; the visitor can mute it")

    @field_validator("origins")
    @classmethod
    def _check_origins(cls, value: str) -> str:
        origins = [o.strip().lower().rstrip("/") for o in re.split(r"[,\s]+", value) if o.strip()]
        for origin in origins:
            if not _ORIGIN.fullmatch(origin):
                raise ValueError(f"{origin!r} is not an origin like https://shop.example")
        return ",".join(origins)

    @field_validator("avatar")
    @classmethod
    def _check_avatar(cls, value: str) -> str:
        if value and not _ADDRESS.fullmatch(value):
            raise ValueError("this is not the http or https address of a picture")
        return value

    @field_validator("hours")
    @classmethod
    def _check_hours(cls, value: str) -> str:
        """Days may be Russian and dashes long; kept is what `routing.hours` reads."""
        value = re.sub("|".join(_DAYS), lambda day: _DAYS[day[0]], value.lower().replace("–", "-").replace("—", "-"))
        for part in filter(None, (each.strip() for each in value.split(";"))):
            if not _SHIFTS.fullmatch(part):
                raise ValueError(f"{part!r}: write a day or two and the hours, like mon-fri 09:00-18:00")
        return value

    @field_validator("topics")
    @classmethod
    def _check_topics(cls, value: str) -> str:
        topics = list(dict.fromkeys(each.strip() for each in value.split(";") if each.strip()))
        if len(topics) > _TOPICS:
            raise ValueError(f"no more than {_TOPICS} can be chosen from")
        return "; ".join(topics)

    @model_validator(mode="after")
    def _check_form(self) -> Self:
        if self.ask_topic != "no" and not self.topics:
            raise ValueError("topics: name those to choose from, or do not ask for the topic")
        return self
