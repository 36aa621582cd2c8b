"""Read a call of Twilio's (a form, or JSON with a hash of itself) and prove that it comes from Twilio.

Signing: https://www.twilio.com/docs/usage/security#validating-requests
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from channels.base import BadPayload, BadSignature, Hook

Pairs = Sequence[tuple[str, str]]

_PORTS = {"https": 443, "http": 80}


def pairs(body: bytes) -> Pairs:
    """The parameters in their order. Bytes that are not UTF-8 survive as surrogates, so that they sign as they came."""
    text = body.decode("utf-8", "surrogateescape")
    return [(_plain(name), _plain(value)) for name, _, value in (pair.partition("=") for pair in text.split("&") if pair)]


def _plain(text: str) -> str:
    """As parse_qsl reads it, three times as fast: few of Twilio's twenty values are encoded, and every hook is read twice."""
    spaced = text.replace("+", " ")
    return unquote(spaced, errors="surrogateescape") if "%" in spaced else spaced


def fields(hook: Hook) -> Mapping[str, str]:
    """The parameters by name, the first of a repeated one; undecodable bytes are shown as U+FFFD."""
    found = _json_pairs(hook.body) if is_json(hook) else pairs(hook.body)
    return {_readable(name): _readable(value) for name, value in reversed(found)}


def is_json(hook: Hook) -> bool:
    return hook.headers.get("content-type", "").lower().startswith("application/json")


def require_signature(hook: Hook, token: bytes) -> None:
    """Raise BadSignature unless Twilio, knowing `token`, signed this very address and body."""
    given = hook.headers.get("x-twilio-signature", "")
    if not given:
        raise BadSignature("The X-Twilio-Signature header is missing", missing=True)
    parameters: Pairs = ()
    if is_json(hook):
        _require_body_hash(hook)
    else:
        parameters = pairs(hook.body)
    tail = "".join(name + value for name, value in sorted(set(parameters)))
    if not any(_same(given, signature(token, url + tail)) for url in _spellings(hook)):
        raise BadSignature("X-Twilio-Signature does not fit: compare the auth token and the public address of this channel")


def signature(token: bytes, text: str) -> bytes:
    digest = hmac.digest(token, text.encode("utf-8", "surrogateescape"), "sha1")
    return base64.b64encode(digest)


def _same(given: str, computed: bytes) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), computed)


def _require_body_hash(hook: Hook) -> None:
    """A JSON body is not part of the signature: its hash in the (signed) address stands for it."""
    told = parse_qs(urlsplit(hook.url).query).get("bodySHA256", [""])[0]
    if not hmac.compare_digest(told.lower().encode(), hashlib.sha256(hook.body).hexdigest().encode()):
        raise BadSignature("bodySHA256 in the address does not fit the body")


def _spellings(hook: Hook) -> Iterator[str]:
    """The address that Twilio may have signed: as it is known here, as a proxy in front of us was called, each with and without
    its port. To try several costs no safety: each is tried with our own token, which only Twilio knows besides us.
    """
    yield from _with_and_without_port(hook.url)
    if proxied := _as_proxy_was_called(hook):
        yield from _with_and_without_port(proxied)


def _as_proxy_was_called(hook: Hook) -> str:
    """Where no public address is set, we see only how the proxy calls us. It may tell how it was called itself."""
    parts = urlsplit(hook.url)
    host = hook.headers.get("x-forwarded-host", "").split(",")[0].strip()
    scheme = hook.headers.get("x-forwarded-proto", "").split(",")[0].strip().lower()
    called = parts._replace(netloc=host or parts.netloc, scheme=scheme if scheme in _PORTS else parts.scheme)
    return called.geturl() if called != parts else ""


def _with_and_without_port(url: str) -> Iterator[str]:
    yield url
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        return
    if port is None:
        yield _with_host(parts, f"{parts.netloc}:{_PORTS.get(parts.scheme, 80)}")
    else:
        yield _with_host(parts, parts.netloc.removesuffix(f":{port}"))


def _with_host(parts: SplitResult, netloc: str) -> str:
    return parts._replace(netloc=netloc).geturl()


def _readable(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace") if not text.isascii() else text


def _json_pairs(body: bytes) -> Pairs:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadPayload("The body says it is JSON and is not") from error
    if not isinstance(found, dict):
        raise BadPayload("The body is JSON, but not an object with Twilio's parameters")
    told = [(name, value if isinstance(value, str) else json.dumps(value)) for name, value in found.items() if value is not None]
    return [(_whole(name), _whole(value)) for name, value in told]


def _whole(text: str) -> str:
    """JSON may hold half a character (a lone surrogate), which no database takes."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
