"""Topics other cities publish, by leaf: Beijing's monthly topics (每月一题) and Hangzhou's hot categories (热点类别).

The topics stand in `content/topics.yml` with their sources, which leaf falls under which in `content/topic_map.csv`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from kb.content_files import CONTENT, ContentError, Mapped, as_model, read_csv, read_mapping, shown
from kb.taxonomy import Taxonomy

FILE = CONTENT / "topics.yml"
MAP = CONTENT / "topic_map.csv"
COLUMNS = ("code", "beijing_topic", "hangzhou_category")

Text = Annotated[str, Field(min_length=1)]
Address = Annotated[str, Field(pattern=r"^https?://\S+$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Topic(_Strict):
    """One topic under the name its source gives it; `date` is the day of the page."""

    key: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    name: Text
    source: Address
    date: date


class TopicGroup(_Strict):
    """One city's topics. `stated` is how many the city has; those no page names are left out."""

    source: Address | None
    date: date | None
    stated: Annotated[int, Field(ge=1)]
    topics: tuple[Topic, ...]

    @model_validator(mode="after")
    def _with_a_source(self) -> TopicGroup:
        if (self.source is None) is not (self.date is None):
            raise ValueError("source and date are given together or not at all")
        if self.topics and self.source is None:
            raise ValueError("topics need a source")
        if len(self.topics) > self.stated:
            raise ValueError(f"{len(self.topics)} topics, but {self.stated} are stated")
        return self

    @property
    def complete(self) -> bool:
        """Whether every topic the city has is here."""
        return len(self.topics) == self.stated


@dataclass(frozen=True)
class Topics:
    """Both cities' topics, and the names of those each leaf falls under."""

    beijing: TopicGroup
    hangzhou: TopicGroup
    by_leaf: dict[str, tuple[str | None, str | None]]

    def of(self, code: str) -> tuple[str | None, str | None]:
        """(Beijing's topic, Hangzhou's category) of the leaf, by name. Raises KeyError for a code that is no leaf."""
        return self.by_leaf[code]


def load(taxonomy: Taxonomy, file: Path = FILE, map_file: Path = MAP) -> Topics:
    """Read and check both files. Raises ContentError naming file, line, key and value."""
    raw = read_mapping(file)
    if unknown := sorted(set(raw) - {"beijing_27", "hangzhou_9"}):
        raise ContentError(f"{shown(file)}:{raw.line}: {unknown[0]}: no such group; known: beijing_27, hangzhou_9")
    beijing, hangzhou = _group(raw, "beijing_27", file), _group(raw, "hangzhou_9", file)
    names = ({t.key: t.name for t in beijing.topics}, {t.key: t.name for t in hangzhou.topics})
    by_leaf: dict[str, tuple[str | None, str | None]] = {}
    for line, row in read_csv(map_file, COLUMNS):
        code, *keys = (row[column] for column in COLUMNS)
        if code not in taxonomy.leaves:
            raise ContentError(f"{shown(map_file)}:{line}: code: no category {code!r}")
        if code in by_leaf:
            raise ContentError(f"{shown(map_file)}:{line}: code: {code} is given twice")
        for column, key, known in zip(COLUMNS[1:], keys, names, strict=True):
            if key and key not in known:
                raise ContentError(f"{shown(map_file)}:{line}: {column}: no topic {key!r} in {shown(file)}")
        by_leaf[code] = (names[0].get(keys[0]), names[1].get(keys[1]))
    if missing := [code for code in taxonomy.leaves if code not in by_leaf]:
        raise ContentError(f"{shown(map_file)}:1: code: no row for {', '.join(missing[:5])}")
    return Topics(beijing, hangzhou, by_leaf)


def _group(raw: Mapped, key: str, file: Path) -> TopicGroup:
    if key not in raw:
        raise ContentError(f"{shown(file)}:{raw.line}: {key}: missing")
    group = as_model(TopicGroup, raw[key], file, line=getattr(raw[key], "line", raw.line))
    seen: set[str] = set()
    for one, entry in zip(group.topics, raw[key]["topics"], strict=True):
        if one.key in seen:
            raise ContentError(f"{shown(file)}:{entry.line}: key: {one.key} is given twice")
        seen.add(one.key)
    return group
