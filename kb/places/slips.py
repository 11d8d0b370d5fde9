"""Known names that were spelled wrongly: 即黑区, 沙子扣, 香岗中路."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kb.places.element import HAN, Element, Found, Kind
from kb.places.everyday import EverydayWords
from kb.places.gazetteer import Entry
from kb.places.meanings import Meanings, in_full, kind_of
from kb.places.sounds import Slip, Sounds, sounds
from kb.places.tokens import words

Meant = tuple[str, tuple[Entry, ...]]
"""A name in right spelling and what has it."""

# What looks like a district: 即黑区, 交州市.
_DISTRICT = re.compile(rf"[{HAN}]{{2}}[区市]")
_ALL_HAN = re.compile(rf"[{HAN}]+")
_LARGE = (Kind.DISTRICT, Kind.STREET)
# Names without an ending are looked for by sound in these lengths, the longest first.
_BY_SOUND = (6, 5, 4, 3)
# Shorter ones are believed only where more speaks for them.
_SHORT = 3


class Slips:
    """Proposes known names for misspelt ones."""

    def __init__(self, meanings: Meanings, names: Sounds, everyday: EverydayWords) -> None:
        self._meanings, self._names, self._everyday = meanings, names, everyday

    def add_to(self, found: Found) -> None:
        """Add names that sound as one in the text."""
        taken = {at for word in found.tokens if len(word.text) > 1 for at in range(word.start, word.end)}
        for start, end in self._windows(found):
            found.add(self._sounding(found, start, end, taken))

    def add_districts_to(self, found: Found) -> None:
        """Add misspelt districts: 平渡市, of which 市政府 must not take the end."""
        for shape in _DISTRICT.finditer(found.text):
            if meant := self.meant(shape.group(), Kind.DISTRICT, found):
                found.add(found.element(Kind.DISTRICT, *shape.span(), *meant, slip=True))

    # -- names with an ending --------------------------------------------------------------------------------

    def meant(self, said: str, kind: Kind, found: Found) -> Meant | None:
        """The one known name of that kind for which `said` may be a slip of the pen; None for several or none."""
        districts = found.names(Kind.DISTRICT)
        if not districts and not self._tells_enough(said, kind):
            return None
        fitting: dict[str, tuple[Entry, ...]] = {}
        for slip in self._names.like(said):
            if self._close(slip, kind, bool(districts)) and (entries := self._entries(slip, kind, found)):
                fitting[slip.name] = entries
        names = {in_full(name, entries) for name, entries in fitting.items()}
        return (names.pop(), next(iter(fitting.values()))) if len(names) == 1 else None

    def _tells_enough(self, said: str, kind: Kind) -> bool:
        """Whether a slip is believed with no district named: not 日子路, which may be no name at all."""
        if len(said) > _SHORT or kind in _LARGE:
            return True
        return kind is Kind.ROAD and not words().seen(said[:-1])

    def _close(self, slip: Slip, kind: Kind, in_district: bool) -> bool:
        """Whether few enough characters differ; those of like shape count less than those of like sound."""
        if slip.differ > (1 if len(slip.said) <= _SHORT else 2) or 2 * slip.differ > len(slip.said):
            return False
        by_sound = sounds(slip.said) == sounds(slip.name)
        return by_sound or kind in _LARGE or (len(slip.said) > _SHORT and in_district)

    def _entries(self, slip: Slip, kind: Kind, found: Found) -> tuple[Entry, ...]:
        """What has the name, in the district that was named; a short village only in a street that was named."""
        entries, districts = self._meanings.of_kind(slip.name, kind), found.names(Kind.DISTRICT)
        if districts and kind is not Kind.DISTRICT:
            entries = self._meanings.inside(entries, districts)
        if kind is Kind.COMMUNITY and len(slip.said) <= _SHORT:
            streets = found.names(Kind.STREET)
            entries = tuple(e for e in entries if (above := self._meanings.above(e)) and above.name in streets)
        return entries

    # -- names by their sound alone --------------------------------------------------------------------------

    def _windows(self, found: Found) -> Iterator[tuple[int, int]]:
        """Where such a name may stand: characters that are free and have no everyday word among them."""
        for length in _BY_SOUND:
            for start in range(len(found.text) - length + 1):
                end = start + length
                said = found.text[start:end]
                if found.free(start, end) and _ALL_HAN.fullmatch(said) and not self._everyday.within(said):
                    yield start, end

    def _sounding(self, found: Found, start: int, end: int, taken: set[int]) -> Element | None:
        """沙子扣, 薛佳岛: all sounds are right and one character is not.

        That one must be no part of a word, else every 事北 and 中寒 would be a place. Villages are too many.
        """
        said = found.text[start:end]
        names = [s.name for s in self._names.like(said) if s.differ == 1 and sounds(said) == sounds(s.name)]
        if len(names) != 1:
            return None
        name, entries = names[0], self._meanings.today(names[0])
        kind = kind_of(name, entries)
        if start + _first_difference(said, name) in taken or kind is Kind.COMMUNITY:
            return None
        return found.element(kind, start, end, name, entries, slip=True)


def _first_difference(a: str, b: str) -> int:
    return next(at for at, (one, other) in enumerate(zip(a, b, strict=True)) if one != other)
