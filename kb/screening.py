"""Tags on a message for whoever works on it: why it might not be a case, with evidence and how sure.

A tag never drops or delays anything; staff can take it off. All words stand in `content/screening.yml`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from kb import spelling
from kb.content_files import CONTENT, ContentError, as_model, read_mapping, shown
from kb.spelling import Spelling

FILE = CONTENT / "screening.yml"
LONGEST = 4000
# So many characters that are neither abuse nor filler make something said.
SUBSTANCE = 3
# How sure abuse is, by its strength; and malice when nothing but abuse is said, or a complaint stands beside it.
STRONG, MILD = 0.9, 0.5
ONLY_ABUSE, ABUSE_BESIDE_A_COMPLAINT = 0.6, 0.2
PER_REPEAT, MOST_FOR_REPEATS = 0.3, 0.9
OUT_OF_SCOPE = 0.9
_BREAK = r"，。！？；：、,.!?;:\n\r…~"
_HIDDEN = "\x00"
# What stands alone once the abuse is gone: "你们", "啊".
_LEFT_OVER = re.compile(rf"(?:^|(?<=[{_BREAK}]))(?:你们?|[啊呀吧呢啦哦嘛])+(?:[{_BREAK}]|$)")

Text = Annotated[str, Field(min_length=1)]
Texts = Annotated[tuple[Text, ...], Field(min_length=1)]
Share = Annotated[float, Field(gt=0, le=1)]


class Reason(StrEnum):
    """The bureau's five reasons for not accepting a case, and two of our own."""

    MINOR_REPEAT = "轻微重复"
    MALICE = "恶意"
    UNTRUE = "不实"
    OUT_OF_SCOPE = "非职责范围"
    UNREASONABLE = "不合理不合规"
    ABUSE = "辱骂"
    MEANINGLESS = "无意义"


@dataclass(frozen=True, slots=True)
class Tag:
    """A reason that may apply. `evidence`: the citizen's words or the fact; `confidence` from 0 to 1."""

    reason: Reason
    evidence: str
    confidence: float


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Abuse(_Strict):
    strong: Texts
    mild: Texts


class _ReasonEntry(_Strict):
    reason: Reason
    confidence: Share
    with_complaint: Share
    words: Texts


class _Adverts(_Strict):
    confidence: Share
    words: Texts
    unless: Texts


class _Idle(_Strict):
    confidence: Share
    words: Texts


class _File(_Strict):
    abuse: _Abuse
    not_abuse: Texts
    reasons: Annotated[tuple[_ReasonEntry, ...], Field(min_length=1)]
    adverts: _Adverts
    idle: _Idle
    filler: Text


@dataclass(frozen=True)
class Screening:
    """The rules for all reasons."""

    file: _File
    spelling: Spelling
    strong: re.Pattern[str]
    mild: re.Pattern[str]
    not_abuse: re.Pattern[str]
    reasons: tuple[tuple[_ReasonEntry, re.Pattern[str]], ...]
    adverts: re.Pattern[str]
    no_adverts: re.Pattern[str]
    filler: re.Pattern[str]

    def tag(self, text: str, *, repeats: int = 0, out_of_scope: bool = False) -> tuple[Tag, ...]:
        """The tags that fit, surest first.

        `repeats`: how often the same person has reported the same thing before; `out_of_scope`: what the
        classification of duties says.
        """
        said = text[:LONGEST]
        found = [*self._by_facts(repeats, out_of_scope), *self._abuse(said), *self._by_words(said)]
        surest: dict[Reason, Tag] = {}
        for tag in sorted(found, key=lambda tag: -tag.confidence):
            surest.setdefault(tag.reason, tag)
        return tuple(surest.values())

    def complaint_inside(self, text: str) -> str:
        """The text without abusive words, so that what is complained of stays. Empty if nothing else is said."""
        spans = self._abusive_spans(text)
        if not spans:
            return text
        kept, at = [], 0
        for start, end in spans:
            kept.append(text[at:start])
            at = end
        rest = "".join((*kept, text[at:]))
        rest = re.sub(rf"([{_BREAK}\s])[{_BREAK}\s]+", r"\1", rest)
        return rest.strip("，。！；：、,.!;:~ \n\t")

    def _by_facts(self, repeats: int, out_of_scope: bool) -> Iterator[Tag]:
        if repeats > 0:
            sure = min(MOST_FOR_REPEATS, PER_REPEAT * repeats)
            yield Tag(Reason.MINOR_REPEAT, f"同一人此前已就同一件事反映{repeats}次", round(sure, 2))
        if out_of_scope:
            yield Tag(Reason.OUT_OF_SCOPE, "职责分类认为不归本单位", OUT_OF_SCOPE)

    def _abuse(self, text: str) -> Iterator[Tag]:
        strong, mild = self._hits(self.strong, text), self._hits(self.mild, text)
        spans = strong or mild
        if not spans:
            return
        evidence = "、".join(dict.fromkeys(text[start:end] for start, end in spans))
        yield Tag(Reason.ABUSE, evidence, STRONG if strong else MILD)
        if strong:
            sure = ABUSE_BESIDE_A_COMPLAINT if self._says_something(text) else ONLY_ABUSE
            yield Tag(Reason.MALICE, evidence, sure)

    def _by_words(self, text: str) -> Iterator[Tag]:
        level = self.spelling.level(text)
        for entry, words in self.reasons:
            if found := words.search(level.text):
                beside = self._says_something(level.text[: found.start()] + level.text[found.end() :])
                yield Tag(
                    entry.reason,
                    level.as_said(*found.span()),
                    entry.with_complaint if beside else entry.confidence,
                )
        if (found := self.adverts.search(level.text)) and not self.no_adverts.search(level.text):
            yield Tag(Reason.MEANINGLESS, level.as_said(*found.span()), self.file.adverts.confidence)
        plain = "".join(c for c in level.text if c.isalnum())
        if not plain or plain in self.file.idle.words:
            yield Tag(Reason.MEANINGLESS, text.strip()[:20] or "没有文字", self.file.idle.confidence)
        elif mashed := _mashed(level.text, plain):
            yield Tag(Reason.MEANINGLESS, mashed, self.file.idle.confidence)

    def _says_something(self, text: str) -> bool:
        rest = self.complaint_inside(text)
        rest = self.filler.sub("", "".join(c for c in rest if "一" <= c <= "鿿"))
        return len(rest) >= SUBSTANCE

    def _hits(self, words: re.Pattern[str], text: str) -> list[tuple[int, int]]:
        level = self.spelling.level(text)
        seen = self.not_abuse.sub(lambda found: _HIDDEN * len(found.group()), level.text)
        return [
            (level.places[found.start()], level.places[found.end() - 1] + 1)
            for found in words.finditer(seen)
            if found.end() > found.start()
        ]

    def _abusive_spans(self, text: str) -> list[tuple[int, int]]:
        merged: list[tuple[int, int]] = []
        for start, end in sorted((*self._hits(self.strong, text), *self._hits(self.mild, text))):
            if merged and start < merged[-1][1]:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            else:
                merged.append((start, end))
        return merged


