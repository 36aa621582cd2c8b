"""Who a visitor is: a signed token, and no table that it would have to be looked up in.

<visitor>.<base64url of the host site's user id, or empty>.<base64url HMAC-SHA256(secret, what stands before)>
"""

import base64
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from channels.base import BadSignature

VISITOR = re.compile(r"[uv][A-Za-z0-9_-]{22}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Visitor:
    """Who a token stands for. `user`: the host site's own id of them, proven by its HMAC, else empty."""

    id: str
    user: str = ""


def stranger() -> Visitor:
    """Somebody new."""
    return Visitor(id="v" + secrets.token_urlsafe(16))


def known_user(secret: str, user: str) -> Visitor:
    """A signed-in user of the host site: the same visitor in every browser."""
    return Visitor(id="u" + _sign(secret, f"user:{user}")[:22], user=user)


def token(secret: str, visitor: Visitor) -> str:
    """The token that the visitor's browser keeps."""
    head = f"{visitor.id}.{_base64(visitor.user.encode())}"
    return f"{head}.{_sign(secret, head)}"


def verified(secret: str, given: str) -> Visitor:
    """Whom the token stands for; raises BadSignature."""
    if not given:
        raise BadSignature("The header x-visitor-token is missing", missing=True)
    head, _, signature = given.rpartition(".")
    if not hmac.compare_digest(signature.encode(errors="replace"), _sign(secret, head).encode()):
        raise BadSignature("The visitor token is not ours")
    return read(given)


def read(given: str) -> Visitor:
    """The visitor in a token that was verified when it came."""
    visitor, _, user = given.rpartition(".")[0].partition(".")
    try:
        return Visitor(id=visitor, user=base64.urlsafe_b64decode(user + "==").decode())
    except ValueError as error:
        raise BadSignature("The visitor's user cannot be read") from error


def prove(secret: str, user: str, user_hash: str) -> None:
    """Return if the host site has signed this user's id with `secret`, else raise BadSignature."""
    if not secret:
        raise BadSignature("user: this chat has no secret for signed-in users")
    if not user_hash:
        raise BadSignature("user_hash: the proof of the user is missing", missing=True)
    right = hmac.new(secret.encode(), user.encode(errors="replace"), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(right.encode(), user_hash.lower().encode(errors="replace")):
        raise BadSignature("user_hash: this is not HMAC-SHA256(hmac_secret, user) in hex")


def naming(hook_url: str, visitor: Visitor) -> str:
    """The hook's address with the visitor in it: tokens are not kept, and a replayed body must still say whose it is."""
    return f"{hook_url}?visitor={visitor.id}.{_base64(visitor.user.encode())}"


def named(url: str) -> Visitor | None:
    """The visitor that `naming` put into an address."""
    told = parse_qs(urlsplit(url).query).get("visitor")
    return read(f"{told[0]}.") if told and VISITOR.match(told[0]) else None


def _sign(secret: str, text: str) -> str:
    return _base64(hmac.digest(secret.encode(), text.encode(errors="replace"), "sha256"))


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
