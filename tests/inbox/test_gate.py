"""The gate before SQLite's write lock: one at a time over threads and processes, and no harm where it cannot be."""

import subprocess
import sys
import threading
from pathlib import Path

from inbox.store.gate import Gate

HOLDER = """
import sys
from pathlib import Path
from inbox.store.gate import Gate
with Gate(Path(sys.argv[1])):
    print("in", flush=True)
    sys.stdin.readline()
"""


def test_another_process_waits_until_the_gate_is_free(tmp_path: Path) -> None:
    path = tmp_path / "write.lock"
    command = [sys.executable, "-c", HOLDER, str(path)]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=root, text=True) as other:
        assert other.stdin is not None and other.stdout is not None
        assert other.stdout.readline() == "in\n"
        inside = threading.Event()
        gate = Gate(path)

        def enter() -> None:
            with gate:
                inside.set()

        thread = threading.Thread(target=enter)
        thread.start()
        assert not inside.wait(0.3)
        other.stdin.write("\n")
        other.stdin.flush()
        assert inside.wait(10)
        thread.join()
        gate.close()


def test_where_no_file_can_be_made_the_database_s_own_lock_has_to_do(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    with Gate(blocked / "write.lock"):
        pass
