"""How long personal data stays, by kind: `content/retention.yml`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from kb.content_files import CONTENT, ContentError, read_mapping, shown

FILE = CONTENT / "retention.yml"
DEFAULT = "default"
# Shorter, and a citizen could not answer for a closure any more; longer is no retention.
LEAST_DAYS, MOST_DAYS = 30, 36_500


class Kind(StrEnum):
    """What is erased together."""

    CONTACTS = "contacts"
    WORDS = "words"
    CONVERSATIONS = "conversations"
    MEMORY = "memory"


@dataclass(frozen=True, slots=True)
class Retention:
    """Days by kind."""

    days: dict[Kind, int]


def load(default: int, path: Path = FILE) -> Retention:
    """The days of each kind, `default` where the file says so. Raises ContentError naming file, line and key."""
    raw = read_mapping(path)
    for key in raw:
        if key not in set(Kind):
            raise ContentError(f"{shown(path)}:{_line(path, key)}: {key}: not known; {', '.join(Kind)} would do")
    return Retention({kind: _days(raw.get(kind, DEFAULT), default, kind, path) for kind in Kind})


def _days(value: object, default: int, kind: Kind, path: Path) -> int:
    if value == DEFAULT:
        return default
    if isinstance(value, bool) or not isinstance(value, int) or not LEAST_DAYS <= value <= MOST_DAYS:
        raise ContentError(
            f"{shown(path)}:{_line(path, kind)}: {kind}: {value!r}; "
            f"{DEFAULT} or {LEAST_DAYS} to {MOST_DAYS} days would do"
        )
    return value


def _line(path: Path, key: object) -> int:
    """The line of a key of the outermost mapping."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return next((number for number, line in enumerate(lines, 1) if line.startswith(f"{key}:")), 1)
