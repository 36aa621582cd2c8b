"""What goes out to the person or program at the terminal, and what comes in from them."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from inbox.cli.words import fail


def pairs(given: list[str], option: str) -> dict[str, str]:
    """`key=value` options as a mapping."""
    values: dict[str, str] = {}
    for pair in given:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            fail(f"{option} {pair.partition('=')[0]}: write {option} key=value", 2)
        values[key] = value
    return values


def show_json(value: Any) -> None:
    """For programs: one JSON document."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2, default=_plain))


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def show(rows: list[dict[str, Any]], as_json: bool, empty: str) -> None:
    """A list, as a table for people or as JSON for programs."""
    if as_json:
        show_json(rows)
    elif not rows:
        typer.echo(empty)
    else:
        table = Table(*rows[0], box=None, header_style="bold", pad_edge=False)
        for row in rows:
            table.add_row(*(_cell(value) for value in row.values()))
        Console(soft_wrap=True, markup=False, highlight=False).print(table)


def _cell(value: Any) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return "" if value is None else str(value)


def text_of(path: Path) -> str:
    """A file's text; `-` is standard input."""
    try:
        return typer.get_text_stream("stdin").read() if str(path) == "-" else path.read_text(encoding="utf-8")
    except OSError as error:
        fail(f"{path}: {error.strerror}", 2)
    except UnicodeDecodeError:
        fail(f"{path} is not written in UTF-8", 2)
