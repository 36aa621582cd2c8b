"""Talk to a flow in the terminal: `python -m bots [FLOW]`, where FLOW is a starter flow's name or a YAML file."""

import argparse
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.text import Text

from bots.consent import consent
from bots.dialogues import did, learned
from bots.engine import advance, start
from bots.flow import Flow
from bots.library import library
from bots.load import load
from bots.problems import FlowError
from bots.session import Facts, Heard, Say, Turn

COMMANDS = "/restart, /quit, or /press ID to press a button"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code: 2 if there is no such flow or it has mistakes."""
    parser = argparse.ArgumentParser(prog="python -m bots", description=__doc__)
    parser.add_argument("flow", nargs="?", help="a starter flow or a file; without it, the starter flows are listed")
    parser.add_argument("--language", default="", help="the contact's language, such as ru or en")
    parser.add_argument("--name", default=None, help="the contact's name")
    parser.add_argument("--channel", default="webchat", help="the kind of channel")
    parser.add_argument("--closed", action="store_true", help="outside working hours")
    given = parser.parse_args(arguments)
    screen = Console(highlight=False, soft_wrap=True)
    flow = _find(given.flow, screen)
    if flow is None:
        return 0 if given.flow is None and not sys.stdin.isatty() else 2
    now = datetime.now().astimezone()
    language = given.language or flow.languages[0]
    facts = Facts(now=now, name=given.name, language=language, channel=given.channel, open=not given.closed)
    talk(flow, facts, screen, _lines(screen))
    return 0


def _find(name: str | None, screen: Console) -> Flow | None:
    flows = library()
    if name is None:
        return _choose(flows, screen)
    if name in flows:
        return flows[name]
    try:
        return load(Path(name).read_text(encoding="utf-8"))
    except OSError:
        screen.print(Text(f"There is no flow or file {name!r}. Flows: {', '.join(flows)}", style="red"))
    except FlowError as error:
        screen.print(Text(str(error), style="red"))
    except UnicodeDecodeError:
        screen.print(Text(f"{name} is not written in UTF-8", style="red"))
    return None


def _choose(flows: dict[str, Flow], screen: Console) -> Flow | None:
    """List the flows and, where somebody sits at the terminal, ask for one."""
    for number, flow in enumerate(flows.values(), 1):
        title = flow.title if isinstance(flow.title, str) else " / ".join((flow.title or {}).values())
        screen.print(Text(f"{number}. {flow.name}: {title} ({', '.join(flow.languages)})"))
    if not sys.stdin.isatty():
        return None
    answer = screen.input("Which one? ").strip()
    if answer.isdecimal() and 0 < int(answer) <= len(flows):
        return list(flows.values())[int(answer) - 1]
    return flows.get(answer)


def _lines(screen: Console) -> Iterable[str]:
    """What is typed, until the end; also from a pipe."""
    while True:
        try:
            yield screen.input("> " if sys.stdin.isatty() else "").strip()
        except (EOFError, KeyboardInterrupt):
            return


def talk(flow: Flow, facts: Facts, screen: Console, lines: Iterable[str]) -> None:
    """The dialogue. After its end the next line begins it again."""
    screen.print(Text(f"{flow.name}, {facts.language}: {COMMANDS}", style="dim"))
    turn = start(flow, facts)
    show(turn, screen)
    for line in lines:
        if line == "/quit":
            return
        if not line:
            continue
        facts = learned(facts, turn.effects)
        if line == "/restart" or turn.session.done:
            turn = start(flow, facts, None if line == "/restart" else Heard(text=line))
        else:
            turn = _hear(flow, turn, line, facts, screen)
        show(turn, screen)


def _hear(flow: Flow, turn: Turn, line: str, facts: Facts, screen: Console) -> Turn:
    """Stop words are told, as they would win over the flow."""
    word = consent(line)
    if word is not None:
        screen.print(Text(f"  [consent: {word}]", style="dim"))
        return Turn(session=turn.session, effects=())
    pressed = line.removeprefix("/press ").strip() if line.startswith("/press ") else None
    return advance(flow, turn.session, Heard(text="" if pressed else line, choice=pressed), facts)


def show(turn: Turn, screen: Console) -> None:
    """What the flow says, its buttons with their numbers, and dimmed what else it does."""
    for effect in turn.effects:
        if not isinstance(effect, Say):
            screen.print(Text(f"  [{did(effect)}]", style="dim"))
            continue
        screen.print(Text(effect.text, style="bold"))
        for address in effect.attachments:
            screen.print(Text(f"  {address}", style="underline"))
        for number, button in enumerate(effect.choices, 1):
            screen.print(Text(f"  {number}. {button.title}", style="cyan"))


if __name__ == "__main__":
    sys.exit(main())
