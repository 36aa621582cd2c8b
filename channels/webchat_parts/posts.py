"""What a browser posts: the shapes that are taken, and the files in them; a bad file never costs its neighbours or the text."""

import base64
import binascii
import re
from collections.abc import Sequence
from typing import Annotated, Any

import phonenumbers
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from channels.events import Identity, InboundFile, Notice

FILE_LIMIT = 8 * 1024 * 1024
"""Bytes of one posted file. It travels as base64 in the message, so that message and files are kept or lost together."""
FILES_LIMIT = 10
_IDS_LIMIT = 200
_EMAIL = re.compile(r"[^@\s<>\"]+@[^@\s<>\"]+\.[^@\s<>\".]+")


def _clean(value: object) -> object:
    """Text as databases take it: no NUL, and no half of an emoji (a browser may send one when a text was cut)."""
    if not isinstance(value, str):
        return value
    return value.replace("\x00", "").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


Words = Annotated[str, BeforeValidator(_clean)]
Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]{1,64}$")]


class _Edge(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)


class Profile(_Edge):
    """What visitors say of themselves. `language`: of the chat; `region`: of their browser, where a national number belongs."""

    name: Words = ""
    email: Words = ""
    phone: Words = ""
    topic: Words = ""
    language: Words = ""
    region: Words = ""

    def claims(self) -> list[Identity]:
        """The addresses that were typed: claimed, never proof."""
        country = self.region or ("RU" if self.language.lower().startswith("ru") else "")
        found = (("email", mail_address(self.email)), ("phone", phone_number(self.phone, country)))
        return [Identity(kind=kind, address=address, verified=False) for kind, address in found if address]

    def wrong(self) -> str:
        """What is wrong with an answer, after the name of its field; empty: nothing."""
        claimed = {claim.kind for claim in self.claims()}
        if self.email.strip() and "email" not in claimed:
            return "email: this is not an address"
        return "phone: this is not a number" if self.phone.strip() and "phone" not in claimed else ""


class Post(Profile):
    """A message."""

    id: Id
    text: Words = ""
    choice: Words | None = None
    reply_to: Words | None = None
    files: list[Any] = []
    page: Words = ""
    visit: Any = None


class Seen(_Edge):
    """Messages of ours that arrived or were read."""

    ids: list[Id] = []
    up_to: Id | None = None

    def all_ids(self) -> list[str]:
        """Each once, in their order."""
        return list(dict.fromkeys([*self.ids[:_IDS_LIMIT], *([self.up_to] if self.up_to else [])]))


class Identify(_Edge):
    """The token of before signing in."""

    was: str


class _File(_Edge):
    content: str
    name: Words = ""
    mime: Words = ""


def read_files(posted: Sequence[Any]) -> tuple[list[InboundFile], list[Notice]]:
    """The readable files, and a notice for each that is not: a bad file never costs its neighbours or the text."""
    files: list[InboundFile] = []
    broken: list[Notice] = []
    for n, one in enumerate(posted):
        try:
            if n >= FILES_LIMIT:
                raise ValueError(f"more than {FILES_LIMIT} files")
            files.append(_file(_File.model_validate(one)))
        except ValueError as error:
            reason = first_error(error) if isinstance(error, ValidationError) else str(error)
            name = str(_clean(one.get("name")))[:100] if isinstance(one, dict) else ""
            broken.append(Notice(kind="broken", text=f"files.{n}: {reason}", data={"file": n, "name": name}, error=True))
    return files, broken


def _file(posted: _File) -> InboundFile:
    try:
        content = base64.b64decode(posted.content, validate=True)
    except binascii.Error as error:
        raise ValueError("content is not base64") from error
    if not content or len(content) > FILE_LIMIT:
        raise ValueError("the file is empty" if not content else f"the file is larger than {FILE_LIMIT} bytes")
    mime = posted.mime.partition(";")[0].strip().lower()
    kind = mime.partition("/")[0]
    # A drawing in SVG can carry scripts: it is handed over as a file, never shown in place.
    kind = kind if kind in ("image", "audio", "video") and "svg" not in mime else "file"
    name = re.split(r"[/\\]", posted.name)[-1][-200:] or "file"
    return InboundFile(kind=kind, name=name, mime=mime, size=len(content), content=content)


def mail_address(typed: str) -> str:
    """The typed address as an identity, or nothing."""
    email = typed.strip().lower()
    return email if len(email) <= 254 and _EMAIL.fullmatch(email) else ""


def phone_number(typed: str, country: str = "") -> str:
    """The typed number in E.164, or nothing. `country`, two letters: where a number without + belongs (8 916 … in Russia)."""
    try:
        number = phonenumbers.parse(typed, country.upper() or None)
    except phonenumbers.NumberParseException:
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) if phonenumbers.is_valid_number(number) else ""


def first_error(error: ValidationError) -> str:
    """The first thing that is wrong, after the name of its field."""
    first = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
