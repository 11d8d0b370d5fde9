"""A city's own closed tickets as rows of text and label, checked, ready to learn from or to measure by.

Labels are either our own codes (leaves, or duties of other authorities) or the city's own words for its categories.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from kb.content_files import shown
from kb.csv_files import FileProblems, Problems, Table, read_table
from kb.referrals import PREFIX, Duty
from kb.taxonomy import UNLISTED, Taxonomy
from kb.text import clean, folded, hide_personal, says_something

# A label with fewer rows can be learned or checked, not both.
LEAST_ROWS = 2
MOST_LEARNED = 2_000
_HIDDEN = re.compile(r"（(?:证件号|电话)已隐藏）")
# Bank cards, older identity numbers, local telephone numbers: never a hint at a category.
_LONG_NUMBER = re.compile(r"[0-9](?:[-－—\s]?[0-9]){6,}[Xx]?")


class Kind(StrEnum):
    """Whose labels a file or a model has."""

    CODES = "codes"
    OWN = "own"

    @property
    def said(self) -> str:
        return "our category codes" if self is Kind.CODES else "the city's own labels"


@dataclass(frozen=True, slots=True)
class Ticket:
    """One row: the line of the file it begins on, its text without personal numbers, its label."""

    line: int
    text: str
    label: str


@dataclass(frozen=True)
class Tickets:
    """The usable rows of a file. `notes` say what was left out or taken otherwise than written."""

    path: Path
    sha256: str
    kind: Kind
    rows: tuple[Ticket, ...]
    notes: tuple[str, ...] = ()

    @property
    def counts(self) -> dict[str, int]:
        """Rows of each label, the most frequent first."""
        return dict(Counter(row.label for row in self.rows).most_common())


def learnable(text: str) -> str:
    """What may be learned from a text: without telephone, identity and other long numbers; its first 2,000 characters.

    The words that mark a hidden number go too, for no citizen says them.
    """
    # a card number spaced in fours holds what looks like a landline: the long ones go first
    bare = _HIDDEN.sub(" ", hide_personal(_LONG_NUMBER.sub(" ", clean(text))))
    return clean(_LONG_NUMBER.sub(" ", bare))[:MOST_LEARNED]


def known_codes(taxonomy: Taxonomy, duties: Mapping[str, Duty]) -> dict[str, str]:
    """The class of the classifier by the ways a code may be written; the leaf for what is unlisted has none ("")."""
    leaves = {leaf.code: "" if leaf.code == UNLISTED else leaf.code for leaf in taxonomy}
    return leaves | {written: PREFIX + key for key in duties for written in (key, PREFIX + key)}


def read_map(path: Path, known: Mapping[str, str]) -> dict[str, str]:
    """Class by own label from a `label,code` file; "" for labels whose rows are left out.

    Raises FileProblems for an empty label, a code that is not ours, or a label that stands twice with two codes.
    """
    table = read_table(path, [("label",), ("code",)])
    found: dict[str, tuple[str, int]] = {}
    for line, cells in table.rows:
        label, code = cells["label"], cells["code"]
        if not label:
            table.problems.add(line, "label", "empty")
        elif code and code not in known:
            table.problems.add(line, "code", f"{code!r} is no category and no duty of another authority")
        elif label in found and found[label][0] != known.get(code, ""):
            table.problems.add(line, "label", f"{label!r} stands on line {found[label][1]} with another code")
        else:
            found[label] = (known.get(code, ""), line)
    table.problems.stop()
    return {label: name for label, (name, _) in found.items()}


def read_tickets(
    path: Path,
    known: Mapping[str, str],
    mapping: Mapping[str, str] | None = None,
    *,
    label: tuple[str, ...] = ("label",),
) -> Tickets:
    """The rows of a `text,label` file; `known` is what `known_codes` gives, `mapping` what `read_map` gives.

    `label` are the names the second column may have. Raises FileProblems with up to ten problems.
    """
    table = read_table(path, [("text",), label])
    written = _written(table, label[0])
    classes, kind = _classes(table, written, known, mapping, label[0])
    rows = [replace(row, label=classes[row.label]) for row in written if row.label in classes]
    said = [f"read as {table.encoding}"] if table.encoding != "UTF-8" else []
    kept = [row for row in rows if row.label and row.text]
    unsaid = sum(not row.text for row in rows)
    if unsaid:
        said.append(f"{unsaid} rows left out: nothing remains of their text without personal numbers")
    if unlisted := len(rows) - len(kept) - unsaid:
        why = "mapped to no code" if mapping is not None else f"{UNLISTED} is for what no category fits"
        said.append(f"{unlisted} rows left out: {why}")
    unique, doubled = _without_doubles(kept, table.problems)
    if doubled:
        said.append(f"{doubled} rows left out: equal to an earlier one")
    table.problems.stop()
    if not unique:
        raise FileProblems(path, [f"{shown(path)}:1: no rows to use"])
    return Tickets(path, table.sha256, kind, tuple(unique), tuple(said))


def with_enough_rows(tickets: Tickets) -> Tickets:
    """Without the labels that have too few rows to learn from. Raises FileProblems when fewer than two remain."""
    few = sorted(label for label, count in tickets.counts.items() if count < LEAST_ROWS)
    if len(tickets.counts) - len(few) < 2:
        what = f"fewer than two labels have {LEAST_ROWS} rows or more"
        raise FileProblems(tickets.path, [f"{shown(tickets.path)}:1: label: {what}"])
    if not few:
        return tickets
    rows = tuple(row for row in tickets.rows if row.label not in set(few))
    named = "、".join(few[:10]) + (" …" if len(few) > 10 else "")
    note = f"{len(tickets.rows) - len(rows)} rows left out: labels with fewer than {LEAST_ROWS} rows ({named})"
    return replace(tickets, rows=rows, notes=(*tickets.notes, note))


def _written(table: Table, label: str) -> list[Ticket]:
    """The rows as they stand in the file, texts made learnable; empty cells are problems."""
    found = []
    for line, cells in table.rows:
        for name in ("text", label):
            if not cells[name]:
                table.problems.add(line, name, "empty")
        if line not in table.problems:
            text = learnable(cells["text"])
            found.append(Ticket(line, text if says_something(text) else "", cells[label]))
    return found


def _classes(
    table: Table, rows: list[Ticket], known: Mapping[str, str], mapping: Mapping[str, str] | None, column: str
) -> tuple[Mapping[str, str], Kind]:
    """What each written label means, and whose labels these are. Labels of the other kind are problems."""
    if mapping is not None:
        _each_first(table.problems, column, (row for row in rows if row.label not in mapping), "has no row in the map")
        return mapping, Kind.CODES
    ours = sum(row.label in known for row in rows)
    if ours * 2 > len(rows):
        odd = (row for row in rows if row.label not in known)
        _each_first(table.problems, column, odd, f"is none of our codes, as {ours} other rows have")
        return known, Kind.CODES
    odd = (row for row in rows if row.label in known)
    _each_first(table.problems, column, odd, f"is one of our codes, and {len(rows) - ours} other rows have own labels")
    return {row.label: row.label for row in rows}, Kind.OWN


def _each_first(problems: Problems, column: str, rows: Iterable[Ticket], what: str) -> None:
    seen: set[str] = set()
    for row in rows:
        if row.label not in seen:
            seen.add(row.label)
            problems.add(row.line, column, f"{row.label[:40]!r} {what}")


def _without_doubles(rows: list[Ticket], problems: Problems) -> tuple[list[Ticket], int]:
    """Each text once. The same text under another label is a problem of both rows."""
    first: dict[str, Ticket] = {}
    for row in rows:
        before = first.setdefault(folded(row.text), row)
        if before.label != row.label:
            what = f"the same text stands under {before.label!r} on line {before.line} and under {row.label!r} here"
            problems.add(row.line, "text", what)
    return list(first.values()), len(rows) - len(first)
