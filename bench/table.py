"""Print sections as tables: medians, ranges, ratios, aims, where the CPU time goes, and how it was at another commit."""

from collections.abc import Sequence
from statistics import median

from rich.console import Console
from rich.table import Table

from bench.result import Figure, Report, Section


def show(console: Console, section: Section, against: Report | None) -> None:
    """One table and its notes."""
    before = _same(against, section)
    table = Table(title=f"({section.letter}) {section.title}, {section.database}", title_justify="left", title_style="bold")
    for heading in ("", "median", "min–max", "floor", "ratio", "aim", *(["then"] if before else [])):
        table.add_column(heading, justify="right" if heading else "left", no_wrap=True)
    for figure in section.figures:
        table.add_row(*_row(figure), *([_then(figure, before)] if before else []))
    console.print(table)
    for line in lines(section):
        console.print(f"  {line}", highlight=False, soft_wrap=True)
    console.print()


def lines(section: Section) -> list[str]:
    """What is said under a table."""
    short = [each for each in section.figures if each.falls_short]
    used = {name: median(values) for name, values in section.cpu.items()}
    found = []
    if used:
        found.append(f"CPU µs per {section.item}: " + ", ".join(f"{name} {value:,.0f}" for name, value in used.items()))
    for each in short:
        found.append(f"falls short: {each.name}" + (f"; most of the time goes to {_most(used)}" if used else ""))
    return [*found, *section.notes]


def _most(used: dict[str, float]) -> str:
    """Of what is measured, the floor and the load apart."""
    ours = {name: value for name, value in used.items() if not name.startswith(("floor", "load", "stand-in"))}
    name = max(ours, key=lambda each: ours[each])
    return f"{name} ({ours[name] / sum(ours.values()):.0%} of our CPU time)"


def _row(figure: Figure) -> Sequence[str]:
    floor = number(median(figure.floor)) if figure.floor else ""
    ratio = f"{figure.ratio:.2f}" if figure.ratio is not None else ""
    spread = f"{number(min(figure.ours))}–{number(max(figure.ours))}"
    reached = "red" if figure.falls_short else "green"
    return figure.name, f"{number(figure.median)} {figure.unit}", spread, floor, ratio, _aim(figure, reached)


def _aim(figure: Figure, colour: str) -> str:
    if figure.aim is None:
        return ""
    aim = f"{figure.aim:g}" if figure.floor else f"{number(figure.aim)} {figure.unit}"
    return f"[{colour}]{'≥' if figure.more_is_better else '≤'} {aim}[/]"


def _then(figure: Figure, before: Section) -> str:
    """Now against then: the ratios to the floor where there is a floor, because the machine may have been busier."""
    old = next((each for each in before.figures if each.name == figure.name), None)
    if old is None:
        return ""
    now_value, then_value = (figure.ratio, old.ratio) if figure.floor and old.floor else (figure.median, old.median)
    return f"×{now_value / then_value:.2f}" if now_value and then_value else ""


def _same(report: Report | None, section: Section) -> Section | None:
    wanted = (section.letter, section.database)
    return next((each for each in report.sections if (each.letter, each.database) == wanted), None) if report else None


def number(value: float) -> str:
    """Three digits that matter."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
