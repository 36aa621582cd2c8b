"""`python -m bots` is a dialogue in the terminal, also through a pipe."""

import subprocess
import sys
from pathlib import Path

import pytest


def run(*arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    """The command with what is typed into it."""
    command = [sys.executable, "-X", "utf8", "-m", "bots", *arguments]
    root = Path(__file__).parents[2]
    return subprocess.run(
        command, input=typed, capture_output=True, text=True, encoding="utf-8", cwd=root, timeout=60, check=False
    )


def test_a_dialogue_through_a_pipe() -> None:
    done = run("welcome", "--language", "en", "--name", "Anna", typed="1\nstop\n/press person\n/restart\n/quit\nnever read")
    assert done.returncode == 0, done.stderr
    lines = [line.strip() for line in done.stdout.splitlines()]
    assert lines.count("Hello, Anna!") == 2
    for expected in ("1. Prices", "Anything else?", "[consent: stop]", "[hand over]", "4. No, thanks"):
        assert expected in lines


def test_the_flows_are_listed() -> None:
    done = run()
    assert done.returncode == 0
    assert [line.split()[1] for line in done.stdout.splitlines()] == ["night:", "order_status:", "welcome:"]


@pytest.mark.parametrize(
    ("text", "expected"), [(None, "no flow or file"), ("version: 1\nname: a\nsteps:\n  - goto: b", "line 4, step 1, goto")]
)
def test_what_cannot_be_talked_to_is_explained(tmp_path: Path, text: str | None, expected: str) -> None:
    file = tmp_path / "flow.yaml"
    if text:
        file.write_text(text, encoding="utf-8")
    done = run(str(file))
    assert done.returncode == 2
    assert expected in done.stdout


def test_a_file_of_one_s_own(tmp_path: Path) -> None:
    file = tmp_path / "flow.yaml"
    file.write_text(
        "version: 1\nname: a\nsteps:\n  - ask: Имя?\n    save_as: who\n  - say: '[b]{{ who }}[/b]'\n    attachments: ['https://x/a.png']",
        encoding="utf-8",
    )
    done = run(str(file), typed="Ёж")
    assert done.returncode == 0, done.stderr
    assert [line.strip() for line in done.stdout.splitlines()[1:]] == ["Имя?", "[b]Ёж[/b]", "https://x/a.png", "[finish]"]
