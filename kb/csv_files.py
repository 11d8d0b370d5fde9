"""Reading CSV files that come from elsewhere: exports of a city's own system, saved by a spreadsheet.

UTF-8 with or without a mark at the beginning, or GB18030 as spreadsheets in China write it. Problems are collected,
each with file, line and column, so that a person mends them together.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kb.content_files import ContentError, shown

MOST_PROBLEMS = 10
MOST_CHARACTERS = 20_000
_UTF8_MARK = b"\xef\xbb\xbf"
_NUL = "\udc00"  # stands for a NUL byte while the file is read; no decoder gives it
_UNREADABLE = re.compile("[\udc80-\udcff]")


class FileProblems(ContentError):
    """A file that cannot be used as it is: one line for each problem, at most ten of them."""

    def __init__(self, path: Path, problems: Sequence[str], *, more: bool = False) -> None:
        self.problems = tuple(problems)
        first = f", the first {len(problems)} of them" if more else ""
        super().__init__("\n".join([f"{shown(path)} cannot be used as it is{first}:", *problems]))


class Problems:
    """Collects what is wrong with one file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._found: list[tuple[int, str]] = []
        self._lines: set[int] = set()

    def add(self, line: int, column: str, what: str) -> None:
        """`column` may be empty where the whole line is meant."""
        self._lines.add(line)
        self._found.append((line, f"{shown(self._path)}:{line}: {column}{': ' if column else ''}{what}"))

    def __contains__(self, line: int) -> bool:
        return line in self._lines

    def stop(self) -> None:
        """Raise FileProblems if there are any, in the order of the lines."""
        if self._found:
            ordered = [text for _, text in sorted(self._found, key=lambda one: one[0])]
            raise FileProblems(self._path, ordered[:MOST_PROBLEMS], more=len(ordered) > MOST_PROBLEMS)


@dataclass(frozen=True)
class Table:
    """The wanted columns of a file. `rows` are (line where the row begins, cells by column), without blank ones."""

    path: Path
    encoding: str
    sha256: str
    rows: list[tuple[int, dict[str, str]]]
    problems: Problems = field(repr=False)


@dataclass(frozen=True)
class Sheet:
    """A file whose first line has been read: `header` has the columns' names as they are given."""

    path: Path
    encoding: str
    sha256: str
    delimiter: str
    header: list[str]
    _lines: Iterator[tuple[int, list[str]]] = field(repr=False)
    _problems: Problems = field(repr=False)

    def table(self, columns: Sequence[tuple[str, ...]], optional: Sequence[tuple[str, ...]] = ()) -> Table:
        """The rows, as `read_table` gives them; can be asked for once. Optional columns may be missing."""
        known = {name.strip().casefold() for name in self.header}
        wanted = (*columns, *(names for names in optional if known.intersection(names)))
        places = _places(self.path, self.header, wanted)
        found = []
        for line, cells in self._lines:
            if len(cells) != len(self.header):
                self._problems.add(line, "", f"{len(cells)} cells, the first line has {len(self.header)}")
                continue
            row = {name: cells[at].strip() for name, at in places.items()}
            for name, cell in row.items():
                _check_cell(self._problems, line, name, cell, self.encoding)
            if line not in self._problems:
                found.append((line, row))
        return Table(self.path, self.encoding, self.sha256, found, self._problems)


def read_table(path: Path, columns: Sequence[tuple[str, ...]]) -> Table:
    """The file's rows with the wanted columns; each may go by several names and is given by its first.

    Rows with problems are left out, the problems are in `problems`. Raises FileProblems where nothing can be read.
    """
    return open_sheet(path).table(columns)


def open_sheet(path: Path, delimiters: str = ",") -> Sheet:
    """The file up to its first line. Of several delimiters, the one that the first line has most of.

    Raises FileProblems where nothing can be read.
    """
    return sheet_of(path, read_raw(path), delimiters)


def read_raw(path: Path) -> bytes:
    """The file's bytes. Raises FileProblems."""
    try:
        return path.read_bytes()
    except OSError as away:
        raise FileProblems(path, [f"{shown(path)}:1: cannot be read ({away.strerror})"]) from away


