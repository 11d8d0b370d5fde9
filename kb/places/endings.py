"""The endings by which names are recognised, as patterns made from the vocabulary's words."""

from __future__ import annotations

import re
from collections.abc import Iterable

from kb.places.element import COUNT, HAN, Kind
from kb.places.vocabulary import Vocabulary

# Where a name is over: at the end, a sign, a number of a building, a gate, a word for beside.
_EDGE = (
    rf"$|[^{HAN}a-zA-Z]|{COUNT}{{1,3}}(?:号|栋|幢|座|期|区|单元)|"
    r"[东南西北正后侧]{1,2}门|门口|附近|旁|对面|楼下|[里内]?的"
)


class Endings:
    """Compiled endings. `of_kind`: where a name of that kind ends, with what may not follow."""

    def __init__(self, words: Vocabulary) -> None:
        self.of_kind = {
            # 中韩街道, 南村镇; not 镇 in 镇中心小学, nor 乡 in 乡道路
            Kind.STREET: re.compile(rf"(?:{_any(words.street_endings)})(?![路街]|中[学心]|小学|道路)"),
            # 石嘴子社区, 沙子口村
            Kind.COMMUNITY: re.compile(rf"(?:{_any(words.community_endings)})"),
            # 金水路; not 路 in 道路障碍, nor 街 in 街道, nor 路 in 路人; 金水路人行道 is one
            Kind.ROAD: re.compile(rf"(?:{_any(words.road_endings)})(?!道|坊|人(?!行)|[过障])"),
            # 翠湖小区, 宝龙广场
            Kind.SPOT: re.compile(rf"(?:{_any(words.spot_endings)})"),
        }
        # Endings of one character, only at an edge: 馨苑3号楼, but not 苑 anywhere.
        self.short_spot = re.compile(rf"(?:{_any(words.short_spot_endings)})(?={_EDGE})")
        # 华阳路 + 街道; endings of one character would be the beginning of another word: 镇 of 镇上.
        self.office = re.compile(rf"(?:{_any(word for word in words.street_endings if len(word) > 1)})")
        # 城阳 + 汽车站; not 汽车站路.
        self.institution = re.compile(rf"(?:{_any(words.institutions)})(?![路街])")
        # 南王庄 right after its street and before the end, a sign or a house number.
        self.bare_village = re.compile(
            rf"[{HAN}]{{1,5}}(?:{_any(words.bare_village_endings)})(?=$|[^{HAN}]|{COUNT}+号)"
        )
        self.spot_words = frozenset(words.spot_endings)


def _any(words: Iterable[str]) -> str:
    """A pattern of these words, longer ones first, so that 街道办事处 is not taken for 街道."""
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))
