"""A correction in words: 不是3号楼，是5号楼; 时间不对，昨天开始的; 电话换成…. Several may stand in one message."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from kb.content_files import CONTENT, ContentError, as_model, read_mapping, shown

FILE = CONTENT / "corrections.yml"
LONGEST_TEXT = 500
_CLAUSES = re.compile(r"[，,。；;！!\n]+")
# 不对是5号楼, without a comma
_WRONG_IT_IS = re.compile(r"^(不对|错了|说错了)[ ]*(?=是(?!不是))")
_YES_IT_IS = re.compile(r"^(?:而|应该|应|其实|实际上?|就)?是")
# 5号楼, 二单元, 182号: a part of a place
_NUMBER = r"(?:\d+|[一二三四五六七八九十百]+)"
_PART = re.compile(rf"{_NUMBER}(?P<of>号楼|号院|号门|号|栋|幢|座|单元)")
_NOT = re.compile(r"^(?P<before>.{0,4}?)不是(?P<wrong>[^是，]{1,30}?)(?:而|应该|其实)?是(?P<right>.{1,60})$")
_NOT_ALONE = re.compile(r"^.{0,4}?不是(?P<wrong>[^是，]{1,30})$")

Pattern = Annotated[str, Field(min_length=1)]


class Line(StrEnum):
    """A line of the card."""

    SINCE = "since"
    PLACE = "place"
    CONTACT = "contact"
    CATEGORY = "category"
    DESCRIPTION = "description"


@dataclass(frozen=True, slots=True)
class Correction:
    """`line` is named or None; `wrong` is what was said before, `right` what it shall be, each "" where unsaid."""

    line: Line | None
    wrong: str
    right: str


@dataclass(frozen=True, slots=True)
class Corrected:
    """All corrections of a message in order, and the clauses that are none."""

    items: tuple[Correction, ...] = ()
    rest: str = ""


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    lines: dict[Line, Pattern]
    wrong: Pattern
    turns_to: Pattern
    whole: Pattern
    mere_no: Pattern
    before: Pattern
    after: Pattern


@dataclass(frozen=True)
class Corrections:
    """Reads corrections by the patterns of the file."""

    lines: dict[Line, re.Pattern[str]]
    named_wrong: re.Pattern[str]
    wants_other: re.Pattern[str]
    becomes: re.Pattern[str]
    told_anew: re.Pattern[str]
    said_wrong: re.Pattern[str]
    whole: re.Pattern[str]
    mere_no: re.Pattern[str]
    before: re.Pattern[str]
    after: re.Pattern[str]

    def read(self, text: str) -> Corrected:
        """Every correction in the message; none in most."""
        apart = _WRONG_IT_IS.sub(r"\1，", text[:LONGEST_TEXT].strip())
        clauses = [one.strip() for one in _CLAUSES.split(apart) if one.strip()]
        items, rest = list[Correction](), list[str]()
        while clauses:
            clause = clauses.pop(0)
            if self.mere_no.match(clause):
                found = self._no_but(clauses)
            else:
                found = self._not_but(clause, clauses) or self._by_name(clause, clauses) or self._plain(clause, clauses)
            if found:
                items.append(found)
            elif not self.mere_no.match(clause):
                rest.append(clause)
        return Corrected(tuple(items), "，".join(rest)) if items else Corrected()

    def _no_but(self, following: list[str]) -> Correction | None:
        """不是的，是 B: a mere no, and what is right."""
        if not following or not _YES_IT_IS.match(following[0]):
            return None
        return Correction(None, "", self._bare(following.pop(0)))

    def _not_but(self, clause: str, following: list[str]) -> Correction | None:
        """不是 A 是 B, in one clause or in two."""
        if both := _NOT.match(clause):
            return Correction(None, both["wrong"].strip(), self._bare(both["right"]))
        alone = _NOT_ALONE.match(clause)
        if not alone or not following or not (_YES_IT_IS.match(following[0]) or self.becomes.match(following[0])):
            return None
        return Correction(None, alone["wrong"].strip(), self._bare(following.pop(0)))

    def _by_name(self, clause: str, following: list[str]) -> Correction | None:
        """A line that is named: 地址写错了，是 B; 电话换成 B."""
        if found := self.wants_other.match(clause):
            return Correction(self._line(found["line"]), "", self._next(following))
        if found := self.named_wrong.match(clause):
            right = clause[found.end() :]
            return Correction(self._line(found["line"]), "", self._bare(right) or self._next(following))
        if (found := self.told_anew.match(clause)) and (line := self._line(found["line"])) is not Line.DESCRIPTION:
            return Correction(line, "", self._bare(clause[found.end() :])) if clause[found.end() :] else None
        if found := self.becomes.match(clause):
            line = self._line(found["line"]) if found["line"] else None
            right = self._bare(clause[found.end() :])
            if line is None and not right:
                return None
            return Correction(line, "", right or self._next(following)) if line else None
        return None

    def _plain(self, clause: str, following: list[str]) -> Correction | None:
        """Something is wrong, whatever it is: 说错了，是 B; A 写错了，是 B."""
        if self.whole.search(clause):
            return Correction(None, "", self._next(following))
        found = self.said_wrong.match(clause)
        if found and following and (_YES_IT_IS.match(following[0]) or self.becomes.match(following[0])):
            return Correction(None, found["what"].strip(), self._bare(following.pop(0)))
        return None

    def _next(self, following: list[str]) -> str:
        """The clause that says what is right, unless it begins a correction of its own."""
        if not following:
            return ""
        clause = following[0]
        if self.named_wrong.match(clause) or self.whole.search(clause) or _NOT_ALONE.match(clause):
            return ""
        if (found := self.becomes.match(clause)) and found["line"]:
            return ""
        return self._bare(following.pop(0))

    def _line(self, said: str) -> Line | None:
        return next((line for line, pattern in self.lines.items() if pattern.fullmatch(said)), None)

    def _bare(self, said: str) -> str:
        """What is right, without the words around it."""
        said = self.after.sub("", said.strip())
        found = self.before.match(said)
        return said[found.end() :].strip() if found else said


def is_a_part(right: str) -> bool:
    """Whether the words are a numbered part of a place and nothing else: 5号楼."""
    return bool(_PART.fullmatch(right))


def same_part(right: str, place: str) -> str:
    """The part of the place that stands where `right` shall stand, such as 3号楼 for 5号楼; "" for none, or several."""
    said = _PART.fullmatch(right)
    found = {part[0] for part in _PART.finditer(place) if said and part["of"] == said["of"]}
    return found.pop() if len(found) == 1 else ""


def load(path: Path = FILE) -> Corrections:
    """Read the file. Raises ContentError naming file, line, key and value."""
    raw = read_mapping(path)
    entry = as_model(_File, raw, path)
    if missing := set(Line) - set(entry.lines):
        raise ContentError(f"{shown(path)}:{raw.line}: lines: {'、'.join(sorted(missing))} missing")
    names = "|".join(f"(?:{one})" for one in entry.lines.values())
    lead, between = (
        "(?:还有|另外|那个|这个|请|麻烦|帮我|给我|我的?|的|把)*",
        "(?:也|还|都|好像|这?里|这块|那里)*(?:是)?",
    )
    change = "(?:给我|要|得|想)?改一?下?$"
    shapes = {
        "named_wrong": rf"^{lead}(?P<line>{names}){between}(?:{entry.wrong}|{change})",
        "wants_other": rf"^{lead}(?:想|要)?(?:修?改|换)(?:一?下)?(?:我?的)?(?P<line>{names})(?:吧|行吗|可以吗)?$",
        "becomes": rf"^{lead}(?P<line>{names})?(?:给我|也|要|得)*(?:{entry.turns_to})",
        "told_anew": rf"^{lead}(?P<line>{names})(?:就|应该)?(?:是|为|：|:)",
        "said_wrong": rf"^(?P<what>.{{0,30}}?)(?:也|都)?(?:{entry.wrong})$",
        "whole": entry.whole,
        "mere_no": entry.mere_no,
        "before": entry.before,
        "after": entry.after,
    }
    made = {}
    for key, shape in shapes.items():
        try:
            made[key] = re.compile(shape)
        except re.error as wrong:
            raise ContentError(f"{shown(path)}:{raw.line}: {key}: {shape!r} is no pattern ({wrong})") from wrong
    lines = {line: re.compile(pattern) for line, pattern in entry.lines.items()}
    return Corrections(lines=lines, **made)


@lru_cache(maxsize=1)
def shipped() -> Corrections:
    """The project's own. Raises ContentError."""
    return load()
