"""What is different between two versions: added, changed, gone and the same, by kind."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from kb.places.importing.versions import DIVISIONS, FORMER, PLACES, Key, Row, TableForm, Version

K = TypeVar("K")
V = TypeVar("V")
_LEVELS = {"district": "districts", "street": "streets", "community": "communities"}
_LONG = 40


@dataclass
class Change:
    """Of one kind: labels of what is added, changed and gone, and how many stay the same.

    `group` is what is replaced together: "divisions", "former divisions", "places", "boundaries".
    """

    group: str
    kind: str
    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    same: int = 0

    @property
    def any(self) -> bool:
        """Whether anything is different."""
        return bool(self.added or self.changed or self.gone)


def compare(before: Version, after: Version) -> tuple[Change, ...]:
    """The changes by kind, without kinds of which there is nothing on either side."""
    made: dict[tuple[str, str], Change] = {}

    def change(group: str, kind: str) -> Change:
        return made.setdefault((group, kind), Change(group, kind))

    def level(row: Row) -> Change:
        return change("divisions", _LEVELS.get(DIVISIONS.cell(row, "level"), "divisions"))

    _compare(before.divisions, after.divisions, level, DIVISIONS)
    _compare(before.former, after.former, lambda _row: change("former divisions", "former divisions"), FORMER)
    _compare(before.places, after.places, lambda row: change("places", f"places: {PLACES.cell(row, 'kind')}"), PLACES)
    _sort(
        before.areas,
        after.areas,
        lambda _line: change("boundaries", "boundaries"),
        _of_boundary,
        lambda code, _old, line: _of_boundary(code, line),
    )
    return tuple(made.values())


def much_goes(changes: tuple[Change, ...]) -> list[str]:
    """What more than half of would go, such as 'places: 2,000 of 2,271'."""
    gone: defaultdict[str, int] = defaultdict(int)
    was: defaultdict[str, int] = defaultdict(int)
    for one in changes:
        gone[one.group] += len(one.gone)
        was[one.group] += len(one.gone) + len(one.changed) + one.same
    return [f"{group}: {count:,} of {was[group]:,}" for group, count in gone.items() if 2 * count > was[group]]


def _compare(
    before: Mapping[Key, Row], after: Mapping[Key, Row], change: Callable[[Row], Change], form: TableForm
) -> None:
    def label(key: Key, row: Row) -> str:
        name = form.cell(row, "name")
        return " ".join(dict.fromkeys([name, *(cell for cell in key if cell)]))

    def changed(key: Key, old: Row, row: Row) -> str:
        pairs = zip(form.every, old, row, strict=True)
        said = [f"{column} {_short(was)} → {_short(now)}" for column, was, now in pairs if was != now]
        return f"{label(key, row)}: {', '.join(said)}"

    _sort(before, after, change, label, changed)


def _sort(
    old: Mapping[K, V],
    new: Mapping[K, V],
    change: Callable[[V], Change],
    label: Callable[[K, V], str],
    changed: Callable[[K, V, V], str],
) -> None:
    for key, value in new.items():
        one = change(value)
        if key not in old:
            one.added.append(label(key, value))
        elif old[key] != value:
            one.changed.append(changed(key, old[key], value))
        else:
            one.same += 1
    for key, value in old.items():
        if key not in new:
            change(value).gone.append(label(key, value))


def _of_boundary(code: str, line: str) -> str:
    """Code and name, without reading the geometry, which is long."""
    properties, _ = json.JSONDecoder().raw_decode(line, line.index('"properties":') + len('"properties":'))
    return f"{code} {properties.get('name', '')}"


def _short(cell: str) -> str:
    if not cell:
        return "(empty)"
    return cell if len(cell) <= _LONG else f"{cell[: _LONG - 1]}…"
