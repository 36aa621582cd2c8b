"""Browser sessions and bearer tokens: made, recognised, revoked. Only SHA-256 of a secret is stored."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from inbox import live
from inbox import schema as t
from inbox.access.rights import Right, rights
from inbox.record import record
from inbox.refusals import NotFound
from inbox.store import ids

LASTS = timedelta(days=30)
"""A session ends after so long without use."""
SEEN_EVERY = timedelta(minutes=5)
"""How exactly we note when a session or token was last used."""
TOKEN_PREFIX = "sb_"  # noqa: S105 not a secret: lets scanners of leaked secrets recognise ours


@dataclass(frozen=True, kw_only=True, slots=True)
class SignedIn:
    """Who makes a request, and by what."""

    manager_id: int
    role: str
    session_id: int | None = None
    token_id: int | None = None
    stale: bool = False
    """The note of its last use is old: call `touch`."""

    @property
    def rights(self) -> frozenset[Right]:
        return rights(self.role)


def start_session(connection: sa.Connection, now: datetime, manager_id: int, *, agent: str = "", ip: str = "") -> str:
    """Sign somebody in; the secret for the cookie."""
    secret = secrets.token_urlsafe(32)
    row = {"id": ids.one(connection, "sessions"), "secret_hash": digest(secret), "manager_id": manager_id, "created_at": now}
    row |= {"seen_at": now, "expires_at": now + LASTS, "agent": agent[:300], "ip": ip[:64]}
    connection.execute(sa.insert(t.sessions).values(row))
    record(connection, now, "manager.signed_in", actor_kind="manager", actor_id=manager_id)
    return secret


def by_session(connection: sa.Connection, now: datetime, secret: str) -> SignedIn | None:
    """Who has this cookie; None if it is unknown, revoked or too old, or its owner was shut out."""
    s = t.sessions.c
    alive = (s.secret_hash == digest(secret), s.revoked_at.is_(None), s.expires_at > now, t.managers.c.disabled_at.is_(None))
    query = sa.select(s.id, s.manager_id, s.seen_at, t.managers.c.role).join_from(t.sessions, t.managers).where(*alive)
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    return SignedIn(manager_id=row.manager_id, role=row.role, session_id=row.id, stale=now - row.seen_at > SEEN_EVERY)


def by_token(connection: sa.Connection, now: datetime, secret: str) -> SignedIn | None:
    """Who has this bearer token; None if it is unknown or revoked, or its owner was shut out."""
    k = t.tokens.c
    alive = (k.secret_hash == digest(secret), k.revoked_at.is_(None), t.managers.c.disabled_at.is_(None))
    query = sa.select(k.id, k.manager_id, k.used_at, t.managers.c.role).join_from(t.tokens, t.managers).where(*alive)
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    stale = row.used_at is None or now - row.used_at > SEEN_EVERY
    return SignedIn(manager_id=row.manager_id, role=row.role, token_id=row.id, stale=stale)


def touch(connection: sa.Connection, now: datetime, who: SignedIn) -> None:
    """Note that a session or token is in use; a session that is used does not end."""
    if who.session_id is not None:
        used = sa.update(t.sessions).where(t.sessions.c.id == who.session_id)
        connection.execute(used.values(seen_at=now, expires_at=now + LASTS))
    elif who.token_id is not None:
        connection.execute(sa.update(t.tokens).where(t.tokens.c.id == who.token_id).values(used_at=now))


def end_session(connection: sa.Connection, now: datetime, manager_id: int, session_id: int) -> None:
    """Sign out one of one's own sessions. Raises NotFound."""
    _revoke(connection, now, t.sessions, manager_id, session_id)
    record(connection, now, "manager.signed_out", actor_kind="manager", actor_id=manager_id)


def add_token(connection: sa.Connection, now: datetime, manager_id: int, name: str = "") -> tuple[int, str]:
    """Make a bearer token with the rights of its manager: (id, the token itself, which is not kept)."""
    secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
    token_id = ids.one(connection, "tokens")
    row = {"id": token_id, "secret_hash": digest(secret), "manager_id": manager_id, "name": name, "created_at": now}
    connection.execute(sa.insert(t.tokens).values(row))
    record(connection, now, "token.added", actor_kind="manager", actor_id=manager_id, token_id=token_id)
    return token_id, secret


def revoke_token(connection: sa.Connection, now: datetime, manager_id: int, token_id: int) -> None:
    """End one of one's own tokens. Raises NotFound."""
    _revoke(connection, now, t.tokens, manager_id, token_id)
    record(connection, now, "token.revoked", actor_kind="manager", actor_id=manager_id, token_id=token_id)


def csrf(key: str, secret: str) -> str:
    """What a page of ours sends along to prove that it could read our answer: made from the cookie's secret, never stored."""
    return hmac.digest(key.encode(), b"csrf:" + secret.encode(), "sha256").hex()


def digest(secret: str) -> str:
    """What is stored in place of a secret. The secrets are random and long: a fast hash is enough."""
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()


def _revoke(connection: sa.Connection, now: datetime, table: sa.Table, manager_id: int, number: int) -> None:
    own = (table.c.id == number, table.c.manager_id == manager_id, table.c.revoked_at.is_(None))
    done: sa.CursorResult[Any] = connection.execute(sa.update(table).where(*own).values(revoked_at=now))
    if done.rowcount == 0:
        raise NotFound(f"You have no such {table.name.removesuffix('s')}")
    # Streams that are open with it look again whether they may go on.
    live.tell(connection, "manager", manager_id=manager_id)
