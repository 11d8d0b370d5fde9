"""Danger to life or limb in a citizen's words, told by the words themselves.

A danger is recognised when every group of one of its patterns has a word close together, unless it is denied,
over, or only supposed. All words stand in `content/urgency.yml`. `kb.dangers` adds what these rules miss.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice, pairwise
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from kb import spelling
from kb.content_files import CONTENT, ContentError, Mapped, as_model, read_mapping, shown
from kb.spelling import Spelling
from kb.taxonomy import Urgency

FILE = CONTENT / "urgency.yml"
# Between the first and the last word of a find: at most so many other characters and so many commas or stops.
APART, STOPS = 16, 1
# Who looks for words in a very long text pays for every one of them; danger is said early and said again.
LONGEST, MANY = 4000, 60
_BREAK = r"，。！？；：、,.!?;:\n\r…~"
_HIDDEN = "\x00"
UNCLEAR = "unclear"

# How sure a find is: of words that say it outright, and of words that stand close together.
OUTRIGHT, CLOSE = 1.0, 0.9

Text = Annotated[str, Field(min_length=1)]
Name = Annotated[str, Field(min_length=2, max_length=16)]
Advice = Annotated[str, Field(min_length=10, max_length=90)]
Words = Annotated[tuple[Text, ...], Field(min_length=1)]
Group = Words | Annotated[str, Field(pattern=r"^\$\w+$")]
Pattern = Annotated[tuple[Group, ...], Field(min_length=1, max_length=4)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _DangerEntry(_Strict):
    key: Annotated[str, Field(pattern=r"^[a-z_]+$")]
    name: Name
    degree: Urgency
    leaf: Annotated[str, Field(pattern=r"^\d{6}$")] | None
    advice: Advice
    sure: tuple[Pattern, ...] = ()
    patterns: Annotated[tuple[Pattern, ...], Field(min_length=1)]
    hide: tuple[Text, ...] = ()
    unless: tuple[Text, ...] = ()
    feared: bool = False


class _UnclearEntry(_Strict):
    name: Name
    advice: Advice


class _File(_Strict):
    groups: dict[str, Words]
    hide: Words
    denied: Words
    if_only: Words
    supposed: Words
    asked: Words
    over: Words
    past: Words
    not_yet: Words
    goes_on: Words
    unclear: _UnclearEntry
    dangers: Annotated[tuple[_DangerEntry, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Danger:
    """A danger found. `advice` is to be said before anything else; `evidence` are the citizen's own words.

    `confidence` is how sure it is, 0 to 1: `OUTRIGHT` or `CLOSE` when the rules found it alone.
    """

    key: str
    name: str
    degree: Urgency
    advice: str
    leaf: str | None
    evidence: tuple[str, ...]
    confidence: float = OUTRIGHT


@dataclass(frozen=True, slots=True)
class _Rule:
    entry: _DangerEntry
    sure: tuple[tuple[re.Pattern[str], ...], ...]
    patterns: tuple[tuple[re.Pattern[str], ...], ...]
    hide: re.Pattern[str] | None
    unless: re.Pattern[str] | None


@dataclass(frozen=True)
class Dangers:
    """The rules of all dangers, the gravest first."""

    rules: tuple[_Rule, ...]
    # What is said when it is dangerous and nobody knows how.
    unclear: Danger
    spelling: Spelling
    hide: re.Pattern[str]
    denied: re.Pattern[str]
    if_only: re.Pattern[str]
    supposed: re.Pattern[str]
    asked: re.Pattern[str]
    over: re.Pattern[str]
    past: re.Pattern[str]
    not_yet: re.Pattern[str]
    goes_on: re.Pattern[str]

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of all dangers."""
        return tuple(rule.entry.key for rule in self.rules)

    def find(self, text: str) -> Danger | None:
        """The gravest danger the text tells of, or None. Of equally grave ones the first of the file."""
        return next(self.all(text), None)

    def all(self, text: str) -> Iterator[Danger]:
        """Every danger the text tells of, the gravest first."""
        said = self.spelling.level(text[:LONGEST])
        level = _hidden(self.hide, said.text)
        for rule in self.rules:
            if found := self._found(rule, level):
                spans, confidence = found
                evidence = tuple(dict.fromkeys(said.as_said(start, end) for start, end in sorted(spans)))
                yield _danger(rule.entry, evidence, confidence)

    def of(self, key: str, evidence: tuple[str, ...], confidence: float) -> Danger:
        """The danger with this key, found by other means; the unclear one for an unknown key."""
        for rule in self.rules:
            if rule.entry.key == key:
                return _danger(rule.entry, evidence, confidence)
        return replace(self.unclear, evidence=evidence, confidence=confidence)

    def _found(self, rule: _Rule, level: str) -> tuple[tuple[tuple[int, int], ...], float] | None:
        text = _hidden(rule.hide, level) if rule.hide else level
        for patterns, unless, confidence in ((rule.sure, None, OUTRIGHT), (rule.patterns, rule.unless, CLOSE)):
            for pattern in patterns:
                for spans in _together(pattern, text):
                    if not self._cancelled(rule, spans, text, unless):
                        return spans, confidence
        return None

    def _cancelled(
        self, rule: _Rule, spans: tuple[tuple[int, int], ...], text: str, unless: re.Pattern[str] | None
    ) -> bool:
        start, end = min(s for s, _ in spans), max(e for _, e in spans)
        before, after = _around(text, start, end)
        if unless and unless.search(text, before, after):
            return True
        if any(self._denied(spans, text, at) for at, _ in spans):
            return True
        doubts = (self.if_only,) if rule.entry.feared else (self.if_only, self.supposed)
        if any(_said_before(doubt, spans, text) for doubt in doubts):
            return True
        if self.asked.search(text, before, after):
            return True
        return self._over(text, start, end)

    def _denied(self, spans: tuple[tuple[int, int], ...], text: str, at: int) -> bool:
        found = self.denied.search(text, max(0, at - 8), at)
        return found is not None and not any(s < found.end() and found.start() < e for s, e in spans)

    def _over(self, text: str, start: int, end: int) -> bool:
        long_ago = self.past.search(text, _clause_start(text, start, 24), start)
        mended = [
            found
            for found in self.over.finditer(text, start, min(len(text), end + 30))
            if not self.not_yet.search(text, max(0, found.start() - 5), found.start())
        ]
        first = long_ago or (mended[0] if mended else None)
        return first is not None and not self.goes_on.search(text, first.end())


