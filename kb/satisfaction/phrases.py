"""Finding phrases in what somebody said: the longest first, each stretch of the text read once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from kb.text import folded

GAP = "…"
LONGEST_GAP = 8
# A gap stays within its clause.
_WITHIN = "[^，。！？；、,.!?;:\\n]"


@dataclass(frozen=True)
class Phrases:
    """What each phrase means; several meanings are several. `…` in a phrase stands for up to eight characters."""

    meanings: Mapping[str, tuple[tuple[str, str], ...]]
    _pattern: re.Pattern[str] = field(init=False, repr=False)
    _by_group: tuple[str, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        ordered = tuple(
            sorted(self.meanings, key=lambda phrase: (-len(phrase.replace(GAP, "")), GAP in phrase, phrase))
        )
        pattern = "|".join(f"({_regexp(phrase)})" for phrase in ordered) or "(?!)"
        object.__setattr__(self, "_by_group", ordered)
        object.__setattr__(self, "_pattern", re.compile(pattern))

    def find(self, text: str) -> Iterator[tuple[int, int, tuple[tuple[str, str], ...]]]:
        """(start, end, meanings) of what stands in the folded text.

        Where phrases overlap, the one that begins first is taken, and of those the longest.
        """
        for found in self._pattern.finditer(text):
            yield found.start(), found.end(), self.meanings[self._by_group[(found.lastindex or 1) - 1]]


def phrases(pairs: Iterable[tuple[str, tuple[str, str]]]) -> Phrases:
    """From (phrase, meaning) pairs; the same phrase twice has both meanings."""
    meanings: dict[str, tuple[tuple[str, str], ...]] = {}
    for phrase, meaning in pairs:
        key = folded(phrase.replace(GAP, "\0")).replace("\0", GAP)
        if meaning not in meanings.get(key, ()):
            meanings[key] = (*meanings.get(key, ()), meaning)
    return Phrases(meanings)


def _regexp(phrase: str) -> str:
    return f"{_WITHIN}{{0,{LONGEST_GAP}}}?".join(re.escape(part) for part in phrase.split(GAP))
