"""Messages in Latin letters: pinyin without tones, and English, as the Chinese words that are known of them.

Nothing is guessed: what no table has is left out of what is heard, and the citizen's own words stay in the record.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from itertools import takewhile
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from kb.content_files import CONTENT, ContentError, as_model, read_csv, read_mapping, shown

ENGLISH, PINYIN = CONTENT / "english.yml", CONTENT / "pinyin.csv"
# So much of a message in letters must be words that are known before it is taken for English or pinyin.
HALF = 0.5
# What a letter costs that belongs to no word, and what each further word costs: few long words are likelier.
_UNKNOWN, _WORD = 18.0, 2.0
_LONGEST_SOUND = 24
# No word in letters is longer; what was split is kept for so many.
LONGEST_TOKEN, LONGEST_SYLLABLE, MOST_KEPT = 64, 6, 4096
_INITIAL = r"(?:zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw])"
_FINAL = (
    r"(?:iang|iong|uang|ang|eng|ian|iao|ing|ong|uai|uan|ai|an|ao|ei|en|er|ia|ie|in|iu|ou|ua|ue|ui|un|uo|ve|[aeiouv])"
)
_SYLLABLE = re.compile(rf"{_INITIAL}?{_FINAL}")
_TOKEN = re.compile(r"[a-z]+(?:['’][a-z]+)*|[0-9]+|[\u4e00-\u9fff]+|[^\sa-z0-9\u4e00-\u9fff]")
# What stands before a house number: No. 65.
_NUMBER = frozenset({"no", "nr", "number", "#"})
# How the Chinese of `roads` sounds.
_ENDINGS = {
    "路": ("lu",),
    "街": ("jie",),
    "大街": ("da", "jie"),
    "公路": ("gong", "lu"),
    "公园": ("gong", "yuan"),
    "广场": ("guang", "chang"),
}
_STOPS = str.maketrans({",": "，", ".": "。", "!": "！", "?": "？", ";": "；"})

Names = Callable[[tuple[str, ...]], Iterable[str]]
Phrase = Annotated[str, Field(pattern=r"^[a-z0-9'\- ]+$")]


class _English(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    things: dict[str, tuple[Phrase, ...]]
    states: dict[str, tuple[Phrase, ...]]
    said: dict[str, tuple[Phrase, ...]]
    small: tuple[Phrase, ...]
    roads: dict[Phrase, str]
    sides: dict[Phrase, Annotated[str, Field(pattern="^[a-z]+$")]]


@dataclass(frozen=True)
class Latin:
    """The words of both tables. `phrases`: the Chinese of English words; `words`: (word, weight) by its pinyin."""

    phrases: Mapping[tuple[str, ...], str]
    # words for how something is: heard only beside what it is about
    states: frozenset[str]
    small: frozenset[str]
    roads: Mapping[str, str]
    # sides in English names of roads, by their pinyin: Xianggang Middle Road
    sides: Mapping[str, str]
    words: Mapping[str, tuple[tuple[str, int], ...]]

    # -- which of the two ------------------------------------------------------------------------------------

    def kind(self, text: str) -> str:
        """'en', 'pinyin' or 'other' for a text in Latin letters, by how much of it is known."""
        tokens = [token for token in _tokens(text) if token[0].isascii() and token[0].isalpha()]
        known = [token for token in tokens if token in self._vocabulary]
        if len(known) < len(tokens) and all(map(_splits, tokens)) and self._all_chinese(tokens):
            return "pinyin"
        half = HALF * sum(map(len, tokens))
        return "en" if known and (sum(map(len, known)) >= half or len(known) >= 3) else "other"

    def _all_chinese(self, tokens: list[str]) -> bool:
        words = self._decoded(" ".join(tokens))
        return all(not word.isascii() for word, _ in words)

    @cached_property
    def _vocabulary(self) -> frozenset[str]:
        return self.small | {word for phrase in self.phrases for word in phrase} | set(self.roads)

    @cached_property
    def _longest(self) -> int:
        return max(map(len, self.phrases))

    # -- what it says ----------------------------------------------------------------------------------------

    def chinese(self, text: str, kind: str, names: Names | None) -> str:
        """The Chinese words of a message; the message itself where none is known."""
        heard = self._english(text, names) if kind == "en" else self._pinyin(text, names)
        return heard or text

    def _english(self, text: str, names: Names | None) -> str:
        tokens, said, at, found = _tokens(text), list[str](), 0, False
        while at < len(tokens):
            if road := self._house(tokens, at, names) or self._road(tokens, at, names):
                size, word = road
            elif tokens[at] in _NUMBER and any(one.isdigit() for one in tokens[at + 1 : at + 3]):
                size, word = 1 + (tokens[at + 1] == "."), ""
            else:
                size, word = self._phrase(tokens, at)
            found = found or (bool(word) and word not in self.states)
            if not word and tokens[at].isdigit():
                word = f"{tokens[at]}号"
            elif not word and tokens[at] in ",.!?;":
                word = tokens[at].translate(_STOPS) if said and said[-1] not in "，。！？；" else ""
            said.append(word)
            at += size
        return _joined(said) if found else ""

    def _phrase(self, tokens: list[str], at: int) -> tuple[int, str]:
        """The longest known phrase that begins here: how many tokens it takes, and its Chinese; (1, '') for none."""
        for size in range(min(self._longest, len(tokens) - at), 0, -1):
            if word := self.phrases.get(tuple(tokens[at : at + size])):
                return size, word
        return 1, ""

    def _house(self, tokens: list[str], at: int, names: Names | None) -> tuple[int, str] | None:
        """A house number before its road: 32 xianggang zhong lu -> 香港中路32号."""
        number = at
        if tokens[at] in _NUMBER:
            number += 2 if tokens[at + 1 : at + 2] == ["."] else 1
        if number >= len(tokens) or not tokens[number].isdigit():
            return None
        road = self._road(tokens, number + 1, names)
        return (number + 1 - at + road[0], f"{road[1]}{tokens[number]}号") if road else None

    def _road(self, tokens: list[str], at: int, names: Names | None) -> tuple[int, str] | None:
        """A road, park or square named here: tong'an road -> 同安路 where places are at hand, tongan路 where not."""
        own = takewhile(lambda token: token not in self._vocabulary and bool(_splits(token)), tokens[at : at + 4])
        sounds = list(own)
        end = at + len(sounds)
        if sounds and end < len(tokens) and tokens[end] in self.sides:
            sounds.append(self.sides[tokens[end]])
            end += 1
        if not sounds or end >= len(tokens) or tokens[end] not in self.roads:
            return None
        kind = self.roads[tokens[end]]
        return len(sounds) + 1, _named("".join(sounds), names, kind) or f"{''.join(sounds).replace(chr(39), '')}{kind}"

    def _pinyin(self, text: str, names: Names | None) -> str:
        parts = []
        for run in re.split(r"([^a-z'’\s]+)", text.lower().replace("’", "'")):
            if run.strip() and run.strip()[0].isalpha() and run.isascii():
                parts.append("".join(word for word, _ in self._decoded(run, names)))
            else:
                parts.append(run.strip().translate(_STOPS))
        return "".join(parts)

    def _decoded(self, run: str, names: Names | None = None) -> list[tuple[str, str]]:
        """The likeliest words of a run of pinyin, each with its letters; letters of no word as they are.

        A word may go over a blank (lu deng), and ends where a syllable may end.
        """
        letters = re.sub(r"[^a-z]", "", run.replace("'", ""))
        ends = _word_ends(run)
        best: list[tuple[float, int, str]] = [(0.0, 0, "")] + [(math.inf, 0, "")] * len(letters)
        for end in range(1, len(letters) + 1):
            for start in range(max(0, end - _LONGEST_SOUND), end):
                sound, before = letters[start:end], best[start][0]
                for word, cost in self._costs(sound, names):
                    # a word that stops in the middle of what was written as one is less likely
                    inside = 0.0 if end in ends else 1.0
                    if before + cost + inside < best[end][0]:
                        best[end] = (before + cost + inside, start, word)
            if best[end - 1][0] + _UNKNOWN < best[end][0]:
                best[end] = (best[end - 1][0] + _UNKNOWN, end - 1, letters[end - 1])
        found, at = list[tuple[str, str]](), len(letters)
        while at:
            _, start, word = best[at]
            found.append((word, letters[start:at]))
            at = start
        return found[::-1]

    def _costs(self, sound: str, names: Names | None) -> Iterator[tuple[str, float]]:
        for word, weight in self.words.get(sound, ()):
            yield word, _WORD + self._most - math.log(weight)
        if names and len(sound) >= 6 and (name := _named(sound, names)):
            yield name, _WORD + self._most - math.log(40)

    @cached_property
    def _most(self) -> float:
        return math.log(max(weight for words in self.words.values() for _, weight in words))


