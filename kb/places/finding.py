"""Finding a place by what somebody types in a search box: the beginning of a name, a part of it, pinyin, a slip.

All names stand in one text, a line each, which is searched faster than any tree could be: a million names take some
milliseconds. How they sound stands beside it in the same order, made when it is first asked for.
"""

from __future__ import annotations

import re
import unicodedata
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

from kb.normalising import simplified
from kb.places.alike import citys
from kb.places.gazetteer import Division, Entry, Gazetteer, NamedPlace

LONGEST = 40
"""Longer texts are cut: no name is so long."""
# So many hits are looked at for each way of searching; the best of them are given.
_LOOKED_AT = 400
# A search by sound for less would find half the city.
_SHORTEST_SOUND = 2
_LATIN = re.compile(r"[a-z']+")
_BLANKS = re.compile(r"\s+")
# What input methods and speakers of the south do not tell apart, written the same on both sides.
_MERGED = (("zh", "z"), ("ch", "c"), ("sh", "s"), ("ng", "n"), ("v", "u"))
# Which of equally good names comes first.
_ORDER = {"district": 0, "street": 1, "community": 3}


@dataclass(frozen=True, slots=True)
class Hit:
    """A place or division; `districts` has several for a road that runs through several."""

    name: str
    kind: str
    districts: tuple[str, ...] = ()
    street: str = ""
    lat: float | None = None
    lon: float | None = None


@cache
def _said(character: str) -> str:
    """The pinyin of one character, as a search compares it; a character without any stays as it is."""
    if character.isascii():
        return character.lower()
    # Imported here because its tables take 55 MB, which the gateway does without until somebody types pinyin.
    from pypinyin import Style, lazy_pinyin

    return merged(citys().sounds.get(character) or str(lazy_pinyin(character, style=Style.NORMAL)[0]))


def merged(pinyin: str) -> str:
    """Pinyin with sounds that are easily taken for each other made one: zhong is zon."""
    for one, other in _MERGED:
        pinyin = pinyin.replace(one, other)
    return pinyin


class _Lines:
    """Many short texts as one, searched for a part of any of them."""

    def __init__(self, lines: Iterator[str]) -> None:
        starts, length, kept = array("Q"), 1, []
        for line in lines:
            starts.append(length)
            length += len(line) + 1
            kept.append(line)
        self._text, self._starts = "\n" + "\n".join(kept) + "\n", starts

    def having(self, part: str) -> dict[int, int]:
        """Lines by their number: 0 for those that are the text, 1 for those that begin with it or 2 that hold it."""
        found: dict[int, int] = {}
        for how, form in enumerate((f"\n{part}\n", f"\n{part}", part)):
            at, skipped = self._text.find(form), len(form) - len(form.lstrip("\n"))
            for _ in range(_LOOKED_AT):
                if at < 0:
                    break
                found.setdefault(bisect_right(self._starts, at + skipped) - 1, how)
                at = self._text.find(form, at + 1)
        return found


class Finding:
    """Finds places of one gazetteer. Safe to use from several threads."""

    def __init__(self, gazetteer: Gazetteer) -> None:
        self._gazetteer = gazetteer
        self._names = _Lines(gazetteer.names())

    @cached_property
    def _sounds(self) -> _Lines:
        return _Lines("".join(map(_said, name)) for name in self._gazetteer.names())

    @cached_property
    def _initials(self) -> _Lines:
        return _Lines("".join(_said(one)[:1] for one in name) for name in self._gazetteer.names())

    def find(self, text: str, most: int = 10) -> list[Hit]:
        """The places that are most likely meant, at most so many; none for an empty text."""
        wanted = _levelled(text[:LONGEST])
        if not wanted:
            return []
        for lines in self._ways(wanted):
            if hits := self._hits(lines):
                return hits[:most]
        return self._named_in(wanted)[:most]

    def _named_in(self, text: str) -> list[Hit]:
        """What the last name in a longer text has, in the district that is named before it, if one is."""
        mentions = self._gazetteer.mentions(text)
        if not mentions:
            return []
        hits = self._hits(dict.fromkeys((n for n, how in self._names.having(mentions[-1].name).items() if not how), 0))
        around = {name for one in mentions[:-1] for entry in one.entries for name in self._districts(entry)}
        return [hit for hit in hits if around & set(hit.districts)] or hits

    def _districts(self, entry: Entry) -> Sequence[str]:
        if isinstance(entry, NamedPlace):
            return entry.districts
        district = self._gazetteer.district_of(entry)
        return (district.name,) if district else ()

    def _ways(self, wanted: str) -> Iterator[dict[int, int]]:
        """Lines by each way of searching, the surest first."""
        yield self._names.having(wanted)
        if len(wanted) < _SHORTEST_SOUND:
            return
        if _LATIN.fullmatch(wanted):
            sound = wanted.replace("'", "")
            yield self._sounds.having(merged(sound))
            yield self._initials.having(sound)
            return
        yield self._sounds.having("".join(map(_said, wanted)))
        yield {line: how for slip in _slips(wanted) for line, how in self._names.having(slip).items()}

    def _hits(self, lines: dict[int, int]) -> list[Hit]:
        """What has the names, each once, the likeliest first."""
        ranked: dict[Hit, tuple[int, int, bool, int]] = {}
        for line, how in lines.items():
            name = self._gazetteer.name(line)
            for entry in self._gazetteer.named(name):
                hit = self._hit(entry)
                rank = how, _ORDER.get(hit.kind, 2), hit.lat is None, len(name)
                ranked[hit] = min(rank, ranked.get(hit, rank))
        return sorted(ranked, key=ranked.__getitem__)

    def _hit(self, entry: Entry) -> Hit:
        if isinstance(entry, NamedPlace):
            return Hit(entry.name, entry.kind, entry.districts, entry.street or "", entry.lat, entry.lon)
        above = self._chain(entry)
        inside = (above["district"],) if "district" in above else ()
        return Hit(entry.spoken, entry.level, inside, above.get("street", ""), entry.lat, entry.lon)

    def _chain(self, division: Division) -> dict[str, str]:
        """The names of the divisions above by level, itself left out."""
        above, found = self._gazetteer.parent(division), {}
        while above:
            found[above.level] = above.name
            above = self._gazetteer.parent(above)
        return found


def _levelled(text: str) -> str:
    """Narrow, small, simplified, without blanks."""
    return simplified(_BLANKS.sub("", unicodedata.normalize("NFKC", text)).lower())


def _slips(wanted: str) -> Sequence[str]:
    """The text with one character changed for another of like shape."""
    return [
        wanted[:at] + other + wanted[at + 1 :]
        for at, one in enumerate(wanted)
        for other in sorted(citys().by_character.get(one, frozenset()) - {one})
    ]
