"""All questions, and which one comes next for a report: the most useful that the words have not answered."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from kb import taxonomy
from kb.content_files import CONTENT, ContentError, as_model, line_of, read_mapping, shown
from kb.questions.question import UNKNOWN, Kind, Question
from kb.taxonomy import INDUSTRIES, Taxonomy
from kb.times import Precision, Times
from kb.times import shipped as shipped_times

FOLDER = CONTENT / "questions"
SETTINGS = "settings.yml"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ToldMuch(_Strict):
    """Who has told so many characters is asked less, and only what is of great use."""

    characters: Annotated[int, Field(ge=1)]
    at_most: Annotated[int, Field(ge=0, le=5)]
    least_use: Annotated[int, Field(ge=1, le=10)]


class Settings(_Strict):
    """`settings.yml`: how many a report is asked, and how people say that they do not know, yes, and no."""

    at_most: Annotated[int, Field(ge=0, le=5)]
    second_least_use: Annotated[int, Field(ge=1, le=10)]
    told_much: ToldMuch
    unknown: Annotated[str, Field(min_length=1)]
    affirms: Annotated[str, Field(min_length=1)]
    denies: Annotated[str, Field(min_length=1)]

    @cached_property
    def patterns(self) -> Mapping[str, re.Pattern[str]]:
        return {name: re.compile(getattr(self, name)) for name in ("unknown", "affirms", "denies")}


@dataclass(frozen=True)
class Library:
    """The questions of every industry, in the files' order."""

    settings: Settings
    industries: Mapping[str, tuple[Question, ...]]
    tree: Taxonomy
    times: Times

    @cached_property
    def by_id(self) -> Mapping[str, Question]:
        return {one.id: one for questions in self.industries.values() for one in questions}

    def of(self, code: str) -> tuple[Question, ...]:
        """All questions of a leaf, the most useful first, the nearer before the farther."""
        leaf = self.tree.leaves.get(code)
        mine = [one for one in self.industries.get(leaf.industry, ()) if one.near(code) >= 0] if leaf else []
        return tuple(sorted(mine, key=lambda one: (-one.use, -one.near(code))))

    def next(
        self,
        code: str,
        description: str,
        answers: Mapping[str, str],
        *,
        now: datetime,
        since: bool = False,
        known: Collection[str] = (),
    ) -> Question | None:
        """What to ask next; None when enough is known or was asked.

        `answers` by id, those without one among them; `since`: the beginning is known; `known`: kinds of layers that
        tell something of the place.
        """
        if UNKNOWN in answers.values():
            return None  # who does not know one thing is not asked for another
        much = len(description) >= self.settings.told_much.characters
        if len(answers) >= (self.settings.told_much.at_most if much else self.settings.at_most):
            return None
        least = self.settings.second_least_use if answers else 1
        least = max(least, self.settings.told_much.least_use if much else 1)
        for one in self.of(code):
            if one.use < least:
                return None
            if one.id not in answers and not (one.known_by in known or self._told(one, description, now, since)):
                return one
        return None

    def _told(self, question: Question, description: str, now: datetime, since: bool) -> bool:
        """Whether the description answers it."""
        if question.said_already and question.said_already.search(description):
            return True
        match question.kind:
            case Kind.SINCE:
                return since
            case Kind.NUMBER:
                return bool(re.search(rf"[\d零一二两三四五六七八九十]\s*来?多?{question.unit}", description))
            case Kind.CHOICE:
                return question.said is None and any(one.pattern.search(description) for one in question.options)
            case Kind.HOURS:
                when = self.times.read(description, now).when
                fine = (Precision.MINUTE, Precision.HOUR, Precision.PART, Precision.UNCLEAR)
                return when is not None and (bool(when.part) or when.precision in fine)
        return False


def load(tree: Taxonomy, folder: Path = FOLDER, times: Times | None = None) -> Library:
    """Read the settings and every industry's file. Raises ContentError naming file, line, key and value."""
    path = folder / SETTINGS
    settings = as_model(Settings, read_mapping(path), path)
    for name in ("unknown", "affirms", "denies"):
        _check(getattr(settings, name), path, 1, name)
    industries: dict[str, tuple[Question, ...]] = {}
    seen: dict[str, str] = {}
    for path in sorted(folder.glob("*.yml")):
        if path.name == SETTINGS:
            continue
        raw = read_mapping(path)
        industry = raw.get("industry")
        if industry not in INDUSTRIES or industry in industries:
            raise ContentError(
                f"{shown(path)}:{raw.line}: industry: {industry!r}; one of {'、'.join(INDUSTRIES)}, once"
            )
        if set(raw) != {"industry", "questions"} or not isinstance(raw["questions"], list):
            raise ContentError(f"{shown(path)}:{raw.line}: expected industry and questions, found {', '.join(raw)}")
        read = [_question(entry, raw, number, path, tree, industry) for number, entry in enumerate(raw["questions"])]
        for question, line in read:
            if question.id in seen:
                raise ContentError(f"{shown(path)}:{line}: id: {question.id!r} stands in {seen[question.id]} already")
            seen[question.id] = shown(path)
        industries[industry] = tuple(question for question, _ in read)
    return Library(settings, industries, tree, times or shipped_times())


def _question(entry: Any, raw: Any, number: int, path: Path, tree: Taxonomy, industry: str) -> tuple[Question, int]:
    line = line_of(raw, ("questions", number)) or 1
    question = as_model(Question, entry, path, line=line)
    for name in ("said", *(("words",) if question.options else ())):
        for pattern in [question.said] if name == "said" else [one.words for one in question.options]:
            if pattern:
                _check(pattern, path, line, f"{question.id}.{name}")
    codes = {leaf.code for leaf in tree.leaves.values() if leaf.industry == industry}
    for code in (*question.of, *question.not_of, *(one.leaf for one in question.options if one.leaf)):
        if not any(leaf.startswith(code) for leaf in codes):
            raise ContentError(f"{shown(path)}:{line}: {question.id}: no category of {industry} begins with {code}")
    return question, line


def _check(pattern: str, path: Path, line: int, key: str) -> None:
    try:
        re.compile(pattern)
    except re.error as wrong:
        raise ContentError(f"{shown(path)}:{line}: {key}: {pattern!r} is no pattern ({wrong})") from wrong


@lru_cache(maxsize=1)
def shipped() -> Library:
    """The project's own questions. Raises ContentError."""
    return load(taxonomy.load())