def _tokens(text: str) -> list[str]:
    return [token.replace("’", "'") for token in _TOKEN.findall(text.lower())]


def _joined(words: Iterable[str]) -> str:
    said = " ".join(filter(None, words))
    return re.sub(r" ?([，。！？；]) ?", r"\1", said).strip()


def _splits(token: str) -> tuple[str, ...] | None:
    """The syllables of a token; None where it is no pinyin. An apostrophe ends a syllable."""
    found: list[str] = []
    for part in re.split("['’]", token):
        whole = _split(part)
        if whole is None:
            return None
        found += whole
    return tuple(found) or None


@lru_cache(maxsize=MOST_KEPT)
def _split(token: str) -> tuple[str, ...] | None:
    """The syllables, the longest first; from the end on, so that no token is too long to be walked through."""
    if len(token) > LONGEST_TOKEN:
        return None
    best: dict[int, tuple[str, ...]] = {len(token): ()}
    for at in range(len(token) - 1, -1, -1):
        for size in range(min(LONGEST_SYLLABLE, len(token) - at), 0, -1):
            if at + size in best and _SYLLABLE.fullmatch(token, at, at + size):
                best[at] = (token[at : at + size], *best[at + size])
                break
    return best.get(0)


def _word_ends(run: str) -> set[int]:
    ends, at = set[int](), 0
    for part in run.split():
        at += len(re.sub(r"[^a-z]", "", part))
        ends.add(at)
    return ends


