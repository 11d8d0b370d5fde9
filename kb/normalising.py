"""What is heard of a message: one spelling for everything that says the same. The citizen's own words are kept beside.

Used before Rasa and wherever words are read for what they mean; the record keeps what was said. Traditional characters
become simplified, wide letters and digits narrow, spoken telephones and house numbers digits, hesitation and slips of
the input method go; a message in pinyin or English becomes the Chinese words that are known of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from kb import numbers_said, spelling
from kb.content_files import CONTENT, ContentError, as_model, read_mapping, shown
from kb.text import clean, says_something

FILE = CONTENT / "normalising.yml"
# Hesitation is dropped only where so much is left; 嗯，就是这里 is an answer.
LEFT = 4
_WIDE = {c: c - 0xFEE0 for c in (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))} | {
    ord(wide): narrow for wide, narrow in zip("＋－／＝＠＆％＃．", "+-/=@&%#.", strict=True)
}
# A wide full stop stands in numbers only; beside Chinese it is one.
_PAUSE = r"[ \t，,、。.…~～—-]"
_CHINESE = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
_LATIN = re.compile(r"[A-Za-z]")
_ELSE = re.compile(r"[\u0400-\u052f\u0590-\u06ff\u0900-\u0fff\u1100-\u11ff\u3040-\u30ff\uac00-\ud7af]")
# Voice typing that puts a blank after nearly every character.
_SPELT = re.compile(r"(?:[\u4e00-\u9fff]{1,2} ){3,}[\u4e00-\u9fff]{1,2}(?![\u4e00-\u9fff])")

Names = Callable[[tuple[str, ...]], Iterable[str]]
"""Names of places that sound like these syllables (without tones)."""
Text = Annotated[str, Field(min_length=1)]


class Language(StrEnum):
    """In what a message is written. NONE: no letters."""

    CHINESE = "zh"
    PINYIN = "pinyin"
    ENGLISH = "en"
    OTHER = "other"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Plain:
    """What is heard, and in which language it was said."""

    text: str
    language: Language = Language.CHINESE


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    hesitations: Annotated[tuple[Annotated[str, Field(min_length=1, max_length=1)], ...], Field(min_length=1)]
    soft: Annotated[tuple[Text, ...], Field(min_length=1)]
    signs: dict[Text, tuple[Text, ...]]


@dataclass(frozen=True)
class Habits:
    """The words of the file, made ready."""

    file: _File

    @cached_property
    def lead(self) -> re.Pattern[str]:
        """Hesitation at the beginning: 嗯，那个，就是说，…"""
        return re.compile(
            rf"^(?:{self._sound}{_PAUSE}*(?:{self._soft}{_PAUSE}*)*|{self._soft}(?={_PAUSE}|{self._any}){_PAUSE}*)+"
        )

    @cached_property
    def between(self) -> re.Pattern[str]:
        """Hesitation between two pauses."""
        return re.compile(rf"(?<=[ ，,、。…])(?:(?:{self._any}){_PAUSE}+)+")

    @property
    def _sound(self) -> str:
        return f"(?:(?:{'|'.join(map(re.escape, self.file.hesitations))})[呀哟]?)+"

    @property
    def _soft(self) -> str:
        return f"(?:{'|'.join(map(re.escape, sorted(self.file.soft, key=len, reverse=True)))})"

    @property
    def _any(self) -> str:
        return f"(?:{self._sound}|{self._soft})"

    @cached_property
    def signs(self) -> dict[str, str]:
        """What a sign says."""
        return {sign: said for said, signs in self.file.signs.items() for sign in signs}


def load(path: Path = FILE) -> Habits:
    """Read and check the file. Raises ContentError naming file, line, key and value."""
    raw = read_mapping(path)
    file = as_model(_File, raw, path)
    seen: dict[str, str] = {}
    for said, signs in file.signs.items():
        for sign in signs:
            if says_something(sign) or sign in seen:
                line = getattr(raw["signs"], "line", raw.line)
                raise ContentError(f"{shown(path)}:{line}: signs: {sign!r}: expected a sign that stands here only")
            seen[sign] = said
    return Habits(file)


@cache
def _shipped() -> tuple[Habits, re.Pattern[str], dict[str, str]]:
    known = spelling.load()
    return load(), known.slip, known.slips


def simplified(text: str) -> str:
    """Traditional characters as simplified ones. A text that has none is not touched: 一坏 is no old word for 一坯."""
    return str(spelling.converter().convert(text)) if spelling.traditional().search(text) else text


def language(text: str) -> Language:
    """In what a message is written. A single Chinese character makes it Chinese."""
    chinese = len(_CHINESE.findall(text))
    if len(_ELSE.findall(text)) > chinese // 4:
        return Language.OTHER
    if chinese:
        return Language.CHINESE
    if not _LATIN.search(text):
        return Language.NONE
    from kb import latin

    return Language(latin.shipped().kind(text))


@lru_cache(maxsize=512)
def _plain(text: str) -> Plain:
    habits, slip, slips = _shipped()
    text = clean(text).translate(_WIDE)
    spoken = language(text)
    if spoken is not Language.CHINESE:
        return Plain(text, spoken)
    text = _SPELT.sub(lambda found: found.group().replace(" ", ""), simplified(text))
    text = slip.sub(lambda found: slips[found.group()], _without_hesitation(text, habits))
    return Plain(numbers_said.with_digits(text), spoken)


def plain(text: str, names: Names | None = None) -> Plain:
    """What is heard of a message. Doing it twice changes nothing.

    `names` finds places by their sound, where the places are at hand: 'tongan lu' is 同安路 then. Without it such a
    name stays as it was written.
    """
    heard = _plain(text)
    if heard.language in (Language.PINYIN, Language.ENGLISH):
        from kb import latin

        return Plain(latin.shipped().chinese(heard.text, heard.language, names), heard.language)
    return heard


def _without_hesitation(text: str, habits: Habits) -> str:
    shorter = habits.between.sub("", habits.lead.sub("", text))
    return shorter if shorter != text and sum(map(str.isalnum, shorter)) >= LEFT else text


def sign_meaning(text: str) -> str | None:
    """What a message of nothing but signs says: 👍 is 好的. None where the signs say nothing, or different things."""
    signs = _shipped()[0].signs
    rest, said = "".join(text.split()).replace("\ufe0f", ""), set[str]()
    while rest:
        size = next(
            (n for n in range(min(len(rest), 6), 0, -1) if rest[:n] in signs or f"{rest[:n]}\ufe0f" in signs), 0
        )
        if not size:
            return None
        said.add(signs.get(rest[:size]) or signs[f"{rest[:size]}\ufe0f"])
        rest = rest[size:]
    return said.pop() if len(said) == 1 else None
