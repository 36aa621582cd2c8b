"""Read files of people row by row: CSV, spreadsheets, vCards. A row is a list of texts, and never are all of them in memory."""

import csv
import zipfile
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from inbox.imports import encoding, vcards
from inbox.refusals import Invalid

CELL = 10_000
"""Characters of a cell that are read."""
COLUMNS = 200
UNPACKED = 2 * 1024**3
"""Bytes that a spreadsheet may unpack to: a small file can be made that fills any disk."""
SAMPLE = 20

Row = list[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """How a file is to be read."""

    format: str
    encoding: str = ""
    delimiter: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Inspected:
    """What a file looks like. `total`: its rows without the headings, None if only reading all of it could tell."""

    layout: Layout
    headings: Row
    sample: list[Row]
    total: int | None


def inspect(path: Path, name: str, encoding_: str = "", delimiter: str = "") -> Inspected:
    """Look a file over. Raises Invalid for one that holds no table."""
    layout = _layout(path, name, encoding_, delimiter)
    try:
        with closing(rows(path, layout)) as found:
            head = list(islice(found, SAMPLE + 1))
        total = _count(path, layout)
    except (zipfile.BadZipFile, KeyError, UnicodeError, OSError, ValueError, csv.Error) as error:
        raise Invalid("file", "The file cannot be read: save it again as CSV (UTF-8) or XLSX") from error
    if len(head) < 2:
        raise Invalid("file", "The file has no rows below its headings")
    return Inspected(layout=layout, headings=head[0][:COLUMNS], sample=[row[:COLUMNS] for row in head[1:]], total=total)


def rows(path: Path, layout: Layout) -> Generator[Row, None, None]:
    """Every row, the headings first; rows that are quite empty are left out."""
    read = {"csv": _csv, "xlsx": _xlsx, "vcard": _vcard}[layout.format]
    for row in read(path, layout):
        if any(row):
            yield row


def _layout(path: Path, name: str, encoding_: str, delimiter: str) -> Layout:
    with path.open("rb") as file:
        head = file.read(2048)
    if head.startswith(b"PK\x03\x04"):
        return Layout(format="xlsx")
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise Invalid("file", "This is an old Excel file (.xls): save it as .xlsx or CSV")
    found = encoding_ or encoding.encoding_of(path)
    if b"BEGIN:VCARD" in head.replace(b"\0", b"").upper() or name.lower().endswith(".vcf"):
        return Layout(format="vcard", encoding=found)
    return Layout(format="csv", encoding=found, delimiter=delimiter or encoding.delimiter_of(path, found))


def _count(path: Path, layout: Layout) -> int | None:
    if layout.format == "xlsx":
        return None
    with closing(rows(path, layout)) as found:
        return sum(1 for _ in found) - 1


def _csv(path: Path, layout: Layout) -> Iterator[Row]:
    with path.open(encoding=layout.encoding, errors="replace", newline="") as file:
        reader = csv.reader(file, delimiter=layout.delimiter or ",")
        while True:
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                row = [f"\0{error}"]  # a mark: see `inbox.imports.cards`
                yield row
                continue
            yield [cell.replace("\0", "").strip()[:CELL] for cell in row]


def _xlsx(path: Path, layout: Layout) -> Iterator[Row]:
    import openpyxl  # half a second, and only spreadsheets need it

    with zipfile.ZipFile(path) as archive:
        if sum(each.file_size for each in archive.infolist()) > UNPACKED:
            raise ValueError("unpacks to too much")
    with path.open("rb") as file:
        book = openpyxl.load_workbook(file, read_only=True, data_only=True)
        sheet = book.worksheets[0]
        sheet.reset_dimensions()  # other programs write wrong ones
        for row in sheet.iter_rows(values_only=True):
            yield _trimmed([_text(cell) for cell in row[:COLUMNS]])


def _trimmed(row: Row) -> Row:
    while row and not row[-1]:
        row.pop()
    return row


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, datetime):
        return value.isoformat(" ") if value.time() != value.time().min else value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return str(value).replace("\0", "").strip()[:CELL]


def _vcard(path: Path, layout: Layout) -> Iterator[Row]:
    yield list(vcards.HEADINGS)
    with path.open(encoding=layout.encoding, errors="replace", newline="") as file:
        yield from vcards.read(file)
