"""The rules around deadlines, read from content: how much more time a unit may ask for, who hears of what is late."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from kb.content_files import CONTENT, ContentError, as_model, read_mapping, shown
from kb.deadlines import Deadline
from kb.taxonomy import DeadlineEntry, Taxonomy, Urgency

EXTENSIONS, ESCALATION = CONTENT / "deadlines.yml", CONTENT / "escalation.yml"
SAME: Literal["same"] = "same"
Text = Annotated[str, Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Extension:
    """How often a unit may get more time, and how much each time; `more` None: the category's own deadline again."""

    times: int
    more: Deadline | None = None


@dataclass(frozen=True, slots=True)
class Escalation:
    """`level` hears of it when a deadline has been past for `past`."""

    level: int
    past: Deadline


@dataclass(frozen=True)
class DeadlineRules:
    """All of them. `levels` names who stands at each level, 1 first."""

    by_urgency: Mapping[Urgency, Extension]
    by_leaf: Mapping[str, Extension]
    escalation: Mapping[Urgency, tuple[Escalation, ...]]
    levels: Mapping[int, str]

    def extension(self, leaf: str, urgency: Urgency) -> Extension:
        """The rule for a category: its own, else that of its urgency."""
        return self.by_leaf.get(leaf) or self.by_urgency[urgency]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Extension(_Strict):
    times: Annotated[int, Field(ge=0, le=5)]
    more: Literal["same"] | DeadlineEntry = SAME
    source: Text

    def as_rule(self) -> Extension:
        return Extension(self.times, None if isinstance(self.more, str) else _deadline(self.more))


class _Extensions(_Strict):
    urgency: dict[Urgency, _Extension]
    leaves: dict[Annotated[str, Field(pattern=r"^\d{6}$")], _Extension] = {}


class _Level(_Strict):
    level: Annotated[int, Field(ge=1, le=9)]
    name: Text
    past: dict[Urgency, DeadlineEntry]


class _Escalation(_Strict):
    source: Text
    levels: Annotated[tuple[_Level, ...], Field(min_length=1)]


def load(taxonomy: Taxonomy, extensions: Path = EXTENSIONS, escalation: Path = ESCALATION) -> DeadlineRules:
    """Read and check both files. Raises ContentError with file and line."""
    raw = read_mapping(extensions)
    more = as_model(_Extensions, raw, extensions)
    for leaf in more.leaves:
        if leaf not in taxonomy.leaves:
            line = getattr(raw["leaves"], "line", 1)
            raise ContentError(f"{shown(extensions)}:{line}: leaves: no category {leaf!r}; mend its code")
    _complete(set(more.urgency), extensions, "urgency", raw["urgency"].line)
    levels = _levels(escalation)
    return DeadlineRules(
        by_urgency={urgency: one.as_rule() for urgency, one in more.urgency.items()},
        by_leaf={leaf: one.as_rule() for leaf, one in more.leaves.items()},
        escalation={
            urgency: tuple(Escalation(one.level, _deadline(one.past[urgency])) for one in levels) for urgency in Urgency
        },
        levels={one.level: one.name for one in levels},
    )


def _levels(path: Path) -> tuple[_Level, ...]:
    raw = read_mapping(path)
    levels = as_model(_Escalation, raw, path).levels
    for number, (one, entry) in enumerate(zip(levels, raw["levels"], strict=True), start=1):
        if one.level != number:
            raise ContentError(f"{shown(path)}:{entry.line}: level: {one.level}; here stands level {number}")
        _complete(set(one.past), path, "past", entry.line)
    return levels


def _complete(given: set[Urgency], path: Path, key: str, line: int) -> None:
    if missing := [one for one in Urgency if one not in given]:
        raise ContentError(f"{shown(path)}:{line}: {key}: nothing for {', '.join(missing)}; give each urgency a value")


def _deadline(entry: DeadlineEntry) -> Deadline:
    return Deadline(entry.amount, entry.unit)