def load(path: Path = FILE) -> Screening:
    """Read and check the file. Raises ContentError naming file, line, key and value."""
    raw = read_mapping(path)
    file = as_model(_File, raw, path)

    def either(words: Iterable[str], at: Any, key: str) -> re.Pattern[str]:
        return _either(words, path, getattr(at, "line", raw.line), key)

    return Screening(
        file,
        spelling.load(),
        strong=either(file.abuse.strong, raw["abuse"], "abuse.strong"),
        mild=either(file.abuse.mild, raw["abuse"], "abuse.mild"),
        not_abuse=either(file.not_abuse, raw, "not_abuse"),
        reasons=tuple(
            (entry, either(entry.words, at, "words")) for entry, at in zip(file.reasons, raw["reasons"], strict=True)
        ),
        adverts=either(file.adverts.words, raw["adverts"], "adverts.words"),
        no_adverts=either(file.adverts.unless, raw["adverts"], "adverts.unless"),
        filler=either((file.filler,), raw, "filler"),
    )


@cache
def shipped() -> Screening:
    """The words that ship, read once."""
    return load()


def decent(text: str) -> str:
    """The text as it is shown: without abusive words, as it is where nothing else would be left."""
    inside = shipped().complaint_inside(text)
    if inside == text:
        return text
    return _LEFT_OVER.sub("", inside).strip("，、；, ") or text


def _either(words: Iterable[str], path: Path, line: int, key: str) -> re.Pattern[str]:
    """Any of the words. A word is a regular expression in which '…' stands for up to four characters of a clause."""
    ready = [word.replace("…", f"[^{_BREAK}]{{0,4}}") for word in words]
    for word in ready:
        try:
            re.compile(word)
        except re.error as wrong:
            raise ContentError(f"{shown(path)}:{line}: {key}: {word!r}: {wrong}") from wrong
    return re.compile("|".join(ready))


_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm", "1234567890", "0987654321", "poiuytrewq", "lkjhgfdsa", "mnbvcxz")
_VOWELS = frozenset("aeiou")


def _mashed(text: str, plain: str) -> str | None:
    """What looks like fingers on a keyboard and is nearly all of the text, else None."""
    if len(plain) >= 4 and len(set(plain)) == 1:
        return text.strip()[:20]
    half = plain[: len(plain) // 2]
    if len(plain) >= 6 and len(set(plain)) <= 2 and half and not any("一" <= c <= "鿿" for c in plain):
        return text.strip()[:20]
    runs = [run for run in re.findall(r"[a-z]{4,}|[a-z0-9]{6,}", text) if _random(run)]
    covered = sum(map(len, runs))
    return runs[0][:20] if runs and covered >= 0.6 * len(plain) else None


def _random(run: str) -> bool:
    if any(run[i : i + 4] in row for row in _ROWS for i in range(len(run) - 3)):
        return True
    letters = [c for c in run if c.isalpha()]
    if len(letters) < 5:
        return False
    longest = max((len(part) for part in re.split(r"[aeiou0-9]", run)), default=0)
    return longest >= 5 or sum(c in _VOWELS for c in letters) / len(letters) < 0.15
