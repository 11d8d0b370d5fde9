"""What complaints are about: the tree of categories, read from `content/taxonomy/<industry>.yml`.

Domain (领域) → industry (行业) → category levels 1, 2, 3. Only the third level, a *leaf*, can be filed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from kb.content_files import CONTENT, ContentError, Mapped, as_model, read_yaml, shown
from kb.deadlines import Deadline, Unit

FOLDER = CONTENT / "taxonomy"
DOMAINS = ("居民生活", "城市管理", "住房与建设", "城管执法", "其他")
INDUSTRIES = ("燃气", "供热", "环境卫生", "市容景观", "物业管理", "综合行政执法", "其他")

# The leaf for what no other fits: it is taken when a citizen insists, never guessed from words.
UNLISTED = "740201"

Text = Annotated[str, Field(min_length=1)]


class Urgency(StrEnum):
    """The three degrees of GB/T practice."""

    ORDINARY = "一般"
    URGENT = "紧急"
    CRITICAL = "特急"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Exclusion(_Strict):
    """What does not belong to a leaf, and where it belongs instead (a leaf or a level-1 code)."""

    what: Text
    belongs_to: Annotated[str, Field(pattern=r"^\d{2}(\d{2}){0,2}$")]


class DeadlineEntry(_Strict):
    """`{amount: 5, unit: working_days}`."""

    amount: Annotated[int, Field(ge=1, le=60)]
    unit: Unit


class LeafEntry(_Strict):
    """A leaf as it stands in the file."""

    code: Annotated[str, Field(pattern=r"^\d{6}$")]
    name: Annotated[str, Field(min_length=2, max_length=16)]
    plain: Annotated[str, Field(min_length=2, max_length=14)]
    definition: Text
    includes: tuple[Text, ...]
    excludes: tuple[Exclusion, ...] = ()
    unit: Text
    co_units: tuple[Text, ...] = ()
    street_direct: bool = False
    deadline: DeadlineEntry
    deadline_source: Text
    urgency: Urgency
    questions: Annotated[tuple[Text, ...], Field(min_length=1, max_length=3)]
    safety_advice: Annotated[str, Field(min_length=4, max_length=120)] | None = None
    notice: Annotated[str, Field(min_length=4, max_length=60)]
    keywords: Annotated[tuple[Text, ...], Field(min_length=1)]


class _Level2(_Strict):
    code: Annotated[str, Field(pattern=r"^\d{4}$")]
    name: Text
    categories: Annotated[tuple[LeafEntry, ...], Field(min_length=1)]


class _Level1(_Strict):
    code: Annotated[str, Field(pattern=r"^\d{2}$")]
    name: Text
    categories: Annotated[tuple[_Level2, ...], Field(min_length=1)]


class _Industry(_Strict):
    domain: Text
    industry: Text
    categories: Annotated[tuple[_Level1, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Category:
    """A leaf with its place in the tree."""

    entry: LeafEntry
    level1: str
    level1_code: str
    level2: str
    level2_code: str
    industry: str
    domain: str

    @property
    def code(self) -> str:
        return self.entry.code

    @property
    def name(self) -> str:
        return self.entry.name

    @property
    def path(self) -> str:
        """'燃气 / 燃气安全 / 燃气泄漏 / 室内闻到燃气味'."""
        return " / ".join((self.industry, self.level1, self.level2, self.name))

    @property
    def deadline(self) -> Deadline:
        return Deadline(self.entry.deadline.amount, self.entry.deadline.unit)


@dataclass(frozen=True)
class Taxonomy:
    """All leaves by code, in the files' order."""

    leaves: dict[str, Category]

    def __iter__(self) -> Iterator[Category]:
        return iter(self.leaves.values())

    def leaf(self, code: str) -> Category:
        """The leaf with this code. Raises KeyError."""
        return self.leaves[code]

    @cached_property
    def names(self) -> dict[str, str]:
        """Name by code, for all three levels."""
        found: dict[str, str] = {}
        for leaf in self:
            found |= {leaf.level1_code: leaf.level1, leaf.level2_code: leaf.level2, leaf.code: leaf.name}
        return found

    def counts(self) -> dict[str, int]:
        """How many of each: domains, industries, and categories at the three levels."""
        return {
            "domains": len({leaf.domain for leaf in self}),
            "industries": len({(leaf.domain, leaf.industry) for leaf in self}),
            "level1": len({leaf.level1_code for leaf in self}),
            "level2": len({leaf.level2_code for leaf in self}),
            "level3": len(self.leaves),
        }


def load(folder: Path = FOLDER) -> Taxonomy:
    """Read and check every file of the folder. Raises ContentError naming file, line, key and value."""
    leaves: dict[str, Category] = {}
    files = sorted(((path, read_yaml(path)) for path in folder.glob("*.yml")), key=lambda file: _first_code(file[1]))
    if not files:
        raise ContentError(f"{shown(folder)}:1: no *.yml file of categories")
    for path, raw in files:
        industry = as_model(_Industry, raw, path)
        for key, value, known in (("domain", industry.domain, DOMAINS), ("industry", industry.industry, INDUSTRIES)):
            if value not in known:
                raise ContentError(f"{shown(path)}:1: {key}: unknown {value!r}; known: {', '.join(known)}")
        for one in industry.categories:
            for two in one.categories:
                for leaf in two.categories:
                    line = _line_of_code(raw, leaf.code)
                    if not (leaf.code.startswith(two.code) and two.code.startswith(one.code)):
                        raise ContentError(f"{shown(path)}:{line}: code: {leaf.code} does not stand under {two.code}")
                    if leaf.code in leaves:
                        raise ContentError(f"{shown(path)}:{line}: code: {leaf.code} is given twice")
                    leaves[leaf.code] = Category(
                        leaf, one.name, one.code, two.name, two.code, industry.industry, industry.domain
                    )
    taxonomy = Taxonomy(leaves)
    _check_references(taxonomy, files)
    return taxonomy


def _check_references(taxonomy: Taxonomy, files: list[tuple[Path, Mapped]]) -> None:
    for path, raw in files:
        for one in raw["categories"]:
            for two in one["categories"]:
                for leaf in two["categories"]:
                    for exclusion in leaf.get("excludes") or ():
                        if exclusion["belongs_to"] not in taxonomy.names:
                            raise ContentError(
                                f"{shown(path)}:{exclusion.line}: belongs_to: no category {exclusion['belongs_to']!r}"
                            )


def _first_code(raw: object) -> str:
    match raw:
        case {"categories": [{"code": code}, *_]}:
            return str(code)
    return "~"


def _line_of_code(raw: Mapped, code: str) -> int:
    for one in raw["categories"]:
        for two in one["categories"]:
            for leaf in two["categories"]:
                if leaf["code"] == code:
                    return int(leaf.line)
    return 1
