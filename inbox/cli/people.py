"""`switchboard user ...` and `switchboard token ...`: who works here, and with what programs sign in."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
import typer

from inbox import people
from inbox import schema as t
from inbox.access import sign_in
from inbox.access.passwords import Passwords
from inbox.cli import desk, paper
from inbox.cli.words import in_words
from inbox.refusals import NotFound

users = typer.Typer(name="user", help="People who work here: add, list, change their password.", no_args_is_help=True)
tokens = typer.Typer(name="token", help="Bearer tokens, with which programs use the API as a person.", no_args_is_help=True)
_AS_JSON = typer.Option(False, "--json", help="Print JSON for programs.")
_STDIN = typer.Option(False, "--password-stdin", help="Read the password from standard input instead of asking.")


@users.command(
    "add", epilog="Example: echo 'a long password' | switchboard user add anna@example.com --role owner --password-stdin"
)
def add_user(
    email: str = typer.Argument(..., help="Mail address to sign in with."),
    role: str = typer.Option(..., help=f"One of {', '.join(t.ROLES)}."),
    name: str = typer.Option("", help="Name that colleagues and customers see. Default: what stands before the @."),
    language: str = typer.Option("", help="en or ru. Default: the installation's."),
    password_stdin: bool = _STDIN,
) -> None:
    """Add somebody who works here."""
    hashed = _hash(_password(password_stdin))
    language = language or desk.settings().language
    manager_id = desk.write(people.add_manager, email=email, name=name, role=role, password_hash=hashed, language=language)
    typer.echo(f"Added {email} as {role}, number {manager_id}.")


@users.command("list")
def list_users(as_json: bool = _AS_JSON) -> None:
    """List the people who work here."""
    paper.show(desk.read(_managers), as_json, "Nobody works here yet: switchboard user add EMAIL --role owner")


@users.command("password", epilog="Example: switchboard user password anna@example.com")
def change_password(email: str, password_stdin: bool = _STDIN) -> None:
    """Give somebody a new password; signs them out everywhere."""
    hashed = _hash(_password(password_stdin))
    desk.write(lambda c, now: people.change_manager(c, now, _manager(c, email).id, None, {"password_hash": hashed}))
    typer.echo(f"{email} has a new password.")


@tokens.command("add", epilog='Example: TOKEN=$(switchboard token add anna@example.com --name "report script")')
def add_token(email: str, name: str = typer.Option("", help="What it is for.")) -> None:
    """Make a token with this person's rights and print it: it is shown only now."""
    _, secret = desk.write(lambda c, now: sign_in.add_token(c, now, _manager(c, email).id, name))
    typer.echo(secret)


@tokens.command("list")
def list_tokens(as_json: bool = _AS_JSON) -> None:
    """List the tokens (not their secrets)."""
    paper.show(desk.read(_tokens), as_json, "There are no tokens.")


@tokens.command("revoke")
def revoke_token(number: int = typer.Argument(..., help="The token's id, see `switchboard token list`.")) -> None:
    """End a token."""
    desk.write(_revoke, number)
    typer.echo(f"Token {number} is revoked.")


def _password(from_stdin: bool) -> str:
    with in_words():
        if from_stdin:
            return people.check_password(typer.get_text_stream("stdin").readline().rstrip("\r\n"))
        return people.check_password(typer.prompt("Password", hide_input=True, confirmation_prompt=True))


def _hash(password: str) -> str:
    passwords = Passwords()
    try:
        return passwords.hash_now(password)
    finally:
        passwords.close()


def _manager(connection: sa.Connection, email: str) -> sa.Row[Any]:
    row = people.find_manager(connection, email)
    if row is None:
        raise NotFound(f"Nobody here has the address {email}: see `switchboard user list`")
    return row


def _managers(connection: sa.Connection) -> list[dict[str, Any]]:
    m = t.managers.c
    rows = connection.execute(sa.select(m.id, m.email, m.name, m.role, m.language, m.available, m.disabled_at).order_by(m.id))
    return [dict(row) for row in rows.mappings()]


def _tokens(connection: sa.Connection) -> list[dict[str, Any]]:
    k = t.tokens.c
    columns = (k.id, t.managers.c.email, k.name, k.created_at, k.used_at, k.revoked_at)
    rows = connection.execute(sa.select(*columns).join_from(t.tokens, t.managers).order_by(k.id))
    return [dict(row) for row in rows.mappings()]


def _revoke(connection: sa.Connection, now: datetime, number: int) -> None:
    owner = connection.scalar(sa.select(t.tokens.c.manager_id).where(t.tokens.c.id == number))
    if owner is None:
        raise NotFound(f"There is no token {number}")
    sign_in.revoke_token(connection, now, owner, number)
