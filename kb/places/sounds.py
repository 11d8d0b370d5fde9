"""Names as they sound and look: 香岗中路 for 香港中路, 即黑 for 即墨.

People choose the wrong character of the right sound, or hear a sound of the north for one of the south; a camera or
a hurried finger takes one character for another of the same shape. A name is proposed where every character that
differs sounds or looks alike; whether it is believed is for the reader to decide from what stands around it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property

import marisa_trie
from pypinyin import Style, lazy_pinyin

from kb.places.alike import citys
from kb.places.gazetteer import Gazetteer

SHORTEST, LONGEST = 2, 10
# Sounds that many speakers and input methods do not tell apart.
_ALIKE = (("zh", "z"), ("ch", "c"), ("sh", "s"))
_ENDS = (("ang", "an"), ("eng", "en"), ("ing", "in"))


@cache
def sound(character: str) -> str:
    """How one character sounds, without tone, alike sounds made equal; the character itself where it has no sound."""
    said = citys().sounds.get(character) or lazy_pinyin(character, style=Style.NORMAL)[0]
    if said == character:
        return character
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


@dataclass(frozen=True)
class Sounds:
    """The gazetteer's names by their sound."""

    gazetteer: Gazetteer

    @cached_property
    def _by_sound(self) -> marisa_trie.Trie:
        names = (name for name in self.gazetteer.names() if SHORTEST <= len(name) <= LONGEST)
        return marisa_trie.Trie(f"{sounds(name)}\t{name}" for name in names)

    def like(self, said: str) -> Iterator[Slip]:
        """Names of the same length that sound like `said`, or differ from it in one character of like shape."""
        if not SHORTEST <= len(said) <= LONGEST:
            return
        found = set()
        for key in self._by_sound.iterkeys(f"{sounds(said)}\t"):
            found.add(key.split("\t")[1])
        for at, character in enumerate(said):
            for other in citys().by_character.get(character, ()):
                if other != character and (name := said[:at] + other + said[at + 1 :]) in self.gazetteer:
                    found.add(name)
        for name in sorted(found - {said}):
            yield Slip(said, name, sum(a != b for a, b in zip(said, name, strict=True)))
