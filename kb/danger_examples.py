"""How citizens tell of dangers, and how they talk of the same things when nothing is dangerous.

`content/urgency_examples.yml` holds both by danger. Beside them the model learns from the examples of the categories
and of other authorities' duties, save those that the file names as mixed, as emergencies or as exceptions.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from kb.content_files import CONTENT, ContentError, Mapped, read_mapping, shown
from kb.examples import read_examples
from kb.referrals import Duty
from kb.taxonomy import UNLISTED, Taxonomy, Urgency
from kb.text import folded
from kb.urgency import Dangers

FILE = CONTENT / "urgency_examples.yml"
NONE = "none"
LONGEST = 400
_KEYS = ("mixed", "emergencies", "leave_out", "examples")
_SIDES = ("urgent", "ordinary")


class Lesson(NamedTuple):
    """A text and the key of the danger it tells of, or NONE. `own` when it was written for this very purpose."""

    text: str
    danger: str
    own: bool


@dataclass(frozen=True, slots=True)
class Content:
    """What the file holds. `rows` are (text, danger or NONE), `groups` the danger beside which each stands."""

    rows: tuple[tuple[str, str], ...]
    groups: tuple[str, ...]
    mixed: frozenset[str]
    emergencies: frozenset[str]
    leave_out: tuple[str, ...]


def load(dangers: Collection[str], path: Path = FILE) -> Content:
    """Read and check the file against the keys of the dangers. Raises ContentError naming file, line and key."""
    raw = read_mapping(path)
    for key in _KEYS:
        if key not in raw:
            raise ContentError(f"{shown(path)}:{raw.line}: {key}: missing")
    if unknown := sorted(set(raw) - set(_KEYS)):
        raise ContentError(f"{shown(path)}:{raw.line}: {unknown[0]}: expected only {', '.join(_KEYS)}")
    examples = raw["examples"]
    if not isinstance(examples, Mapped):
        raise ContentError(f"{shown(path)}:{raw.line}: examples: expected dangers, found {examples!r}"[:200])
    if missing := [key for key in dangers if key not in examples]:
        raise ContentError(f"{shown(path)}:{examples.line}: examples: none of {missing[0]!r}")
    found: dict[str, str] = {}
    rows, groups = [], []
    for danger, sides in examples.items():
        if danger not in dangers:
            raise ContentError(f"{shown(path)}:{examples.line}: examples: no danger {danger!r}")
        if not isinstance(sides, Mapped) or tuple(sides) != _SIDES:
            raise ContentError(f"{shown(path)}:{examples.line}: {danger}: expected {' and '.join(_SIDES)}")
        for side in _SIDES:
            label = danger if side == "urgent" else NONE
            for text in _texts(sides, side, path, f"{danger}.{side}"):
                key = folded(text)
                if len(text) > LONGEST or key in found:
                    where = f"{shown(path)}:{_line(path, text)}: {danger}.{side}: {text[:40]!r}"
                    raise ContentError(
                        f"{where} " + (f"stands also under {found[key]}" if key in found else "is too long")
                    )
                found[key] = f"{danger}.{side}"
                rows.append((text, label))
                groups.append(danger)
    mixed, emergencies, leave_out = (_texts(raw, key, path, key) for key in _KEYS[:3])
    return Content(tuple(rows), tuple(groups), frozenset(mixed), frozenset(emergencies), tuple(leave_out))


def rows(dangers: Dangers, path: Path = FILE) -> Iterator[tuple[str, str]]:
    """(text, danger or NONE) of everything the file holds: what must be embedded beside the other examples."""
    yield from load(dangers.keys, path).rows


def lessons(content: Content, dangers: Dangers, taxonomy: Taxonomy, duties: Mapping[str, Duty]) -> list[Lesson]:
    """Everything the model learns from, no text twice."""
    leaves = {rule.entry.leaf: rule.entry.key for rule in dangers.rules if rule.entry.leaf}
    found = {folded(text): Lesson(text, danger, own=True) for text, danger in content.rows}
    for text, code in read_examples(taxonomy):
        critical = taxonomy.leaf(code).entry.urgency is Urgency.CRITICAL
        if code == UNLISTED or code in content.mixed or text.startswith(content.leave_out):
            continue
        if critical == (code in leaves):
            found.setdefault(folded(text), Lesson(text, leaves[code] if critical else NONE, own=False))
    for duty in duties.values():
        if duty.key not in content.emergencies:
            for text in duty.examples:
                if not text.startswith(content.leave_out):
                    found.setdefault(folded(text), Lesson(text, NONE, own=False))
    return list(found.values())


def _texts(raw: Mapped, key: str, path: Path, name: str) -> list[str]:
    texts = raw[key]
    if not isinstance(texts, list) or (key in _SIDES and not texts):
        raise ContentError(f"{shown(path)}:{raw.line}: {name}: expected a list of texts, found {texts!r}"[:200])
    for text in texts:
        if not isinstance(text, str) or not folded(text):
            raise ContentError(f"{shown(path)}:{_line(path, str(text))}: {name}: expected a text, found {text!r}")
    return texts


def _line(path: Path, text: str) -> int:
    """The last line on which the text stands: of a text given twice, the second."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return max((number for number, line in enumerate(lines, 1) if text in line), default=1)
