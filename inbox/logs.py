"""How log lines look, JSON or readable on a terminal, and what never gets into one: secrets, texts, people's addresses."""

import json
import logging
import re
import sys
import threading
import traceback
from collections.abc import Iterable, MutableMapping
from typing import Any
from urllib.parse import quote

import structlog
from redis.exceptions import RedisError
from sqlalchemy.exc import DBAPIError
from structlog.typing import EventDict, Processor

from inbox.settings import Settings

HIDDEN = "•••"
LONGEST_SENTENCE = 200
"""Characters of what a library says."""
SHORTEST_SECRET = 4
"""A shorter one is found everywhere and hides nothing."""
_SECRET_NAMES = re.compile(r"passw|secret|token|authori[sz]ation|cookie|api_?key|signature|credential", re.IGNORECASE)
_PERSONAL_NAMES = frozenset({
    "text", "body", "html", "subject", "content", "message", "payload", "headers", "data", "title", "caption",
    "address", "email", "phone", "sender", "recipient", "to", "from", "name", "username", "ip",
})  # fmt: skip
_SECRETS = (
    (re.compile(r"(?<=://)[^/@\s]+@"), f"{HIDDEN}@"),  # user:password@ of an address
    (re.compile(r"\d{5,12}:[A-Za-z0-9_-]{20,}"), HIDDEN),  # a Telegram token
    (re.compile(r"\bsb_[A-Za-z0-9_-]{10,}"), HIDDEN),  # a token of ours
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}"), rf"\1 {HIDDEN}"),
    (re.compile(r"(?i)\b(\w*(?:token|secret|password|key|signature)=)[^&\s\"']+"), rf"\1{HIDDEN}"),
    (re.compile(r"(?i)(\"\w*(?:token|secret|password|signature)\w*\"\s*:\s*\")(?:[^\"\\]|\\.)+"), rf"\1{HIDDEN}"),
)
_IN_TEXT = (
    *_SECRETS,
    (re.compile(r"[^\s@<>\"'=(]+@[\w-]+(\.[\w-]+)+"), HIDDEN),  # a mail address
    (re.compile(r"(?<![\w.:-])\+\d[\d ()-]{6,18}\d"), HIDDEN),  # a phone number
)
_PACKAGES = "/site-packages/"
_OWN = ("inbox", "channels", "bots", "routing", "worker")


def configure(settings: Settings) -> None:
    """Send structlog and the standard library's loggers to stderr. The program's entry calls this once."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        explain_error,
        mask,
    ]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = _Handler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=[_bare, _renderer()]))
    sys.excepthook = _uncaught
    threading.excepthook = lambda found: _uncaught(found.exc_type, found.exc_value, found.exc_traceback)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("mail.log").setLevel(logging.ERROR)  # aiosmtpd's: it warns of deprecations of its own, once a sign-in
    for room in _OWN:
        logging.getLogger(room).setLevel(settings.log_level.upper())


class _Handler(logging.StreamHandler[Any]):
    """Writes what we say as it is, and of what libraries say only warnings: the sentence alone, without what was filled in and
    without further lines, which quote. Below that they log what they send and receive, whoever turns it on."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.partition(".")[0] not in _OWN:
            if record.levelno < logging.WARNING:
                return
            record = logging.makeLogRecord(record.__dict__)
            record.msg, record.args = str(record.msg).split("\n")[0][:LONGEST_SENTENCE], None
        super().emit(record)


def _uncaught(kind: type[BaseException], error: BaseException | None, trace: object) -> None:
    """A program that ends, or a thread, says where and by what kind of error; Python itself would quote its words."""
    if isinstance(error, KeyboardInterrupt):
        return
    structlog.get_logger("inbox").critical("an error was not caught", exc_info=error or kind())


def _renderer() -> Processor:
    if sys.stderr.isatty():
        return structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    return structlog.processors.JSONRenderer(ensure_ascii=False)


def _bare(logger: Any, method: str, event: EventDict) -> EventDict:
    return structlog.stdlib.ProcessorFormatter.remove_processors_meta(logger, method, event)


def mask(logger: Any, method: str, event: EventDict) -> EventDict:
    """Hide what a field's name or its value's look gives away. The last guard: callers do not log such things at all."""
    for name, value in event.items():
        if name != "event" and (_SECRET_NAMES.search(name) or name in _PERSONAL_NAMES):
            event[name] = HIDDEN
        else:
            event[name] = masked(value)
    return event


def masked(value: Any) -> Any:
    """A value without what looks like a secret or an address; containers are gone through."""
    if isinstance(value, str):
        for pattern, shown in _IN_TEXT:
            value = pattern.sub(shown, value)
        return value
    if isinstance(value, MutableMapping):
        return mask(None, "", dict(value))
    if isinstance(value, list | tuple | set | frozenset):
        return [masked(each) for each in value]
    return value


def without_secrets(text: str, known: Iterable[str] = ()) -> str:
    """A provider's delivery as those may read it who may read what customers write: whole, but for secrets. `known`: by heart."""
    for secret in sorted(known, key=len, reverse=True):
        if len(secret) >= SHORTEST_SECRET:
            for form in (secret, quote(secret, safe=""), json.dumps(secret)[1:-1]):
                text = text.replace(form, HIDDEN)
    for pattern, shown in _SECRETS:
        text = pattern.sub(shown, text)
    return text


def is_secret(name: str) -> bool:
    """Whether a header or field of this name holds a secret."""
    return bool(_SECRET_NAMES.search(name))


def explain_error(logger: Any, method: str, event: EventDict) -> EventDict:
    """Turn `exc_info` into where and what kind of error. An error's own words stay only where we know what they hold:
    a KeyError or a driver's message may quote what a customer wrote."""
    given = event.pop("exc_info", None)
    error = sys.exc_info()[1] if given is True else given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        event["error"] = describe(error)
        frames = traceback.extract_tb(error.__traceback__)
        shown = [frame for frame in frames[:-1] if _PACKAGES not in frame.filename] + frames[-1:]
        event["trace"] = [f"{frame.filename.rpartition(_PACKAGES)[2]}:{frame.lineno} {frame.name}" for frame in shown]
    return event


def describe(error: BaseException) -> str:
    """An error and its causes in a line that quotes nobody."""
    said = f": {error}" if _speaks_safely(error) and str(error) else ""
    if isinstance(error, DBAPIError):
        code = getattr(error.orig, "sqlstate", None) or getattr(error.orig, "sqlite_errorname", None)
        return f"{type(error).__name__} {code or ''}".rstrip()
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    behind = f" <- {describe(cause)}" if cause is not None else ""
    return f"{type(error).__name__}{said}{behind}"


def _speaks_safely(error: BaseException) -> bool:
    return isinstance(error, OSError | RedisError | TimeoutError) or type(error).__module__.partition(".")[0] in _OWN
