"""`switchboard contacts`: files of people in and out by the command line."""

import json
import zipfile
from pathlib import Path

import pytest

from inbox.settings import Settings
from tests.inbox.test_cli import here, run

assert here

TEXT = "Name,Mobile,City,Junk\nAnna,8 916 123-45-67,Berlin,x\nBob,12,Rome,y\n"
MAPPED = ("--map", "Junk=", "--country", "ru", "--tag", "autumn")


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "people.csv"
    path.write_text(TEXT)
    return str(path)


def test_a_file_is_tried_taken_in_taken_out_and_undone(here: Settings, file: str, tmp_path: Path) -> None:
    tried = json.loads(run("contacts", "import", file, *MAPPED, "--try", "--json"))
    assert tried == {"id": 1, "state": "checked", "new": 1, "matched": 0, "unchanged": 0, "wrong": 1}
    errors = tmp_path / "errors.csv"
    said = run("contacts", "import", file, *MAPPED, "--errors", str(errors))
    assert said == "Import 2 is done: 1 new, 0 changed, 0 unchanged, 1 wrong.\n"
    assert "There is no such number,Bob,12,Rome,y" in errors.read_text(encoding="utf-8-sig")
    listed = run("contacts", "export", "--tag", "autumn").splitlines()
    assert listed[0].endswith(",city") and ",Anna,+79161234567," in listed[1] and len(listed) == 2
    assert "FN:Anna\n" in run("contacts", "export", "--format", "vcard").replace("\r", "")
    assert run("contacts", "undo", "2").startswith("1 removed")
    assert len(run("contacts", "export").splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--map", "No=name"), 2, "no column 'No'"),
        (("--map", "Name=nonsense"), 1, "Nothing is called"),
        (("--existing", "eat"), 2, "fill, replace or skip"),
        (("--country", "XX"), 1, "two letters"),
    ],
)
def test_what_cannot_be_is_said_in_words(here: Settings, file: str, words: tuple[str, ...], code: int, said: str) -> None:
    assert said in run("contacts", "import", file, *words, code=code)


def test_a_person_is_handed_out_and_erased(here: Settings, file: str, tmp_path: Path) -> None:
    run("contacts", "import", file, *MAPPED)
    number = run("contacts", "export").splitlines()[1].split(",")[0]
    path = tmp_path / "anna.zip"
    assert run("contacts", "export", number, "--to", str(path)) == f"{path}\n"
    with zipfile.ZipFile(path) as book:
        assert book.namelist() == ["data.json", "index.html"] and b"+79161234567" in book.read("data.json")
    assert "not the personal number" in run("contacts", "erase", number, "--sure", "261122-0", code=1)
    assert "will be erased in 3 days" in run("contacts", "erase", number, "--days", "3", "--sure", number)
    assert "stays" in run("contacts", "keep", number)
    run("contacts", "erase", number, "--days", "0", "--sure", number)
    assert len(run("contacts", "export").splitlines()) == 1
    assert "nobody with the number" in run("contacts", "erase", number, "--sure", number, code=1)
