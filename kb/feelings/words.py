"""The words of feelings, read from `content/feelings/words.yml` and made ready for searching."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from kb.content_files import CONTENT, ContentError, as_model, read_mapping, shown

FILE = CONTENT / "feelings" / "words.yml"
# '…' stands for so many characters of a clause, '……' for so many with at most one comma between.
SAME_CLAUSE, NEXT_CLAUSE = 6, 14
_BREAK = r" ，。！？；：、,.!?;:\n\r…~"
_STOP = r"。！？；!?;\n\r"

Text = Annotated[str, Field(min_length=1)]
Texts = Annotated[tuple[Text, ...], Field(min_length=1)]
Pattern = re.Pattern[str]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Life(_Strict):
    sure: Texts
    words: Texts
    weak: Texts


class _Sure(_Strict):
    sure: Texts


class _Grief(_Strict):
    sure: Texts
    gone: Texts
    sorrow: Texts
    unless: Texts


class _Despair(_Strict):
    sure: Texts
    cues: Texts


class _Distress(_Strict):
    hide: Texts
    denied: Texts
    past: Texts
    causes: Texts
    own: Texts
    others: Texts
    matters: Texts
    life: _Life
    now: Texts
    alone: _Sure
    violence: _Sure
    violence_own: Texts
    violence_others: Texts
    women: Texts
    grief: _Grief
    despair: _Despair
    young: Texts


class _Anger(_Strict):
    angry: Texts
    ticket: Texts


class _File(_Strict):
    distress: _Distress
    anger: _Anger


@dataclass(frozen=True, slots=True)
class DistressWords:
    """All patterns, under the names of the file."""

    hide: Pattern
    denied: Pattern
    past: Pattern
    causes: Pattern
    own: Pattern
    others: Pattern
    matters: Pattern
    sure: Pattern
    life: Pattern
    weak: Pattern
    now: Pattern
    alone: Pattern
    violence: Pattern
    violence_own: Pattern
    violence_others: Pattern
    women: Pattern
    grief: Pattern
    gone: Pattern
    sorrow: Pattern
    unless: Pattern
    despair: Pattern
    cues: Pattern
    young: Pattern


@dataclass(frozen=True, slots=True)
class AngerWords:
    """The patterns of anger, under the names of the file."""

    angry: Pattern
    ticket: Pattern


def load(path: Path = FILE) -> tuple[DistressWords, AngerWords]:
    """Read and check the file. Raises ContentError naming file, line, key and value."""
    raw = read_mapping(path)
    file = as_model(_File, raw, path)
    told, anger = file.distress, file.anger

    def either(part: str, key: str, words: tuple[str, ...], *, ending: bool = False) -> Pattern:
        line = getattr(raw[part], "line", raw.line)
        return _either(words, f"{shown(path)}:{line}: {part}.{key}", ending=ending)

    plain = {
        key: either("distress", key, getattr(told, key), ending=key == "denied")
        for key in (
            *("hide", "denied", "past", "causes", "own", "others", "matters", "now", "violence_own"),
            *("violence_others", "women", "young"),
        )
    }
    nested = {
        "sure": ("life.sure", told.life.sure),
        "life": ("life.words", told.life.words),
        "weak": ("life.weak", told.life.weak),
        "alone": ("alone.sure", told.alone.sure),
        "violence": ("violence.sure", told.violence.sure),
        "grief": ("grief.sure", told.grief.sure),
        "gone": ("grief.gone", told.grief.gone),
        "sorrow": ("grief.sorrow", told.grief.sorrow),
        "unless": ("grief.unless", told.grief.unless),
        "despair": ("despair.sure", told.despair.sure),
        "cues": ("despair.cues", told.despair.cues),
    }
    distress = DistressWords(**plain, **{name: either("distress", key, words) for name, (key, words) in nested.items()})
    return distress, AngerWords(either("anger", "angry", anger.angry), either("anger", "ticket", anger.ticket))


def _either(words: tuple[str, ...], at: str, *, ending: bool) -> Pattern:
    ready: list[Any] = []
    for word in words:
        wide = word.replace("……", f"[^{_STOP}]{{0,{NEXT_CLAUSE}}}?").replace("…", f"[^{_BREAK}]{{0,{SAME_CLAUSE}}}?")
        try:
            re.compile(wide)
        except re.error as wrong:
            raise ContentError(f"{at}: {word!r}: {wrong}") from wrong
        ready.append(f"(?:{wide})")
    joined = "|".join(ready)
    return re.compile(f"(?:{joined})$" if ending else joined)