def sheet_of(path: Path, raw: bytes, delimiters: str = ",") -> Sheet:
    """As `open_sheet`, of bytes that came otherwise; `path` is what problems call them."""
    problems = Problems(path)
    _refuse_other_formats(path, raw)
    text, encoding = _decoded(raw.removeprefix(_UTF8_MARK))
    delimiter = max(delimiters, key=text.lstrip("\r\n").partition("\n")[0].count)
    lines = _rows(text, problems, delimiter)
    header = next(lines, None)
    if header is None:
        raise FileProblems(path, [f"{shown(path)}:1: the file is empty"])
    return Sheet(path, encoding, hashlib.sha256(raw).hexdigest(), delimiter, header[1], lines, problems)


def _refuse_other_formats(path: Path, raw: bytes) -> None:
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise FileProblems(path, [f"{shown(path)}:1: UTF-16; save it as “CSV UTF-8”"])
    if raw[:4] == b"PK\x03\x04" or raw[:4] == b"\xd0\xcf\x11\xe0":
        raise FileProblems(path, [f"{shown(path)}:1: a workbook, not CSV; save it as “CSV UTF-8”"])


def decoded(raw: bytes) -> tuple[str, str]:
    """UTF-8 or GB18030, whichever it is, as text, and its name. Raises ValueError for what is neither."""
    text, encoding = _decoded(raw.removeprefix(_UTF8_MARK))
    if bad := _UNREADABLE.search(text):
        line = text.count("\n", 0, bad.start()) + 1
        raise ValueError(f"line {line}: byte 0x{ord(bad[0]) - 0xDC00:02x} is not {encoding}")
    return text, encoding


def _decoded(raw: bytes) -> tuple[str, str]:
    """The text and the name of its encoding; bytes that do not belong there become lone surrogates."""
    text, encoding = raw.decode("utf-8", errors="surrogateescape"), "UTF-8"
    broken = len(_UNREADABLE.findall(text))
    if broken:
        other = raw.decode("gb18030", errors="surrogateescape")
        if _common(other) > 1 - broken / len(_not_ascii(raw)):
            text, encoding = other, "GB18030"
    return text.replace("\0", _NUL), encoding


def _not_ascii(raw: bytes) -> bytes:
    return raw.translate(None, bytes(range(128)))


def _common(text: str) -> float:
    """The share of common Chinese characters: high in what is GB18030, low in broken UTF-8 read as that."""
    foreign = "".join(letter for letter in text if letter > "\x7f")
    return len(foreign.encode("gb2312", errors="ignore")) / 2 / max(1, len(foreign))


def _rows(text: str, problems: Problems, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """(line where it begins, cells) of every row that says anything."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=delimiter)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as wrong:
            problems.add(line, "", _in_words(str(wrong)))
            continue
        if any(cell.strip() for cell in cells):
            yield line, cells


def _in_words(wrong: str) -> str:
    if "end of data" in wrong:
        return "a quotation mark opens in this row and is not closed"
    if "field limit" in wrong:
        return f"a cell of more than {csv.field_size_limit():,} characters; is a quotation mark not closed?"
    if "expected after" in wrong:
        return "a quotation mark inside a quoted cell must be doubled"
    return wrong


def _places(path: Path, header: list[str], columns: Sequence[tuple[str, ...]]) -> dict[str, int]:
    """Where each wanted column stands. Raises FileProblems for one that is missing or doubled."""
    names = [name.strip().casefold() for name in header]
    shown_names = ", ".join(name.strip() for name in header)[:200].encode("utf-8", "replace").decode()
    places: dict[str, int] = {}
    wrong = []
    for wanted in columns:
        at = [number for number, name in enumerate(names) if name in wanted]
        if len(at) == 1:
            places[wanted[0]] = at[0]
            continue
        what = "stands in the first line twice" if at else f"no such column in the first line ({shown_names})"
        wrong.append(f"{shown(path)}:1: {' or '.join(wanted)}: {what}")
    if wrong:
        raise FileProblems(path, wrong)
    return places


def _check_cell(problems: Problems, line: int, name: str, cell: str, encoding: str) -> None:
    if _NUL in cell:
        problems.add(line, name, "a NUL byte")
    elif bad := _UNREADABLE.search(cell):
        problems.add(line, name, f"byte 0x{ord(bad[0]) - 0xDC00:02x} is not {encoding}")
    elif len(cell) > MOST_CHARACTERS:
        problems.add(line, name, f"{len(cell):,} characters, at most {MOST_CHARACTERS:,} are read")
