"""What somebody says about a closed complaint: contacted? solved? how satisfied? By a table of phrases, no guessing.

The table is `content/satisfaction/hearing.yml`. What contradicts itself is not heard: the question is asked again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from kb.content_files import CONTENT, as_model, read_mapping
from kb.satisfaction.levels import Level
from kb.satisfaction.phrases import Phrases, phrases
from kb.text import folded, says_something

FILE = CONTENT / "satisfaction/hearing.yml"
# A plain yes or no is short: "对，不过第二天又坏了" is more than yes.
LONGEST_YES_NO = 6
# So many characters beside the phrases that were understood are words worth keeping.
WORTH_KEEPING = 4
_TRAILING = "的了吧呀啊哈呢嘛哦噢哟。.!！,，~～ "

Texts = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(min_length=1)]


class _YesNo(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    yes: Texts
    no: Texts

    def pairs(self, name: str) -> Iterator[tuple[str, tuple[str, str]]]:
        yield from ((phrase, (name, "yes")) for phrase in self.yes)
        yield from ((phrase, (name, "no")) for phrase in self.no)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    level: dict[Level, Texts]
    solved: _YesNo
    contacted: _YesNo
    yes_no: _YesNo
    unclear: Texts


@dataclass(frozen=True, slots=True)
class Heard:
    """What was understood; None where nothing was, or where it contradicts itself.

    `yes` is a plain yes or no to whatever was asked. `unclear`: it speaks of the matter, but a person should say it by
    a button. `keep`: there is more in the words than what was understood.
    """

    solved: bool | None = None
    contacted: bool | None = None
    level: Level | None = None
    yes: bool | None = None
    unclear: bool = False
    keep: bool = False

    @property
    def nothing(self) -> bool:
        return self.solved is None and self.contacted is None and self.level is None


@dataclass(frozen=True)
class Hearing:
    """The table, ready to be used."""

    verdicts: Phrases
    yes: frozenset[str]
    no: frozenset[str]

    def hear(self, text: str) -> Heard:
        """What is said in the text, in any spelling of width and case."""
        plain = folded(text)
        found: dict[str, dict[str, None]] = {}
        left = len(plain)
        for start, end, meanings in self.verdicts.find(plain):
            left -= end - start
            for name, value in meanings:
                found.setdefault(name, {})[value] = None
        sure = {name: next(iter(values)) for name, values in found.items() if _agree(name, values)}
        contradictory = len(sure) < len(found)
        return Heard(
            solved=_yes(sure.get("solved")),
            contacted=_yes(sure.get("contacted")),
            level=Level(sure["level"]) if "level" in sure else None,
            yes=self._plain_yes(plain),
            unclear="unclear" in found or contradictory,
            keep=says_something(text) and (left >= WORTH_KEEPING or contradictory),
        )

    def _plain_yes(self, plain: str) -> bool | None:
        short = plain.strip(_TRAILING)
        if len(short) > LONGEST_YES_NO:
            return None
        bare = plain.strip("。.!！,，~～")
        # said twice is said once: 是的是的
        halves = {one[: len(one) // 2] for one in (short, bare) if one[: len(one) // 2] * 2 == one}
        words = {short, bare} | halves
        if words & self.no:
            return False
        return True if words & self.yes else None


def load(path: Path = FILE) -> Hearing:
    """The table. Raises ContentError naming file, line, key and value."""
    read = as_model(_File, read_mapping(path), path)
    pairs = [
        *((phrase, ("level", str(level))) for level, texts in read.level.items() for phrase in texts),
        *read.solved.pairs("solved"),
        *read.contacted.pairs("contacted"),
        *((phrase, ("unclear", "yes")) for phrase in read.unclear),
    ]
    return Hearing(
        verdicts=phrases(pairs),
        yes=frozenset(folded(one) for one in read.yes_no.yes),
        no=frozenset(folded(one) for one in read.yes_no.no),
    )


def _agree(name: str, values: Iterable[str]) -> bool:
    """Whether they say the same: of several levels the first counts, as long as all are good or all are bad."""
    return len({Level(one).good if name == "level" else one for one in values}) == 1


def _yes(value: str | None) -> bool | None:
    return None if value is None else value == "yes"
