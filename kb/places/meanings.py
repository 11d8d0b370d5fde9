"""What a name means in this city: which division or place, of what kind, and in which district."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from kb.places.element import Kind
from kb.places.gazetteer import Division, Entry, Gazetteer, NamedPlace

_CHINESE = "零一二三四五六七八九"
# The number in a road's name: 黄河1路, 台东12路, 宁夏3支路.
_ROAD_NUMBER = re.compile(r"(?<=[\u4e00-\u9fa5])[1-9]\d?(?=(?:支)?[路街])")
# What a town or street is called besides its own name: 中韩镇, 中韩街道办.
_STREET_WORD = re.compile(r"(?:街道办事处|街道办|街道|办事处|镇|乡)$")

# A quarter that a list has as a landmark is a village all the same: 鱼鸣嘴村.
_SPOTS = ("广场", "公园", "市场", "路", "山", "河")
_VILLAGES = ("村", "社区", "居委会", "村委会")


class Meanings:
    """The entries of one gazetteer for names as they are said."""

    def __init__(self, gazetteer: Gazetteer) -> None:
        self._gazetteer = gazetteer

    def named(self, name: str) -> tuple[Entry, ...]:
        """Every entry of that name."""
        return self._gazetteer.named(name)

    def today(self, name: str) -> tuple[Entry, ...]:
        """Without villages that are no more, where a unit or place of today has the same short name."""
        entries = self._gazetteer.named(name)
        if name.endswith(("村", "社区")) and len(name) > 2:
            return entries
        return tuple(e for e in entries if isinstance(e, NamedPlace) or e.code) or entries

    def of_kind(self, name: str, kind: Kind) -> tuple[Entry, ...]:
        """The entries of that name which are of that kind."""
        return tuple(e for e in self._gazetteer.named(name) if kind_of(name, (e,)) is kind)

    def street_of_today(self, name: str) -> tuple[Entry, ...]:
        """中韩镇 is 中韩街道 today."""
        stem = _STREET_WORD.sub("", name)
        if len(stem) < 2:
            return ()
        return self.of_kind(f"{stem}街道", Kind.STREET) or self.of_kind(f"{stem}镇", Kind.STREET)

    def districts(self, entry: Entry) -> tuple[str, ...]:
        """The official names of the districts in which it lies."""
        if isinstance(entry, NamedPlace):
            return entry.districts
        above = self._gazetteer.district_of(entry)
        return (above.name,) if above else ()

    def inside(self, entries: Sequence[Entry], districts: Collection[str]) -> tuple[Entry, ...]:
        """The entries that lie in one of the districts."""
        return tuple(e for e in entries if set(self.districts(e)) & set(districts))

    def above(self, entry: Entry) -> Division | None:
        """The division directly above a division; None for a place."""
        return self._gazetteer.parent(entry) if isinstance(entry, Division) else None

    def district_of(self, division: Division) -> Division | None:
        """The district in which a division lies, itself if it is one."""
        return self._gazetteer.district_of(division)


def kind_of(name: str, entries: Sequence[Entry]) -> Kind:
    """What a name means most likely: an official division's own name, else a place, else a division's other name."""
    divisions = [e for e in entries if isinstance(e, Division)]
    places = [e for e in entries if isinstance(e, NamedPlace)]
    for level in Kind:
        if any(e.level == level and (e.name == name or (e.spoken == name and not places)) for e in divisions):
            return level
    levels = {e.level for e in divisions}
    if "district" in levels:
        return Kind.DISTRICT
    if "street" in levels and all(e.kind == "landmark" for e in places):
        return Kind.STREET
    quarter = name.endswith(_VILLAGES) or ("community" in levels and not name.endswith(_SPOTS))
    if quarter and all(e.kind == "landmark" for e in places):
        return Kind.COMMUNITY
    if places:
        return Kind.ROAD if any(e.kind == "road" for e in places) else Kind.SPOT
    return Kind.COMMUNITY


def in_full(name: str, entries: Sequence[Entry]) -> str:
    """A road's other name becomes its own; every other name stays as it was said."""
    if any(isinstance(e, NamedPlace) and name == e.name for e in entries):
        return name
    roads = [e.name for e in entries if isinstance(e, NamedPlace) and e.kind == "road"]
    return roads[0] if roads else name


def spelled(name: str) -> str:
    """黄河1路 is 黄河一路."""
    return _ROAD_NUMBER.sub(lambda found: _in_chinese(int(found.group())), name)


def _in_chinese(number: int) -> str:
    """1 to 99: 一, 十, 十二, 二十, 九十九."""
    tens, ones = divmod(number, 10)
    return ("" if tens < 2 else _CHINESE[tens]) + ("十" if tens else "") + (_CHINESE[ones] if ones else "")