def _named(sound: str, names: Names | None, kind: str = "") -> str | None:
    """The one name that sounds so. A name that several places have is a name all the same."""
    syllables = _splits(sound)
    if not names or not syllables:
        return None
    ending = _ENDINGS.get(kind, ())
    for wanted in ((*syllables, *ending), (*syllables, "jie") if kind == "路" else ()):
        if wanted and (found := sorted(names(wanted), key=len)):
            return found[0]
    return None


def load(english: Path = ENGLISH, pinyin: Path = PINYIN) -> Latin:
    """Read and check both files. Raises ContentError naming file, line, key and value."""
    raw = read_mapping(english)
    entry = as_model(_English, raw, english)
    phrases: dict[tuple[str, ...], str] = {}
    for part in (entry.things, entry.states, entry.said):
        for chinese, said in part.items():
            for phrase in said:
                key = tuple(_tokens(phrase))
                if key in phrases:
                    raise ContentError(
                        f"{shown(english)}:{raw.line}: {phrase!r} stands under {phrases[key]} and {chinese}"
                    )
                phrases[key] = chinese
    words: dict[str, list[tuple[str, int]]] = {}
    for line, row in read_csv(pinyin, ("sound", "word", "count")):
        if not (row["sound"].isascii() and row["sound"].isalpha() and row["count"].isdigit() and int(row["count"])):
            raise ContentError(f"{shown(pinyin)}:{line}: {row['word']}: expected letters and a count above 0")
        words.setdefault(row["sound"], []).append((row["word"], int(row["count"])))
    by_sound = {sound: tuple(sorted(several, key=lambda one: -one[1])[:4]) for sound, several in words.items()}
    return Latin(phrases, frozenset(entry.states), frozenset(entry.small), entry.roads, entry.sides, by_sound)


@cache
def shipped() -> Latin:
    """The tables that ship, read when the first message in Latin letters comes."""
    return load()