def load(path: Path = FILE) -> Dangers:
    """Read and check the file. Raises ContentError naming file, line, key and value."""
    raw = read_mapping(path)
    file = as_model(_File, raw, path)
    groups = {name: _anywhere(_either(words, path, raw["groups"], name)) for name, words in file.groups.items()}
    rules: dict[str, _Rule] = {}
    for entry, at in zip(file.dangers, raw["dangers"], strict=True):
        if entry.key in rules:
            raise ContentError(f"{shown(path)}:{at.line}: key: {entry.key!r} is given twice")
        if entry.degree is Urgency.ORDINARY:
            raise ContentError(f"{shown(path)}:{at.line}: degree: a danger is 紧急 or 特急, not {entry.degree.value!r}")
        rules[entry.key] = _Rule(
            entry,
            _patterns(entry.sure, groups, path, at),
            _patterns(entry.patterns, groups, path, at),
            _either(entry.hide, path, at, "hide") if entry.hide else None,
            _either(entry.unless, path, at, "unless") if entry.unless else None,
        )
    gravest_first = sorted(rules.values(), key=lambda rule: rule.entry.degree is not Urgency.CRITICAL)
    return Dangers(
        tuple(gravest_first),
        Danger(UNCLEAR, file.unclear.name, Urgency.CRITICAL, file.unclear.advice, None, ()),
        spelling.load(),
        hide=_either(file.hide, path, raw, "hide"),
        denied=_at_end(file.denied, path, raw, "denied"),
        if_only=_either(file.if_only, path, raw, "if_only"),
        supposed=_either(file.supposed, path, raw, "supposed"),
        asked=_either(file.asked, path, raw, "asked"),
        over=_either(file.over, path, raw, "over"),
        past=_either(file.past, path, raw, "past"),
        not_yet=_at_end(file.not_yet, path, raw, "not_yet"),
        goes_on=_either(file.goes_on, path, raw, "goes_on"),
    )


def _danger(entry: _DangerEntry, evidence: tuple[str, ...], confidence: float) -> Danger:
    return Danger(entry.key, entry.name, entry.degree, entry.advice, entry.leaf, evidence, confidence)


