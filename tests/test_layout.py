"""The layout of the repository: which way the arrows point, what lies at the top, and what every module begins with."""

import ast
import gc
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("channels", "bots", "routing", "inbox", "templates")
TOP = {
    *ROOMS, "worker.py", "bench", "tests", "docs", ".ci", "Makefile", "pyproject.toml", "requirements.lock",
    "requirements-run.lock", "README.md",
    "CHANGELOG.md", "LICENSE", "CONTRIBUTING.md", ".gitignore", ".gitattributes", ".editorconfig", ".pre-commit-config.yaml",
    ".dockerignore", "Dockerfile", "compose.yaml",
}  # fmt: skip
CLOCKS = {("datetime", "now"), ("datetime", "utcnow"), ("date", "today"), ("time", "time"), ("time", "monotonic")}
CHANCE = {"random", "secrets", "uuid"}
WEB = {"aiohttp.web", "starlette", "flask", "django"}


def _parse(text: str, name: str = "") -> ast.Module:
    """Without the collector: if it ends another test's coroutine in the middle, Python 3.11 counts its depth wrong."""
    gc.disable()
    try:
        return ast.parse(text, name)
    finally:
        gc.enable()


def tracked() -> list[str]:
    """Every file of the repository, and those about to be added."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [name for name in listed.stdout.splitlines() if (ROOT / name).exists()]


FILES = tracked() if (ROOT / ".git").exists() else []
MODULES = [name for name in FILES if name.endswith(".py")]
pytestmark = pytest.mark.skipif(not FILES, reason="this is no clone: git cannot list the files")


def parsed(name: str) -> ast.Module:
    return _parse((ROOT / name).read_text(encoding="utf-8"), name)


def imported(tree: ast.Module) -> Iterator[str]:
    """The modules that a module imports, wherever in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{each.name}" for each in node.names)


@pytest.mark.parametrize("name", [name for name in MODULES if name.endswith("/__init__.py") and name.startswith(ROOMS)])
def test_no_name_of_a_package_is_another_of_its_modules(name: str) -> None:
    """Importing that module would put it in the place of the name, for whoever comes later: it depends on who was first."""
    package = (ROOT / name).parent
    dotted = ".".join(package.relative_to(ROOT).parts)
    from_here = [each.rpartition(".") for each in imported(parsed(name))]
    assert [
        last for first, _, last in from_here if first not in (dotted, f"{dotted}.{last}") and (package / f"{last}.py").exists()
    ] == []


def attributes(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Every `name.attribute` of a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            yield node.value.id, node.attr


def test_arrows_point_one_way() -> None:
    """The contracts of import-linter in pyproject.toml."""
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache", "--no-logo"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_worker_only_calls_inbox_and_nobody_calls_it() -> None:
    assert all(each.startswith("inbox.") for each in imported(parsed("worker.py")))
    callers = [name for name in MODULES if not name.startswith("tests/") and "worker" in set(imported(parsed(name)))]
    assert callers == []


def test_nothing_unexpected_lies_at_the_top() -> None:
    assert {name.partition("/")[0] for name in FILES} <= TOP


def test_what_runs_is_what_is_tested() -> None:
    """Both locks are written by `make lock`; the one for running is part of the other."""

    def pinned(name: str) -> set[str]:
        lines = (ROOT / name).read_text().splitlines()
        return {line.rstrip("\\ ") for line in lines if line[:1].isalnum()}

    assert pinned("requirements-run.lock") <= pinned("requirements.lock")


def test_all_that_is_packed_exists() -> None:
    packed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"]
    assert [each for each in packed if not (ROOT / each).exists()] == []


def test_a_module_says_in_its_first_line_what_it_is_for() -> None:
    assert [name for name in MODULES if not introduced((ROOT / name).read_text(encoding="utf-8"))] == []


def introduced(text: str) -> bool:
    """Whether a docstring with a first line comes before all else; only a word to the linter may stand above it."""
    lines = [line for line in text.splitlines() if not line.startswith("# ruff:")]
    said = ast.get_docstring(_parse(text), clean=False)
    return not text.strip() or (lines[0].startswith(('"""', 'r"""')) and bool(said and said.splitlines()[0].strip()))


def test_only_settings_reads_the_environment() -> None:
    reading = {("os", "environ"), ("os", "getenv"), ("os", "environb")}
    readers = [name for name in MODULES if name.startswith(ROOMS) and reading & set(attributes(parsed(name)))]
    assert set(readers) <= {"inbox/settings.py", "inbox/ui/hatch_build.py"}


def test_deciding_rooms_own_no_clock_and_no_chance() -> None:
    deciding = [m for m in MODULES if m.startswith(("bots/", "routing/")) and not m.endswith("__main__.py")]
    assert [name for name in deciding if set(attributes(parsed(name))) & CLOCKS] == []
    assert [name for name in deciding if {each.partition(".")[0] for each in imported(parsed(name))} & CHANCE] == []


def test_rooms_below_inbox_serve_no_pages() -> None:
    below = [m for m in MODULES if m.startswith(("bots/", "routing/", "channels/")) and "/sandbox/" not in m]
    assert [name for name in below if set(imported(parsed(name))) & WEB] == []


def test_no_file_names_the_machine_it_was_written_on() -> None:
    homes = [place for place in (f"{ROOT}/", f"{Path.home()}/") if len(place) > 6]
    texts = ((name, (ROOT / name).read_text(encoding="utf-8", errors="replace")) for name in FILES)
    assert [name for name, text in texts if any(home in text for home in homes)] == []
