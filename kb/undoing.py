"""Taking back the last turn: what it changed of a report, small enough to keep a few of them.

A report is a mapping of plain values (`Draft.as_dict`), or None while nothing is told.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Plain = Mapping[str, Any]
# So many turns can be taken back, and so many characters of JSON are kept for it; the oldest goes first.
TURNS, CHARACTERS = 5, 8_000
# What changes by being asked, not by being told.
_COUNTED = frozenset({"asked", "advice_given", "similar_shown"})


@dataclass(frozen=True, slots=True)
class Turn:
    """What one turn of the citizen's did: their words, the question that was open, and the values before.

    `before`: former values of what changed or went; `new`: names that had no value; `begun`: there was no report.
    """

    said: str
    asked: str | None
    before: dict[str, Any]
    new: tuple[str, ...] = ()
    begun: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Plain values; `from_dict` reads them back."""
        return {
            "said": self.said, "asked": self.asked, "before": self.before, "new": list(self.new), "begun": self.begun
        }  # fmt: skip

    @classmethod
    def from_dict(cls, value: Plain) -> Turn:
        """Raises KeyError or TypeError when `value` is none."""
        return cls(value["said"], value["asked"], dict(value["before"]), tuple(value["new"]), bool(value["begun"]))


def turn(before: Plain | None, after: Plain, *, said: str, asked: str | None) -> Turn | None:
    """What a turn did; None where it told nothing."""
    if before is None:
        return Turn(said, asked, {}, begun=True)
    changed = {name for name in {*before, *after} if before.get(name) != after.get(name)}
    if not changed - _COUNTED:
        return None
    return Turn(
        said,
        asked,
        {name: before[name] for name in sorted(changed) if name in before},
        tuple(sorted(name for name in changed if name not in before)),
    )


def taken_back(after: Plain, last: Turn) -> dict[str, Any] | None:
    """The report as it was before that turn; None where there was none."""
    if last.begun:
        return None
    return {**{name: value for name, value in after.items() if name not in last.new}, **last.before}


def kept(turns: Sequence[Turn]) -> list[dict[str, Any]]:
    """The latest turns that are kept, as plain values, oldest first."""
    found: list[dict[str, Any]] = []
    room = CHARACTERS
    for one in reversed(turns[-TURNS:]):
        plain = one.as_dict()
        room -= len(json.dumps(plain, ensure_ascii=False))
        if room < 0:
            break
        found.insert(0, plain)
    return found