def _patterns(
    patterns: tuple[Pattern, ...], groups: dict[str, re.Pattern[str]], path: Path, at: Mapped
) -> tuple[tuple[re.Pattern[str], ...], ...]:
    return tuple(tuple(_group(one, groups, path, at) for one in pattern) for pattern in patterns)


def _group(group: str | tuple[str, ...], groups: dict[str, re.Pattern[str]], path: Path, at: Mapped) -> re.Pattern[str]:
    if not isinstance(group, str):
        return _anywhere(_either(group, path, at, "patterns"))
    if group[1:] not in groups:
        raise ContentError(f"{shown(path)}:{at.line}: patterns: no group {group!r}; known: {', '.join(groups)}")
    return groups[group[1:]]


def _either(words: Iterable[str], path: Path, at: Mapped, key: str) -> re.Pattern[str]:
    """Any of the words. A word is a regular expression in which '…' stands for up to four characters of a clause."""
    longest_first = sorted(words, key=len, reverse=True)
    for word in longest_first:
        try:
            re.compile(word)
        except re.error as wrong:
            raise ContentError(f"{shown(path)}:{at.line}: {key}: {word!r}: {wrong}") from wrong
    return re.compile("|".join(longest_first).replace("…", f"[^{_BREAK}]{{0,4}}"))


def _anywhere(words: re.Pattern[str]) -> re.Pattern[str]:
    """The same words even where they overlap: in '煤气味' both '气味' and '味'."""
    return re.compile(f"(?=({words.pattern}))")


def _at_end(words: Iterable[str], path: Path, at: Mapped, key: str) -> re.Pattern[str]:
    return re.compile(f"(?:{_either(words, path, at, key).pattern})$")


def _hidden(pattern: re.Pattern[str], text: str) -> str:
    return pattern.sub(lambda found: _HIDDEN * len(found.group()), text)


def _together(pattern: tuple[re.Pattern[str], ...], text: str) -> Iterator[tuple[tuple[int, int], ...]]:
    """Every choice of one word per group in which the words stand close together and do not overlap."""
    finds = []
    for group in pattern:
        finds.append([found.span(1) for found in islice(group.finditer(text), MANY)])
        if not finds[-1]:  # nearly always with the first group: no need to look for the others
            return
    yield from _joined((), finds, text)


def _joined(
    so_far: tuple[tuple[int, int], ...], rest: list[list[tuple[int, int]]], text: str
) -> Iterator[tuple[tuple[int, int], ...]]:
    if not rest:
        yield so_far
        return
    for span in rest[0]:
        if any(span[0] < end and start < span[1] for start, end in so_far):
            continue
        joined = (*so_far, span)
        if _close(joined, text):
            yield from _joined(joined, rest[1:], text)


def _said_before(doubt: re.Pattern[str], spans: tuple[tuple[int, int], ...], text: str) -> bool:
    """Whether such a word stands before one of the words in its clause, and is not itself one of them."""
    return any(
        not any(s < found.end() and found.start() < e for s, e in spans)
        for start, _ in spans
        for found in doubt.finditer(text, _clause_start(text, start, 14), start)
    )


def _close(spans: tuple[tuple[int, int], ...], text: str) -> bool:
    ordered = sorted(spans)
    gaps = [text[a:b] for (_, a), (b, _) in pairwise(ordered)]
    return sum(map(len, gaps)) <= APART and sum(len(_STOP.findall(gap)) for gap in gaps) <= STOPS


def _clause_start(text: str, at: int, most: int) -> int:
    """Where the clause around `at` begins, at most so many characters back."""
    least = max(0, at - most)
    stops = [found.end() for found in _STOP.finditer(text, least, at)]
    return stops[-1] if stops else least


def _around(text: str, start: int, end: int) -> tuple[int, int]:
    """The clauses of a find and one on either side, at most twenty characters each way."""
    before = [found.start() for found in _STOP.finditer(text, max(0, start - 20), start)]
    after = [found.end() for found in _STOP.finditer(text, end, min(len(text), end + 20))]
    return (before[-2] if len(before) > 1 else max(0, start - 20)), (
        after[1] if len(after) > 1 else min(len(text), end + 20)
    )


_STOP = re.compile(f"[{_BREAK}]+")
