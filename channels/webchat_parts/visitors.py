"""Who a visitor is: a signed token, and no table that it would have to be looked up in.

<visitor>.<user>[.<addresses>].<signature>: the host site's own id of its user, or nothing; the proven addresses as JSON, if there
are any; HMAC-SHA256 over what stands before. All but the first in base64url.
"""

import base64
import hashlib
import hmac
import json
import re
import secrets
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from channels.base import BadSignature

VISITOR = re.compile(r"[uv][A-Za-z0-9_-]{22}")
_ADDRESSES = ("email", "phone")


class BadProof(BadSignature):
    """What the host site says of its user is not signed with the secret that it shares with this chat."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Visitor:
    """Who a token stands for, by the host site's word, proven by its HMAC; what is not proven is empty.

    `user`: the site's own id of them; `email` in lower case, `phone` in E.164.
    """

    id: str
    user: str = ""
    email: str = ""
    phone: str = ""


def stranger() -> Visitor:
    """Somebody new."""
    return Visitor(id="v" + secrets.token_urlsafe(16))


def known_user(secret: str, user: str) -> Visitor:
    """A signed-in user of the host site: the same visitor in every browser."""
    return Visitor(id="u" + _sign(secret, f"user:{user}")[:22], user=user)


def token(secret: str, visitor: Visitor) -> str:
    """The token that the visitor's browser keeps."""
    head = _head(visitor)
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
    visitor, user, addresses, *_ = [*given.rpartition(".")[0].split("."), "", ""]
    try:
        proven = json.loads(_bytes(addresses)) if addresses else {}
        return Visitor(id=visitor, user=_bytes(user).decode(), **{name: str(proven.get(name, "")) for name in _ADDRESSES})
    except (ValueError, AttributeError) as error:
        raise BadSignature("The visitor's user cannot be read") from error


def prove(secret: str, user: str, user_hash: str) -> None:
    """Return if the host site has signed this user's id with `secret`, else raise BadProof."""
    # Otherwise whoever may choose their own id on a site could have it sign somebody's address.
    if user.partition(":")[0].strip().lower() in _ADDRESSES:
        raise BadProof("user: an id may not begin with email: or phone:")
    _prove(secret, "user", user, user, user_hash)


def prove_address(secret: str, kind: str, address: str, signature: str) -> None:
    """Return if the host site has signed `email:<address>` or `phone:<address>`, as it gave it, else raise BadProof."""
    _prove(secret, kind, f"{kind}:{address}", address, signature)


def _prove(secret: str, field: str, signed: str, value: str, signature: str) -> None:
    if not secret:
        raise BadProof(f"{field}: this chat has no secret for signed-in users")
    if not signature:
        raise BadProof(f"{field}_hash: the proof of the {field} is missing", missing=True)
    right = hmac.new(secret.encode(), signed.encode(errors="replace"), hashlib.sha256).hexdigest()
    if not value or not hmac.compare_digest(right.encode(), signature.lower().encode(errors="replace")):
        meant = "user" if field == "user" else f'"{field}:" + {field}'
        raise BadProof(f"{field}_hash: this is not HMAC-SHA256(hmac_secret, {meant}) in hex")


def naming(hook_url: str, visitor: Visitor) -> str:
    """The hook's address with the visitor in it: tokens are not kept, and a replayed body must still say whose it is."""
    return f"{hook_url}?visitor={_head(visitor)}"


def named(url: str) -> Visitor | None:
    """The visitor that `naming` put into an address."""
    told = parse_qs(urlsplit(url).query).get("visitor")
    return read(f"{told[0]}.") if told and VISITOR.match(told[0]) else None


def _head(visitor: Visitor) -> str:
    head = f"{visitor.id}.{_base64(visitor.user.encode())}"
    proven = {name: value for name in _ADDRESSES if (value := getattr(visitor, name))}
    return f"{head}.{_base64(json.dumps(proven).encode())}" if proven else head


def _sign(secret: str, text: str) -> str:
    return _base64(hmac.digest(secret.encode(), text.encode(errors="replace"), "sha256"))


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "==")
