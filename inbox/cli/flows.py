"""`switchboard flow ...`: bots' flows from files, checked before anybody meets them."""

from pathlib import Path

import typer

from bots.library import sources
from bots.load import load
from inbox import flows
from inbox.cli import desk, paper
from inbox.cli.words import in_words

app = typer.Typer(name="flow", help="Bots: check, add, list, switch on and off.", no_args_is_help=True)
_FILE = typer.Argument(..., metavar="FILE", help="A YAML file, - for standard input, or the name of a starter flow.")
_NUMBER = typer.Argument(..., metavar="ID", help="The flow's id, see `switchboard flow list`.")


@app.command("check", epilog="Example: switchboard flow check bots/welcome.yaml")
def check(file: Path = _FILE) -> None:
    """Say everything that is wrong with a flow, by step and line. Touches nothing. Exit code 1 if something is."""
    with in_words():
        flow = load(_source(file))
    typer.echo(f"{flow.name}: {len(flow.steps)} steps in {', '.join(flow.languages)}, nothing wrong.")


@app.command("add", epilog="Example: switchboard flow add welcome; switchboard flow add my-flow.yaml --off")
def add(file: Path = _FILE, off: bool = typer.Option(False, "--off", help="Add it switched off.")) -> None:
    """Add a flow, or give the one of the same name a new text. Conversations that run go on by the new text."""
    text = _source(file)
    number, new = desk.write(flows.put, text, enabled=not off)
    typer.echo(f"Added as flow {number}{', switched off' if off else ''}." if new else f"Flow {number} has the new text.")


@app.command("list")
def list_flows(as_json: bool = typer.Option(False, "--json", help="Print JSON for programs.")) -> None:
    """List the flows."""
    paper.show(desk.read(flows.every), as_json, f"There are no flows. Starter flows: {', '.join(sources())}")


@app.command("show")
def show(number: int = _NUMBER) -> None:
    """Print a flow's text, to be changed and added again."""
    typer.echo(desk.read(flows.source, number), nl=False)


@app.command("on")
def switch_on(number: int = _NUMBER) -> None:
    """Switch a flow on."""
    desk.write(flows.switch, number, enabled=True)


@app.command("off")
def switch_off(number: int = _NUMBER) -> None:
    """Switch a flow off: it starts no more, and what it was in the middle of goes to a person."""
    desk.write(flows.switch, number, enabled=False)


def _source(file: Path) -> str:
    """The file's text; where there is no such file, a starter flow's."""
    if not file.exists() and (starter := sources().get(str(file))) is not None:
        return starter
    return paper.text_of(file)
