"""Why somebody is not content: what may be chosen, by the complaint's branch, read from `content/satisfaction`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from kb.content_files import CONTENT, ContentError, as_model, read_mapping, shown
from kb.satisfaction.phrases import Phrases, phrases
from kb.text import folded

FILE = CONTENT / "satisfaction/reasons.yml"
# As many as can be read at a glance on a telephone.
SHOWN = 6


class Reason(BaseModel):
    """One reason. `name` stands on a button, `words` are how people say it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, Field(pattern=r"^[a-z][a-z_]*$", max_length=32)]
    name: Annotated[str, Field(min_length=2, max_length=10)]
    words: Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(min_length=1)]


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    common: Annotated[tuple[Reason, ...], Field(min_length=1)]
    branches: dict[Annotated[str, Field(pattern=r"^\d{2}$")], tuple[Reason, ...]]


@dataclass(frozen=True)
class Reasons:
    """All reasons."""

    common: tuple[Reason, ...]
    branches: dict[str, tuple[Reason, ...]]

    def of(self, category: str) -> tuple[Reason, ...]:
        """What may be chosen for a leaf (or any code that begins with its branch), its own first."""
        return (self.branches.get(category[:2], ()) + self.common)[:SHOWN]

    def name(self, reason_id: str) -> str:
        """The words on its button; an id that is in no file any more stands for itself."""
        return self._names.get(reason_id, reason_id)

    def has(self, reason_id: str) -> bool:
        """Whether there is such a reason."""
        return reason_id in self._names

    def heard(self, text: str, category: str) -> tuple[str, ...]:
        """The ids of those that somebody names in their own words, in the order in which they are said."""
        found = self._phrases(category[:2]).find(folded(text))
        return tuple(dict.fromkeys(value for _, _, meanings in found for _, value in meanings))

    @cached_property
    def _names(self) -> dict[str, str]:
        return {one.id: one.name for group in (self.common, *self.branches.values()) for one in group}

    @cached_property
    def _tables(self) -> dict[str, Phrases]:
        return {}

    def _phrases(self, branch: str) -> Phrases:
        if branch not in self._tables:
            known = self.branches.get(branch, ()) + self.common
            self._tables[branch] = phrases((word, ("reason", one.id)) for one in known for word in one.words)
        return self._tables[branch]


def load(path: Path = FILE) -> Reasons:
    """The reasons. Raises ContentError naming file, line, key and value."""
    raw = read_mapping(path)
    read = as_model(_File, raw, path)
    for branch, group in (("common", read.common), *read.branches.items()):
        own = [one.id for one in group] + ([one.id for one in read.common] if branch != "common" else [])
        if twice := next((one for one in own if own.count(one) > 1), None):
            raise ContentError(
                f"{shown(path)}:{raw.line}: {branch}: {twice!r} is given twice; each reason needs its own"
            )
    return Reasons(read.common, read.branches)
