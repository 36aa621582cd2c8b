"""What a mail channel is told: its address and its servers."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, SecretStr, model_validator

from channels.base import Settings
from channels.mail.smtp import Server

_Port = Annotated[int, Field(ge=1, le=65535)]
_MaybePort = Annotated[_Port | None, BeforeValidator(lambda value: None if value == "" else value)]
_IMPLICIT_TLS, _UPGRADED_TLS = {465, 993}, {25, 587, 143}


class EmailSettings(Settings):
    """One mailbox of the company."""

    address: str = Field(
        title="Address", description="The mail address that customers write to", pattern=r"^[^@\s<>\"]+@[^@\s<>\"]+$"
    )
    name: str = Field(default="", title="Name", description="The sender's name that customers see")
    smtp_host: str = Field(default="", title="SMTP server", description="Where mail goes out; empty: this channel cannot send")
    smtp_port: _MaybePort = Field(default=None, title="SMTP port")
    imap_host: str = Field(default="", title="IMAP server", description="Where mail is read; empty: it is pushed to us")
    imap_port: _MaybePort = Field(default=None, title="IMAP port")
    user: str = Field(default="", title="User", description="Empty: the address")
    password: SecretStr = Field(default=SecretStr(""), title="Password")
    tls: Literal["none", "starttls", "ssl"] = Field(
        default="ssl", title="Encryption", description="On the well-known ports the port decides between starttls and ssl"
    )
    listen: _MaybePort = Field(default=None, title="Port for pushed mail", description="Takes SMTP and LMTP for our domain")
    listen_host: str = Field(default="127.0.0.1", title="Host for pushed mail", description="0.0.0.0: from other machines too")
    plus: bool = Field(
        default=False, title="Plus addresses", description="Our server delivers name+anything@domain to this mailbox"
    )
    history: bool = Field(default=False, title="Import old mail", description="Read all mail that is already in the mailbox")

    @model_validator(mode="after")
    def _does_something(self) -> "EmailSettings":
        if not (self.smtp_host or self.imap_host or self.listen):
            raise ValueError(
                "smtp_host, imap_host or listen is needed: with none of them the channel can neither send nor receive"
            )
        return self

    def server(self, host: str, port: int | None, standard: tuple[int, int, int]) -> Server:
        """One of our two servers. `standard`: its ports for none, starttls and ssl."""
        chosen = port or standard[("none", "starttls", "ssl").index(self.tls)]
        tls: str = self.tls
        if tls != "none" and chosen in _IMPLICIT_TLS | _UPGRADED_TLS:
            tls = "ssl" if chosen in _IMPLICIT_TLS else "starttls"
        password = self.password.get_secret_value()
        return Server(host=host, port=chosen, tls=tls, user=(self.user or self.address) if password else "", password=password)
