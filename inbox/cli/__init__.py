"""The command line: `switchboard COMMAND`. One file a group of commands; each asks the use cases and prints."""

import typer

from inbox.cli import broadcasts, channels, contacts, demo, duplicates, flows, looking, people, quality, raw, running
from inbox.version import VERSION

app = typer.Typer(
    name="switchboard",
    help="One window for every message a company's customers send.",
    epilog="To try it: switchboard demo. In earnest: switchboard up, switchboard channel add. In doubt: switchboard doctor.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"switchboard {VERSION}")
        raise typer.Exit


@app.callback()
def _root(version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version.")) -> None:
    pass


running.register(app)
demo.register(app)
looking.register(app)
duplicates.register(contacts.app)
quality.register(contacts.app)
for group in (people.users, people.tokens, channels.app, contacts.app, broadcasts.app, flows.app, raw.app):
    app.add_typer(group)


def main() -> None:
    """The program `switchboard`."""
    app()
