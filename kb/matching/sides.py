"""A report or an incident as it is compared with another: everything that is read from it once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache

from kb.matching.details import Details, details
from kb.matching.keys import core, point_of, roads
from kb.matching.texts import Letters, letters
from kb.places import Place
from kb.places.coordinates import Point

# Below this the district of a place was hardly more than guessed.
SURE_DISTRICT = 0.5

# What there is many a one of, though it was read as a name.
_GENERIC = re.compile(
    r".*(?:工地|工地门口)|(?:人行|过街|公路|铁路)?(?:天桥|高架|立交|高架桥|立交桥|桥|地下通道)|.{0,2}(?:广场|公园|市场|学校|小学|医院)(?<!.{4})"
)
_OFFICE = re.compile(r"(?:街道(?:办事处)?|办事处|镇|乡)$")
# Names of districts that are not their own: of before, and of the zone that is one.
_OTHERWISE = {"黄岛区": ("西海岸", "开发区", "胶南"), "市北区": ("四方",), "城阳区": ("高新区",)}


@dataclass(frozen=True, slots=True)
class Side:
    """`point` is WGS-84, and `pinned` where a citizen showed it; `stated` is True where the words or a pin tell the
    district, and not only a name that lies there. `street` is the town or street office where the words say it. Names
    and roads are normalised; `read_roads` are those of the place and of crossings, `roads` with others."""

    letters: Letters
    details: Details
    point: Point | None
    pinned: bool
    district: str | None
    stated: bool
    spot: str | None
    community: str | None
    street: str | None
    road: str | None
    roads: frozenset[str]
    read_roads: frozenset[str]

    @property
    def placed(self) -> bool:
        """Whether anything says where it is."""
        return bool(self.point or self.spot or self.community or self.roads)


@lru_cache(maxsize=4_096)
def side(place: Place | None, text: str) -> Side:
    """What place and words tell together."""
    place = place or Place(text="")
    # The words of the place stand in the text, unless it was asked for; a label of a pin is no detail of the problem.
    said = text if place.text in text else f"{place.text}。{text}"
    found, read = details(said), frozenset(roads(place))
    spot = core(place.spot) if place.spot and not _GENERIC.fullmatch(place.spot) else None
    return Side(
        letters=letters(text),
        details=found,
        point=point_of(place),
        pinned=bool(place.pinned),
        district=place.district if place.confidence >= SURE_DISTRICT or place.district_code is None else None,
        stated=bool(place.district) and (bool(place.pinned) or says_district(place.district, said)),
        spot=spot or None,
        community=core(place.community) or None if place.community else None,
        street=_street(place.street, said),
        road=core(place.road) if place.road else None,
        roads=found.roads | read,
        read_roads=read | found.crossed,
    )


def says_district(district: str | None, words: str) -> bool:
    """Whether the words themselves name the district, fully or as people say it."""
    return district is not None and any(name in words for name in _spoken(district))


def _street(street: str | None, words: str) -> str | None:
    """The name of a town or street office without its kind, where the words have it: 沙河 of 沙河街道."""
    bare = _OFFICE.sub("", street or "")
    return bare if len(bare) >= 2 and bare in words else None


@cache
def _spoken(district: str) -> tuple[str, ...]:
    """How people say a district: 市南, 西海岸."""
    return (district.removesuffix("区").removesuffix("市"), *_OTHERWISE.get(district, ()))
