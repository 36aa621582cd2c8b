"""Everything that can be configured from outside, read from SWITCHBOARD_* once and handed around as one object."""

import os
import secrets
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Settings of one installation. `switchboard doctor` prints them, secrets masked."""

    model_config = SettingsConfigDict(env_prefix="SWITCHBOARD_", env_file=".env", extra="ignore", frozen=False)

    data: Path = Field(Path("data"), description="Folder for the database, files, spool and keys")
    host: str = Field("127.0.0.1", description="Address the web server listens on; 0.0.0.0 for all")
    port: int = Field(8080, ge=0, le=65535, description="Port of the web server")
    database_url: str = Field("", description="PostgreSQL URL (postgresql://…); empty: an SQLite file in the data folder")
    redis_url: SecretStr = Field(SecretStr(""), description="Redis or Valkey URL; empty: a private server started beside the app")
    public_url: str = Field("", description="Address under which providers and customers reach the web server")
    secret_key: SecretStr = Field(SecretStr(""), description="Key for secrets and signatures; empty: kept in data/secret.key")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least severe log line that is written")
    language: Literal["en", "ru"] = Field("en", description="Language of the app before a person chooses one")
    timezone: str = Field("UTC", description="Time zone of the company: working hours, quiet hours, reports")
    answer_minutes: int = Field(15, ge=1, description="Minutes within which a request must be answered")
    max_body: int = Field(26_214_400, ge=1024, description="Largest inbound request in bytes")
    max_file: int = Field(104_857_600, ge=1024, description="Largest attachment that is kept, in bytes")
    refused_files: str = Field(
        "application/x-msdownload, application/x-executable, application/x-mach-binary",
        description="Types of attachments that are not kept, by content, with commas; video/* names a family; default: programs",
    )
    smtp_host: str = Field("", description="Server for mail to those who work here; empty: the first e-mail channel's")
    smtp_port: int = Field(587, ge=1, le=65535, description="Its port")
    smtp_user: str = Field("", description="Who we are to it; empty: it asks for no login")
    smtp_password: SecretStr = Field(SecretStr(""), description="Its password")
    smtp_tls: Literal["none", "starttls", "ssl"] = Field("starttls", description="How the connection to it is encrypted")
    mail_from: str = Field("", description="Address that such mail comes from; empty: the user, if that is an address")
    sweep_seconds: float = Field(5.0, gt=0, description="Pause between two looks for what a crash left behind")

    @property
    def sqlite(self) -> bool:
        return not self.database_url or self.database_url.startswith("sqlite")

    @cached_property
    def sqlalchemy_url(self) -> str:
        """The database's address as SQLAlchemy wants it, with the driver named."""
        if not self.database_url:
            return f"sqlite:///{(self.data / 'switchboard.db').resolve()}"
        for plain in ("postgresql://", "postgres://"):
            if self.database_url.startswith(plain):
                return "postgresql+psycopg://" + self.database_url.removeprefix(plain)
        return self.database_url

    @property
    def base_url(self) -> str:
        """Where we are reached from outside, without a trailing slash."""
        return (self.public_url or f"http://127.0.0.1:{self.port}").rstrip("/")

    @cached_property
    def valkey_socket(self) -> Path:
        """The private server's socket. Paths of sockets are limited to 107 bytes: a deep data folder gets one elsewhere."""
        path = (self.data / "valkey.sock").resolve()
        if len(str(path)) < 100:
            return path
        import hashlib
        import tempfile

        name = hashlib.sha256(str(path).encode()).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"switchboard-{name}.sock"

    @property
    def redis_address(self) -> str:
        return self.redis_url.get_secret_value() or f"unix://{self.valkey_socket}"

    @cached_property
    def key(self) -> str:
        """The installation's secret: from the environment, else made once and kept in the data folder for its owner only."""
        if given := self.secret_key.get_secret_value():
            return given
        path = self.data / "secret.key"
        if not path.exists():
            self.data.mkdir(parents=True, exist_ok=True)
            try:
                with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                    file.write(secrets.token_urlsafe(32))
            except FileExistsError:
                pass  # another process of this installation made it a moment ago
        return path.read_text().strip()


def load() -> Settings:
    """Read the environment."""
    return Settings()
