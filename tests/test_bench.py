"""The bench still runs: its small counts, on SQLite, give every figure that it promises, and can be compared with themselves."""

import subprocess
import sys
from pathlib import Path

import pytest

from bench import result, table
from bench.result import Figure, Report, Section

SECONDS = 180
"""It takes a tenth of that on a machine at rest."""


def test_the_bench_measures_loads_and_broadcasts(tmp_path: Path) -> None:
    kept = tmp_path / "bench.json"
    command = [sys.executable, "-m", "bench", "--quick", "--only", "a,b,c", "--database", "sqlite", "--json", str(kept)]
    printed = _run(command)
    report = result.read(kept)
    assert [section.letter for section in report.sections] == ["a", "b", "c"]
    for section in report.sections:
        main = section.figures[0]
        assert main.ratio is not None and main.ratio > 0, section
        assert all(len(figure.ours) == 1 and figure.ours[0] >= 0 for figure in section.figures), section
        assert all(value >= 0 for values in section.cpu.values() for value in values), section
        assert "ratio" in printed and section.title in printed


def test_the_bench_measures_finding_duplicates_the_stream_and_imports(tmp_path: Path) -> None:
    kept = tmp_path / "bench.json"
    _run([sys.executable, "-m", "bench", "--quick", "--only", "f,g,h,i,j", "--database", "sqlite", "--json", str(kept)])
    found = {section.letter: {figure.name: figure for figure in section.figures} for section in result.read(kept).sections}
    for letter, name, beside in BESIDE:
        figure = found[letter][name]
        assert figure.median > 0 and bool(figure.ratio) is beside, figure
    assert found["g"]["recall: planted pairs that were found"].median > 95
    assert found["g"]["precision: pairs with more than a name in common"].median > 95


BESIDE = [
    ("f", "an unfinished word", True),
    ("f", "all questions, p99", False),
    ("g", "people a second, 2,000 people", False),
    ("h", "one event to the last operator, p99", True),
    ("h", "burst of 50", True),
    ("i", "rows taken in, of 2,000", True),
    ("i", "rows undone", False),
    ("j", "list, p99", True),
    ("j", "thread, p99", True),
    ("j", "search, p99", True),
    ("j", "search: in one month, p99", False),
]
"""Figures that must be there, and whether the bare program stands beside them."""


def _run(command: list[str]) -> str:
    """What it printed. It is asked to end, not killed, so that it ends what it started."""
    folder = Path(__file__).parent.parent
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=folder) as process:
        try:
            printed, errors = process.communicate(timeout=SECONDS)
        finally:
            process.terminate()
    assert process.returncode == 0, errors
    return printed


FIGURES = [
    ("a ratio that reaches its aim", Figure(name="x", unit="/s", ours=[50, 60], floor=[100, 100], aim=0.5), False),
    ("a ratio that does not", Figure(name="x", unit="/s", ours=[50, 60], floor=[200, 100], aim=0.5), True),
    ("less is better", Figure(name="x", unit="µs", ours=[30], floor=[10], aim=2, more_is_better=False), True),
    ("a value without a floor", Figure(name="x", unit="MB", ours=[90], aim=100, more_is_better=False), False),
    ("a value that is too much", Figure(name="x", unit="MB", ours=[110], aim=100, more_is_better=False), True),
    ("no aim", Figure(name="x", unit="ms", ours=[110]), False),
]


@pytest.mark.parametrize(("figure", "short"), [case[1:] for case in FIGURES], ids=[case[0] for case in FIGURES])
def test_a_figure_knows_whether_it_falls_short(figure: Figure, short: bool) -> None:
    assert figure.falls_short is short


def test_where_the_time_goes_is_said_for_what_falls_short() -> None:
    figure = Figure(name="loops", unit="/s", ours=[10], floor=[100], aim=0.5)
    cpu = {"web": [100.0], "worker": [300.0], "load": [900.0], "floor": [50.0]}
    section = Section(letter="b", title="Loop", database="sqlite", figures=[figure], cpu=cpu, item="loop")
    assert table.lines(section) == [
        "CPU µs per loop: web 100, worker 300, load 900, floor 50",
        "falls short: loops; most of the time goes to worker (75% of our CPU time)",
    ]


def test_rounds_are_kept_whole(tmp_path: Path) -> None:
    figure = Figure(name="loops", unit="/s", ours=[10.5, 11.0], floor=[100, 90], aim=0.5)
    section = Section(letter="b", title="Loop", database="sqlite", figures=[figure])
    report = Report(commit="abc", machine="a machine", rounds=2, sections=[section])
    result.write(report, tmp_path / "kept.json")
    assert result.read(tmp_path / "kept.json") == report
