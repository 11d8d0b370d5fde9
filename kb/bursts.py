"""Several messages that are one: which message looks unfinished, and what several of them say together."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from kb.content_files import CONTENT, ContentError, as_model, read_mapping, shown
from kb.text import folded, says_something

FILE = CONTENT / "bursts.yml"
# A message with so many digits gives a number that was asked for.
DIGITS = 4
_MARKS = re.compile(r"[^\w]+$")
# '63号门口' after '文峰路'; what such a number belongs to.
_NUMBER = re.compile(
    r"\s*[0-9０-９一二三四五六七八九十百甲乙]{1,6}(?:-\d+)?(?:号|栋|幢|单元|座|弄)(?!线|字|晚|早|上|下|中|凌|开|起)"
)
_NAMED = re.compile(r"(?:[路街道巷里村园苑庄府城湾郡]|小区|社区|花园|家园|公寓|大厦|胡同|新村|山庄|[号栋幢座]楼?)\s*$")
Text = Annotated[str, Field(min_length=1)]


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    closing: Annotated[tuple[Text, ...], Field(min_length=1)]
    goes_on: tuple[Text, ...]
    opens: tuple[Text, ...]
    short: Annotated[int, Field(ge=0, le=40)]
    complete: tuple[Text, ...]


@dataclass(frozen=True)
class Bursts:
    """How people break up what they say, by the file."""

    closing: tuple[str, ...]
    goes_on: tuple[str, ...]
    opens: re.Pattern[str]
    short: int
    complete: frozenset[str]

    def unfinished(self, texts: Sequence[str], *, asked: bool) -> bool:
        """Whether more is likely to come after these messages, which came one upon the other.

        `asked`: a question with answers to choose from is open, so that a short message is its answer. One of several
        messages is part of a burst and unfinished until it is closed; one alone only where it is short and no answer,
        or ends as nobody ends. Who has only called out (在吗, 你们管不管) has not said yet what for.
        """
        last = texts[-1].strip()
        if last.endswith(self.goes_on):
            return True
        if not asked and all(self.opens.fullmatch(folded(_MARKS.sub("", text))) for text in texts):
            return True
        if last.endswith(self.closing) or not says_something(last):
            return False
        if len(texts) > 1:
            return True
        if asked or folded(_MARKS.sub("", last)) in self.complete or sum(map(str.isdigit, last)) >= DIGITS:
            return False
        return len(last) <= self.short


def together(texts: Sequence[str]) -> str:
    """What several messages say, a line each; said twice is said once, and signs beside words say nothing.

    The number of a house goes to the road or compound that the line before it ends with.
    """
    if not any(map(says_something, texts)):
        return "\n".join(texts)
    seen: set[str] = set()
    kept = list[str]()
    for text in texts:
        same = folded(_MARKS.sub("", text))
        if says_something(text) and same not in seen:
            seen.add(same)
            if kept and _NUMBER.match(text) and _NAMED.search(kept[-1]):
                kept[-1] = f"{kept[-1].rstrip()}{text.lstrip()}"
            else:
                kept.append(text)
    return "\n".join(kept)


def load(path: Path = FILE) -> Bursts:
    """Read and check the file. Raises ContentError naming file, line, key and value."""
    raw = read_mapping(path)
    file = as_model(_File, raw, path)
    try:
        opens = re.compile("|".join(f"(?:{one})" for one in file.opens))
    except re.error as wrong:
        raise ContentError(f"{shown(path)}:{raw.line}: opens: {wrong}; write regular expressions") from wrong
    return Bursts(file.closing, file.goes_on, opens, file.short, frozenset(map(folded, file.complete)))


@cache
def shipped() -> Bursts:
    """The file that ships, read once."""
    return load()
