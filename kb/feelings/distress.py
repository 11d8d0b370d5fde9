"""Distress in a citizen's words: thoughts of suicide, grief, despair, violence at home, the helpless alone in danger.

Told by the words themselves and what stands around them: whose words or deeds they are, whether they are denied, long
past, or only a manner of speaking (吵死人, 热得想死). All words stand in `content/feelings/words.yml`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

from kb import spelling
from kb.clause_topics import TOPICS
from kb.feelings import words
from kb.feelings.words import DistressWords, Pattern
from kb.spelling import Spelling

# The dangers of `content/urgency.yml` that are answered as distress where they are found as such too.
ANSWERED = frozenset({"child_in_danger", "violence"})
# The duty to which distress is referred, where nothing else is told.
DUTY = "mental_help"
# Who writes more than this says first, or says again, what matters.
LONGEST = 4000
# So far before a word somebody is named whose deed it is, and so far a time stands before what is past.
WHOSE, PAST = 24, 16
# So far apart a loss and the sorrow about it stand.
NEAR = 40
# So many signs of despair make it one, when none of them says it outright.
CUES = 2
_HIDDEN = "\x00"
_CLAUSE = re.compile(r"[ ，。！？；：、,.!?;:\n\r…~]+")
_SENTENCE = re.compile(r"[。！？!?\n\r]+")
_TOPICS = tuple(pattern for _, pattern in TOPICS)


class Kind(StrEnum):
    """What somebody suffers, the gravest first. The values are keys of the words."""

    OWN_LIFE = "own_life"
    OTHER_LIFE = "other_life"
    ALONE = "alone"
    VIOLENCE = "violence"
    GRIEF = "grief"
    DESPAIR = "despair"


@dataclass(frozen=True, slots=True)
class Distress:
    """`evidence`: the citizen's own words. `now`: it is being done, so that minutes count. `other`: of somebody else.

    `young`: a minor speaks or is spoken of. `matter`: there is something beside it that the city can set right.
    """

    kind: Kind
    evidence: str
    now: bool = False
    other: bool = False
    young: bool = False
    woman: bool = False
    matter: bool = False


@dataclass(frozen=True)
class Feelings:
    """The rules. Safe to use from several threads."""

    words: DistressWords
    spelling: Spelling

    def find(self, text: str, *, command: bool = False) -> Distress | None:  # noqa: ARG002 - what is said outright counts
        """The gravest distress the text tells of, or None. `command`: the text is taken for a word to the assistant."""
        said = self.spelling.level(text[:LONGEST])
        level = self.words.hide.sub(lambda found: _HIDDEN * len(found.group()), said.text)
        for kind, (start, end) in self._all(level):
            rest = f"{level[:start]}，{level[end:]}"
            return self._told(kind, level, said.as_said(start, end), matter=self._matter(rest))
        return None

    def of(self, kind: Kind, text: str, evidence: str) -> Distress:
        """Distress of that kind, found by other means."""
        level = self.spelling.level(text[:LONGEST]).text
        return self._told(kind, level, evidence, matter=self._matter(level))

    def _told(self, kind: Kind, level: str, evidence: str, *, matter: bool) -> Distress:
        words = self.words
        return Distress(
            kind,
            evidence,
            now=kind in (Kind.OWN_LIFE, Kind.OTHER_LIFE) and bool(words.now.search(level)),
            other=kind is Kind.OTHER_LIFE or (kind is Kind.VIOLENCE and self._of_others(level)),
            young=bool(words.young.search(level)),
            woman=kind is Kind.VIOLENCE and bool(words.women.search(level)),
            matter=matter,
        )

    def _all(self, text: str) -> Iterator[tuple[Kind, tuple[int, int]]]:
        """Everything found, the gravest first."""
        if span := self._life(text):
            yield Kind.OTHER_LIFE if self._whose(text, span[0]) else Kind.OWN_LIFE, span
        for kind, pattern in ((Kind.ALONE, self.words.alone), (Kind.VIOLENCE, self.words.violence)):
            for found in pattern.finditer(text):
                if not self._unreal(text, found.start()):
                    yield kind, found.span()
                    break
        if span := self._grief(text):
            yield Kind.GRIEF, span
        if span := self._despair(text):
            yield Kind.DESPAIR, span

    # -- life ------------------------------------------------------------------------------------------------

    def _life(self, text: str) -> tuple[int, int] | None:
        words = self.words
        for found in words.sure.finditer(text):
            if not self._unreal(text, found.start()):
                return found.span()
        exaggerated = []
        for found in words.life.finditer(text):
            if self._unreal(text, found.start()):
                continue
            if not words.causes.search(text, *_clause(text, *found.span())):
                return found.span()
            exaggerated.append(found.span())
        if len(exaggerated) > 1:  # whoever says it twice in two ways does not only exaggerate
            return exaggerated[0]
        weak = None if words.causes.search(text) else words.weak.search(text)
        return weak.span() if weak and not self._unreal(text, weak.start()) else None

    def _unreal(self, text: str, start: int) -> bool:
        """Denied, long past, or in a story."""
        if self.words.denied.search(text, max(0, start - 6), start):
            return True
        return bool(self.words.past.search(text, max(_begin(text, start, _SENTENCE), start - PAST), start))

    def _whose(self, text: str, start: int) -> bool:
        """Whether the words are said or done by somebody else: who is named last before them."""
        begin = max(_begin(text, start, _SENTENCE), start - WHOSE)
        return _last(self.words.others, text, begin, start) > _last(self.words.own, text, begin, start)

    # -- the others ------------------------------------------------------------------------------------------

    def _of_others(self, text: str) -> bool:
        return bool(self.words.violence_others.search(text)) and not self.words.violence_own.search(text)

    def _grief(self, text: str) -> tuple[int, int] | None:
        words = self.words
        if words.unless.search(text):
            return None
        if found := words.grief.search(text):
            return found.span()
        for gone in words.gone.finditer(text):
            if words.sorrow.search(text, max(0, gone.start() - NEAR), gone.end() + NEAR):
                return gone.span()
        return None

    def _despair(self, text: str) -> tuple[int, int] | None:
        words = self.words
        found = words.despair.search(text)
        if found and not self._unreal(text, found.start()):
            return found.span()
        if words.causes.search(text) or self._topic(text) or (words.others.search(text) and not words.own.search(text)):
            return None
        cues = {cue.group(): cue.span() for cue in words.cues.finditer(text)}
        return next(iter(cues.values())) if len(cues) >= CUES else None

    # -- what else is said -----------------------------------------------------------------------------------

    def matter(self, text: str) -> bool:
        """Whether the text names something that the city can set right."""
        return self._matter(self.spelling.level(text[:LONGEST]).text)

    def beside(self, text: str) -> str:
        """The clauses that name something that the city can set right; "" where none does."""
        said = [one for one in _CLAUSE.split(text[:LONGEST]) if one]
        return "，".join(one for one in said if self.matter(one))

    def _matter(self, level: str) -> bool:
        return bool(self.words.matters.search(level)) or self._topic(level)

    @staticmethod
    def _topic(text: str) -> bool:
        return any(pattern.search(text) for pattern in _TOPICS)


def load(path: Path = words.FILE) -> Feelings:
    """Read the rules. Raises ContentError naming file, line, key and value."""
    return Feelings(words.load(path)[0], spelling.load())


@cache
def shipped() -> Feelings:
    """The rules that ship, read once."""
    return load()


def _last(pattern: Pattern, text: str, begin: int, until: int) -> int:
    """Where the pattern is found last between the two, `until` included; -1 where it is not."""
    return max((at for one in pattern.finditer(text, begin, until + 4) if (at := one.start()) <= until), default=-1)


def _begin(text: str, at: int, stop: Pattern) -> int:
    """Where the clause or sentence around `at` begins."""
    return max((found.end() for found in stop.finditer(text, 0, at)), default=0)


def _clause(text: str, start: int, end: int) -> tuple[int, int]:
    after = _CLAUSE.search(text, end)
    return _begin(text, start, _CLAUSE), after.start() if after else len(text)
