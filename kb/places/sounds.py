"""Names as they sound and look: 香岗中路 for 香港中路, 即黑 for 即墨.

People choose the wrong character of the right sound, or hear a sound of the north for one of the south; a camera or
a hurried finger takes one character for another of the same shape. A name is proposed where every character that
differs sounds or looks alike; whether it is believed is for the reader to decide from what stands around it.
"""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from operator import mul
from typing import Any

import numpy as np

from kb.places.alike import citys
from kb.places.gazetteer import Gazetteer

SHORTEST, LONGEST = 2, 10
# What the number of a sound is multiplied with at each place of a name, for a hash of 64 bits: any odd numbers do.
_64_BITS = 2**64 - 1
_MIX = tuple(pow(0x9E37_79B9_7F4A_7C15, 2 * place + 1, 2**64) for place in range(LONGEST))
# So many names are listened to together; more only take more memory.
_AT_ONCE = 50_000
# Sounds that many speakers and input methods do not tell apart.
_ALIKE = (("zh", "z"), ("ch", "c"), ("sh", "s"))
_ENDS = (("ang", "an"), ("eng", "en"), ("ing", "in"))


def _pinyin(character: str) -> str:
    # Imported here because its tables take 55 MB, which the gateway and the worker do without.
    from pypinyin import Style, lazy_pinyin

    return str(lazy_pinyin(character, style=Style.NORMAL)[0])


@cache
def sound(character: str) -> str:
    """How one character sounds, without tone, alike sounds made equal; the character itself where it has no sound."""
    said = citys().sounds.get(character) or _pinyin(character)
    return character if said == character else heard(said)


def heard(said: str) -> str:
    """A syllable without tone as `sound` gives it: lang is lan, zhong is zon."""
    for long, short in _ALIKE:
        if said.startswith(long):
            said = short + said[len(long) :]
    for long, short in _ENDS:
        if said.endswith(long):
            said = said[: -len(long)] + short
    return said


def sounds(text: str) -> str:
    """How a text sounds, a space after each character's sound."""
    return "".join(f"{sound(c)} " for c in text)


def alike(a: str, b: str) -> bool:
    """Whether two characters sound or look alike."""
    return a == b or sound(a) == sound(b) or b in citys().by_character.get(a, ())


@dataclass(frozen=True, slots=True)
class Slip:
    """`said` was written where `name` may be meant; `differ` of its characters are not the same."""

    said: str
    name: str
    differ: int


class Sounds:
    """The gazetteer's names by their sound. Built once, never changed, safe to ask from several threads.

    A million names are too many to keep how each of them sounds: there is a hash of it for each, in order, and what
    has the hash of what is looked for is compared.
    """

    def __init__(self, gazetteer: Gazetteer) -> None:
        self.gazetteer = gazetteer
        self._numbers: dict[str, int] = {}
        hashes, names = [np.zeros(0, dtype=np.uint32)], [np.zeros(0, dtype=np.uint32)]
        table, first = np.zeros(sys.maxunicode + 1, dtype=np.uint32), 0
        everything = gazetteer.names()
        while part := list(islice(everything, _AT_ONCE)):
            fitting = np.array([n for n, name in enumerate(part) if SHORTEST <= len(name) <= LONGEST], dtype=np.uint32)
            hashes.append(self._hashes([part[n] for n in fitting], table))
            names.append(fitting + np.uint32(first))
            first += len(part)
        together = np.concatenate(hashes)
        order = np.argsort(together, kind="stable")
        self._hashed = array("I", together[order].tobytes())
        self._names = array("I", np.concatenate(names)[order].tobytes())

    def _hashes(self, names: list[str], table: Any) -> Any:
        """A hash of the sound of each name, (n,). `table` has the number of each character's sound, 0 for not yet."""
        if not names:
            return np.zeros(0, dtype=np.uint32)
        characters = np.frombuffer("".join(names).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
        for new in np.unique(characters[table[characters] == 0]).tolist():
            table[new] = self._numbers.setdefault(sound(chr(new)), len(self._numbers) + 1)
        lengths = np.fromiter(map(len, names), dtype=np.int64, count=len(names))
        starts = np.cumsum(lengths) - lengths
        places = np.arange(len(characters)) - np.repeat(starts, lengths)
        mixed = table[characters] * np.array(_MIX, dtype=np.uint64)[places]
        return (np.add.reduceat(mixed, starts) >> np.uint64(32)).astype(np.uint32)

    def _sounding(self, said: str) -> Iterator[str]:
        """Names that sound like `said`."""
        yield from self._with([sound(c) for c in said])

    def spelt(self, syllables: Sequence[str]) -> Iterator[str]:
        """Names that are written so in pinyin: ('tong', 'an', 'lu') is 同安路."""
        if SHORTEST <= len(syllables) <= LONGEST:
            yield from self._with([heard(one) for one in syllables])

    def _with(self, wanted: list[str]) -> Iterator[str]:
        numbers = [self._numbers.get(one, 0) for one in wanted]
        if not all(numbers):
            return  # no name has such a sound
        hashed = (sum(map(mul, numbers, _MIX)) & _64_BITS) >> 32
        at, same = bisect_left(self._hashed, hashed), "".join(f"{one} " for one in wanted)
        while at < len(self._hashed) and self._hashed[at] == hashed:
            name = self.gazetteer.name(self._names[at])
            if len(name) == len(wanted) and sounds(name) == same:
                yield name
            at += 1

    def like(self, said: str) -> Iterator[Slip]:
        """Names of the same length that sound like `said`, or differ from it in one character of like shape."""
        if not SHORTEST <= len(said) <= LONGEST:
            return
        found = set(self._sounding(said))
        for at, character in enumerate(said):
            for other in citys().by_character.get(character, ()):
                if other != character and (name := said[:at] + other + said[at + 1 :]) in self.gazetteer:
                    found.add(name)
        for name in sorted(found - {said}):
            yield Slip(said, name, sum(a != b for a, b in zip(said, name, strict=True)))
