"""What the assistant says: sentences by topic in `content/words/<topic>.yml`, with named gaps.

A sentence that would grate when it is heard twice is a list of ways to say it. Which one is heard follows from the
conversation and from how often it has heard that sentence: a turn that is tried again says the same, and the same
words never come twice in a row.
"""

from __future__ import annotations

import string
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from kb.content_files import CONTENT, ContentError, read_mapping, shown

FOLDER = CONTENT / "words"


class UnknownWords(KeyError):
    """Asked for a sentence or a gap that no file has: a fault of the program, found by the tests."""


@dataclass(frozen=True)
class Words:
    """All sentences by 'topic.key'; of those that have several ways, `sentences` holds the first."""

    sentences: dict[str, str]
    variations: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def say(self, key: str, **gaps: object) -> str:
        """The sentence, the first way of several, with its gaps filled.

        Raises UnknownWords when the sentence or a gap's value is missing.
        """
        return self._filled(key, self._known(key), gaps)

    def ways(self, key: str, **gaps: object) -> tuple[str, ...]:
        """Every way to say the sentence, gaps filled; one for most. Raises UnknownWords as `say`."""
        first = self._known(key)
        return tuple(self._filled(key, one, gaps) for one in self.variations.get(key, (first,)))

    def has(self, key: str) -> bool:
        """Whether there is such a sentence."""
        return key in self.sentences

    def gaps(self, key: str) -> set[str]:
        """The names of the sentence's gaps, the same in every way to say it."""
        return _gaps(self._known(key))

    def _known(self, key: str) -> str:
        try:
            return self.sentences[key]
        except KeyError as missing:
            raise UnknownWords(f"no sentence {key!r} in {shown(FOLDER)}") from missing

    @staticmethod
    def _filled(key: str, sentence: str, gaps: Mapping[str, object]) -> str:
        try:
            return sentence.format(**gaps)
        except KeyError as missing:
            raise UnknownWords(f"sentence {key!r} has a gap {missing} that was not filled") from missing


def turn_of(key: str, conversation_id: str, times: int, ways: int) -> int:
    """Which of so many ways is heard, from 0, when this conversation has heard the sentence `times` times before.

    One after the other; each conversation begins with one of its own.
    """
    return (zlib.crc32(f"{conversation_id}:{key}".encode()) + times) % ways


def load(folder: Path = FOLDER) -> Words:
    """Read every file. Raises ContentError naming file, line and key."""
    sentences: dict[str, str] = {}
    variations: dict[str, tuple[str, ...]] = {}
    for path in sorted(folder.glob("*.yml")):
        raw = read_mapping(path)
        for key, value in raw.items():
            at = f"{shown(path)}:{raw.line}: {key}"
            ways = tuple(_sentence(one, at) for one in (value if isinstance(value, list) else [value]))
            if isinstance(value, list) and len(set(ways)) < max(2, len(ways)):
                raise ContentError(f"{at}: expected a sentence, or a list of at least two that differ, found {value!r}")
            if any(_gaps(one) != _gaps(ways[0]) for one in ways):
                raise ContentError(f"{at}: every way to say it needs the same gaps, found {value!r}")
            sentences[f"{path.stem}.{key}"] = ways[0]
            if len(ways) > 1:
                variations[f"{path.stem}.{key}"] = ways
    return Words(sentences, variations)


def _sentence(value: object, at: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ContentError(f"{at}: expected a sentence, found {value!r}")
    try:
        gaps = _gaps(value)
    except ValueError as wrong:
        raise ContentError(f"{at}: {wrong}") from wrong
    if not all(name.isidentifier() for name in gaps):
        raise ContentError(f"{at}: a gap needs a name, found {value!r}")
    return value.strip()


def _gaps(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}
