"""What a mail channel is told: its address and its servers."""

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, SecretStr, field_validator, model_validator

from channels.base import Settings
from channels.mail.dkim import Signer, read_key
from channels.mail.oauth import Client
from channels.mail.server import Server

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
    oauth_token_url: str = Field(
        default="", title="OAuth token address", description="Instead of a password: where access tokens are fetched (XOAUTH2)"
    )
    oauth_client_id: str = Field(default="", title="OAuth client id")
    oauth_client_secret: SecretStr = Field(default=SecretStr(""), title="OAuth client secret")
    oauth_refresh_token: SecretStr = Field(
        default=SecretStr(""), title="OAuth refresh token", description="Empty: the client asks in its own name (Microsoft 365)"
    )
    oauth_scope: str = Field(default="", title="OAuth scope", description="Only where the provider wants it")
    dkim_domain: str = Field(default="", title="DKIM domain", description="Empty: the domain of the address")
    dkim_selector: str = Field(
        default="", title="DKIM selector", description="Mails are signed with the key whose public half stands under this name",
        pattern=r"^([A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?)*)?$",
    )  # fmt: skip
    dkim_key: SecretStr = Field(default=SecretStr(""), title="DKIM private key", description="RSA, in PEM")

    @field_validator("dkim_key")
    @classmethod
    def _is_a_key(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value():
            read_key(value.get_secret_value())
        return value

    @field_validator("oauth_token_url")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and not (parts.scheme in ("http", "https") and parts.hostname):
            raise ValueError("an address that begins with https:// is needed")
        return value

    @model_validator(mode="after")
    def _does_something(self) -> "EmailSettings":
        if not (self.smtp_host or self.imap_host or self.listen):
            raise ValueError(
                "smtp_host, imap_host or listen is needed: with none of them the channel can neither send nor receive"
            )
        if bool(self.dkim_key.get_secret_value()) != bool(self.dkim_selector):
            raise ValueError("dkim_selector and dkim_key are needed together")
        return self

    @model_validator(mode="after")
    def _has_one_way_in(self) -> "EmailSettings":
        client = (self.oauth_client_secret.get_secret_value(), self.oauth_refresh_token.get_secret_value())
        if self.oauth_token_url and not self.oauth_client_id:
            raise ValueError("oauth_client_id is needed with oauth_token_url")
        if self.oauth_token_url and not any(client):
            raise ValueError("oauth_refresh_token, or oauth_client_secret, is needed with oauth_token_url")
        if not self.oauth_token_url and any((*client, self.oauth_client_id)):
            raise ValueError("oauth_token_url is needed with the other oauth settings")
        return self

    def smtp(self) -> Server:
        return self._server("smtp", self.smtp_host, self.smtp_port, (25, 587, 465))

    def imap(self) -> Server:
        return self._server("imap", self.imap_host, self.imap_port, (143, 143, 993))

    def oauth(self) -> Client | None:
        """Who we are to the token service; None where a password is used."""
        if not self.oauth_token_url:
            return None
        return Client(
            url=self.oauth_token_url, client_id=self.oauth_client_id, secret=self.oauth_client_secret.get_secret_value(),
            refresh_token=self.oauth_refresh_token.get_secret_value(), scope=self.oauth_scope,
        )  # fmt: skip

    def signer(self) -> Signer | None:
        """What signs our mails; None where they go unsigned."""
        if not self.dkim_selector:
            return None
        domain = self.dkim_domain or self.address.rpartition("@")[2]
        return Signer(domain.encode("idna").decode(), self.dkim_selector, read_key(self.dkim_key.get_secret_value()))

    def _server(self, kind: str, host: str, port: int | None, standard: tuple[int, int, int]) -> Server:
        """One of our two servers. `standard`: its ports for none, starttls and ssl."""
        chosen = port or standard[("none", "starttls", "ssl").index(self.tls)]
        tls: str = self.tls
        if tls != "none" and chosen in _IMPLICIT_TLS | _UPGRADED_TLS:
            tls = "ssl" if chosen in _IMPLICIT_TLS else "starttls"
        password, oauth = self.password.get_secret_value(), bool(self.oauth_token_url)
        user = (self.user or self.address) if password or oauth else ""
        return Server(kind=kind, host=host, port=chosen, tls=tls, user=user, password=password, oauth=oauth)
