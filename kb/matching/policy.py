"""What the city says about sameness, from `content/matching.yml`: radius, period and reach by category, near branches.

A category's facts stand under its first two, four or six digits; what a longer code leaves out, a shorter one says.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import cache, cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from kb.content_files import CONTENT, ContentError, Mapped, as_model, read_mapping, shown

FILE = CONTENT / "matching.yml"
_PERIOD = re.compile(r"(\d+) (hours?|days?)|until closed")


class Reach(StrEnum):
    """What one problem of a kind covers."""

    HOME = "home"
    THING = "thing"
    BUILDING = "building"
    COMPOUND = "compound"
    AREA = "area"


def _period(text: str) -> str:
    if not _PERIOD.fullmatch(text):
        raise ValueError("not a period; '12 hours', '10 days' and 'until closed' would do")
    return text


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


Period = Annotated[str, AfterValidator(_period)]
Radius = Annotated[float, Field(ge=10, le=5_000)]
Days = Annotated[int, Field(ge=0, le=3_660)]


class _Kind(_Strict):
    radius_m: Radius | None = None
    period: Period | None = None
    reach: Reach | None = None
    recurs_days: Days | None = None


class _Default(_Strict):
    radius_m: Radius
    period: Period
    reach: Reach
    recurs_days: Days


class Bars(_Strict):
    """Probabilities: `same` joins without a person, from `suggest` on it is offered."""

    same: Annotated[float, Field(gt=0, lt=1)]
    suggest: Annotated[float, Field(gt=0, lt=1)]


class _File(_Strict):
    bars: Bars
    weights: dict[str, float]
    reasons: dict[str, str]
    default: _Default
    kinds: dict[Annotated[str, Field(pattern=r"^\d{2}(\d{2}){0,2}$")], _Kind]
    near: dict[Annotated[str, Field(pattern=r"^\d{2}$")], tuple[str, ...] | Literal["all"]]


@dataclass(frozen=True, slots=True)
class Sameness:
    """What holds for one category. `period` None: until it is closed. `radius` in metres."""

    radius: float
    period: timedelta | None
    reach: Reach
    recurs: timedelta


@dataclass(frozen=True)
class Policy:
    """The whole file."""

    file: _File

    @cached_property
    def _of(self) -> dict[str, Sameness]:
        return {}

    def of(self, code: str) -> Sameness:
        """What holds for a category; an unknown code gets the default."""
        if code not in self._of:
            self._of[code] = self._read(code)
        return self._of[code]

    def _read(self, code: str) -> Sameness:
        facts: dict[str, Any] = self.file.default.model_dump()
        for length in (2, 4, 6):
            if (kind := self.file.kinds.get(code[:length])) and len(code) >= length:
                facts |= kind.model_dump(exclude_none=True)
        return Sameness(
            facts["radius_m"], _timedelta(facts["period"]), facts["reach"], timedelta(days=facts["recurs_days"])
        )

    @property
    def bars(self) -> Bars:
        return self.file.bars

    @property
    def weights(self) -> Mapping[str, float]:
        """The log-odds of each feature, `constant` among them."""
        return self.file.weights

    def says(self, reason: str, **gaps: str) -> str:
        """A reason in a citizen's words."""
        text = self.file.reasons[reason]
        for gap, value in gaps.items():
            text = text.replace(f"{{{gap}}}", value)
        return text

    @cached_property
    def near(self) -> Mapping[str, tuple[str, ...]]:
        """For each branch its near ones, itself first."""
        known = sorted({code[:2] for code in (*self.file.kinds, *self.file.near)})
        found: dict[str, set[str]] = {branch: set() for branch in known}
        for branch, others in self.file.near.items():
            for other in known if others == "all" else others:
                found[branch].add(other)
                found.setdefault(other, set()).add(branch)
        return {branch: (branch, *sorted(others - {branch})) for branch, others in found.items()}

    def branches(self, code: str) -> tuple[str, ...]:
        """The branches in which the same problem may have been filed, the category's own first."""
        return self.near.get(code[:2], (code[:2],))


def load(path: Path = FILE) -> Policy:
    """Read and check the file. Raises ContentError naming file, line, key and value."""
    raw = read_mapping(path)
    file = as_model(_File, raw, path)
    if "constant" not in file.weights:
        raise ContentError(f"{shown(path)}:{_line(raw, 'weights')}: weights: 'constant' is missing")
    if file.bars.suggest > file.bars.same:
        raise ContentError(f"{shown(path)}:{_line(raw, 'bars')}: bars.suggest: above bars.same; at most that would do")
    for branch, others in file.near.items():
        for other in others if others != "all" else ():
            if not re.fullmatch(r"\d{2}", other) or other == branch:
                at = _line(raw, "near")
                raise ContentError(
                    f"{shown(path)}:{at}: near.{branch}: {other!r}; two digits of another branch would do"
                )
    _check_reasons(path, raw, file)
    return Policy(file)


# The reasons that are said, and the gap that each must have.
REASONS = {
    **dict.fromkeys(("house", "crossing", "spot", "name", "community", "road"), "{name}"),
    "metres": "{name}",
    **dict.fromkeys(("days", "closed", "people"), "{count}"),
    **dict.fromkeys(("words", "leaf", "level2", "level1", "near_branch", "today"), ""),
}


def _check_reasons(path: Path, raw: Mapped, file: _File) -> None:
    line = _line(raw, "reasons")
    for reason, gap in REASONS.items():
        if reason not in file.reasons:
            raise ContentError(f"{shown(path)}:{line}: reasons: {reason!r} is missing")
        if gap not in file.reasons[reason]:
            raise ContentError(
                f"{shown(path)}:{line}: reasons.{reason}: {file.reasons[reason]!r} has no {gap}; with it, it would do"
            )


def _line(raw: Mapped, key: str) -> int:
    return int(getattr(raw[key], "line", raw.line))


@cache
def shipped() -> Policy:
    """The policy of the content, read once in a process."""
    return load()


def _timedelta(period: str) -> timedelta | None:
    found = _PERIOD.fullmatch(period)
    if found is None or found.group(1) is None:
        return None
    amount = int(found.group(1))
    return timedelta(hours=amount) if found.group(2).startswith("hour") else timedelta(days=amount)
