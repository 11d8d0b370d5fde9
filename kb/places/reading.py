"""Reading one place from what a citizen wrote: district, street, community, road, and the spot in words.

Evidence is gathered in one pass (known names, then road and compound shapes that no list knows), weighed, and
completed upwards: a community gives its street, a street its district. What the evidence does not say stays None.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kb.places.gazetteer import Division, Gazetteer, Mention, NamedPlace

_HAN = r"\u4e00-\u9fa5"
_ROAD = re.compile(rf"[{_HAN}]{{2,7}}?(?:支路|大街|大道|路|街|巷)(?![边上口面段灯过人障])")
_SPOT = re.compile(
    rf"[{_HAN}A-Za-z0-9]{{2,12}}?(?:小区|花园|家园|公寓|新村|新苑|花苑|嘉园|佳园|雅居|大厦|广场(?!舞)|市场|小学|中学|大学|幼儿园|"
    rf"医院|公园|物流园|工业园|车站|地铁站|批发市场|商场|商厦|超市|河|桥)"
)
_COMPOUND_TAIL = re.compile(
    rf"[{_HAN}]{{2,8}}?(?:苑|园|庭|府|城|湾|郡|居|里|坊)(?:[一二三四五六七八九东南西北]+[期区])?(?=\d|[,，。;；、\s]|小区|北门|南门|东门|西门|门口|$)"
)
_AFTER = re.compile(
    r"(?:\d+[-－]?\d*号楼?|[a-zA-Z]?\d+(?:号楼|栋|幢|号)|[一二三四五六七八九十\d]{1,2}[期区]|[东南西北]{1,2}(?:区|门|侧|头)|"
    r"(?:与|和|跟)?[\u4e00-\u9fa5]{2,6}(?:路|街)?(?:交叉口|路口|交界处?|交汇处?)|路口|门口|交叉口|"
    r"(?:往|向|偏)?[东南西北]{1,2}(?:侧|边|面|走)?约?\d+(?:多)?米(?:左右|处)?|附近|对面|旁边?|楼下|楼后|后面|前面|沿线|段)*"
)
_PRIVATE = re.compile(
    r"[一二三四五六七八九十\d]+\s*单元\s*\d*(?:室|户)?|(?<![\d路街巷道])\d{3,4}(?:室|户)?(?![\d号米弄路院线块年多点:])"
)
# What may stand in front of a name in running speech and is no part of it.
_LEAD = re.compile(
    r"^.*?(?:我们家?住在?|我家住在?|位于|坐落在?|就是|就在|都在|住在|这里是|地址[是:：]?|地点[是:：]?|在|从|到|去|往|经过|靠近|"
    r"咱们?|我们|我是|我|你好|的|了|是|和|与|跟|把|有个?|那个?|这个?|市区?|县)(?=.{2,})"
)
_HOME = re.compile(r"(?:我家?|我们家|本人|家里)(?:就|是)?住(?:在)?$|家住(?:在)?$|我是(?:住)?(?:在)?$")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a problem is, as far as it was said. Coordinates are in `crs` ('WGS-84', 'GCJ-02' or 'BD-09').

    `text` is the smallest span that leads a worker there, without flat numbers. `confidence` runs from 0 to 1.
    """

    text: str
    district: str | None = None
    district_code: str | None = None
    street: str | None = None
    street_code: str | None = None
    community: str | None = None
    community_code: str | None = None
    road: str | None = None
    spot: str | None = None
    lat: float | None = None
    lon: float | None = None
    crs: str | None = None
    confidence: float = 0.0

    @property
    def precise(self) -> bool:
        """True when a worker would find it: a spot, a road, a community or a pin, not only a district."""
        return bool(self.spot or self.road or self.community or self.lat is not None)

    @property
    def key(self) -> str | None:
        """The name under which two reports may be about the same spot."""
        return self.spot or self.road or self.community

    @property
    def full(self) -> str:
        """District, street and words, nothing said twice: '李沧区 · 安顺北路娄山物流园门口'."""
        parts = [part for part in (self.district, self.street) if part and part not in self.text]
        return " · ".join([*parts, self.text]) if self.text else " · ".join(parts)

    def as_dict(self) -> dict[str, Any]:
        """For a conversation's memory; `from_dict` reads it back."""
        return {name: value for name in self.__slots__ if (value := getattr(self, name)) is not None}

    @classmethod
    def from_dict(cls, value: dict[str, Any]) -> Place:
        known: dict[str, Any] = {name: value[name] for name in cls.__slots__ if name in value}
        return cls(**known)


def read(gazetteer: Gazetteer, text: str) -> Place | None:
    """The problem's place in the text, or None when none is named."""
    text = _without_city(gazetteer, unicodedata.normalize("NFKC", text))
    mentions = _usable(gazetteer, text)
    named = _not_home(text, mentions)
    divisions = [m for m in named if _division(m) is not None]
    spots = [m for m in named if _division(m) is None]
    road = next((m for m in spots if _kind(m) == "road"), None)
    spot = next((m for m in spots if _kind(m) != "road"), None)
    road_text, road_at = (road.name, (road.start, road.end)) if road else _shaped(_ROAD, text, mentions)
    spot_text, spot_at = (spot.name, (spot.start, spot.end)) if spot else _shaped(_SPOT, text, mentions)
    if spot_text is None:
        spot_text, spot_at = _shaped(_COMPOUND_TAIL, text, mentions)
    if road_text and spot_text and road_text in spot_text:
        spot_text = spot_text.split(road_text, 1)[1] or None
    if not (divisions or road_text or spot_text):
        return None
    district, street, community = _resolve(gazetteer, divisions, [m for m in (road, spot) if m])
    known = next((e for m in (spot, road) if m for e in m.entries if isinstance(e, NamedPlace) and e.lat), None)
    spans = [(m.start, m.end) for m in divisions] + [at for at in (road_at, spot_at) if at]
    return Place(
        text=_span(text, spans),
        district=district.name if district else None,
        district_code=district.code if district else None,
        street=street.name if street else None,
        street_code=street.code if street else None,
        community=community.name if community else None,
        community_code=community.code if community else None,
        road=road_text,
        spot=spot_text,
        lat=known.lat if known and spot else None,
        lon=known.lon if known and spot else None,
        crs="WGS-84" if known and spot else None,
        confidence=_confidence(district, street, community, road_text, spot_text),
    )


def without_flat(text: str) -> str:
    """The text without unit and flat numbers, which lead into somebody's home."""
    return _PRIVATE.sub("", text)


def _without_city(gazetteer: Gazetteer, text: str) -> str:
    """The city's own name says nothing inside it; it is blanked where it is not the beginning of a place's name."""
    starts = {mention.start: mention.end for mention in gazetteer.mentions(text)}

    def blank(found: re.Match[str]) -> str:
        whole = found.group(0)
        inside = range(found.start(), found.end())
        return whole if any(starts.get(at, 0) > found.end() for at in inside) else " " * len(whole)

    return re.sub(r"(?:山东省|山东)?青岛市?(?=[\u4e00-\u9fa5])", blank, text)


def _kind(mention: Mention) -> str:
    entry = mention.entries[0]
    return entry.kind if isinstance(entry, NamedPlace) else entry.level


def _division(mention: Mention) -> Division | None:
    found = [entry for entry in mention.entries if isinstance(entry, Division)]
    places = [entry for entry in mention.entries if isinstance(entry, NamedPlace)]
    return found[0] if found and not (places and found[0].name != mention.name) else None


def _usable(gazetteer: Gazetteer, text: str) -> list[Mention]:
    """Mentions that mean a place: a short community alias counts only when a 村 or 社区 follows it."""
    kept = []
    for mention in gazetteer.mentions(text):
        division = _division(mention)
        after = text[mention.end : mention.end + 2]
        if division and division.level != "district" and mention.name != division.name:
            if after[:1] in ("路", "街", "道", "山", "河") and mention.name[-1] not in "镇":
                continue
            said_whole = mention.name.endswith(("村", "社区")) or after.startswith(("村", "社区"))
            if division.level == "community" and not said_whole:
                continue
        if division and after[:1] in ("路", "街") and mention.name[-1] not in "区市":
            continue
        if not division and _kind(mention) != "road" and _runs_on(text, mention):
            continue
        kept.append(mention)
    return kept


def _runs_on(text: str, mention: Mention) -> bool:
    """'翠湖' in '翠湖花园三期' is the beginning of a name that no list knows, not the place of that name."""
    longer = _SPOT.match(text, mention.start)
    more = longer.end() - mention.end if longer else 0
    return 0 < more <= 4 and not mention.name.endswith(("苑", "园", "小区", "城", "村", "广场"))


def _not_home(text: str, mentions: list[Mention]) -> list[Mention]:
    """Without what is only the speaker's home, unless nothing else is named."""
    homes: list[Mention] = []
    for mention in mentions:
        clause = re.split(r"[,，。;；!！?？\n]", text[: mention.start])[-1]
        if (
            _HOME.search(clause)
            or (homes and not clause and mention.start == homes[-1].end)
            or (homes and text[homes[-1].end : mention.start].strip() == "")
        ):
            homes.append(mention)
    others = [mention for mention in mentions if mention not in homes]
    return others or mentions


def _shaped(pattern: re.Pattern[str], text: str, mentions: list[Mention]) -> tuple[str | None, tuple[int, int] | None]:
    """The first name of this shape that no list knows, without the words that only lead to it."""
    for found in pattern.finditer(text):
        start, end = found.span()
        for mention in mentions:
            if start <= mention.start < end <= mention.end or mention.start <= start < mention.end < end:
                start = max(start, mention.end) if mention.end < end else end
            elif start <= mention.start and mention.end < end and _division(mention):
                start = mention.end
        name = text[start:end].strip()
        while lead := _LEAD.match(name):
            if len(name) - lead.end() < 3:
                break
            name = name[lead.end() :]
        if len(name) >= 3 and not re.fullmatch(
            r"(?:这|那|每|整|一)?(?:条|个)?(?:马|公|道|小|老|大)(?:路|街|区)|.{0,2}小区|.*[这那条](?:条|个|段)?[路街巷]",
            name,
        ):
            return name, (end - len(name), end)
    return None, None


def _resolve(
    gazetteer: Gazetteer, divisions: list[Mention], places: list[Mention]
) -> tuple[Division | None, Division | None, Division | None]:
    """District, street and community, each from what was said or from the level below it."""
    every = [e for m in divisions for e in m.entries if isinstance(e, Division)]
    district = _district(divisions, places)
    inside = _chooser(district)
    street = inside([e for e in every if e.level == "street"])
    community = inside([e for e in every if e.level == "community" and (not street or e.parent == street.code)])
    if community and not street:
        street = gazetteer.parent(community)
    if not district and street:
        district = gazetteer.parent(street)
    for mention in places:
        options = [e for e in mention.entries if isinstance(e, NamedPlace)]
        options = [e for e in options if not district or district.name in e.districts] or options
        if options and len({e.districts for e in options}) == 1 and len(options[0].districts) == 1:
            only = options[0]
            if not district:
                district = gazetteer.district(only.districts[0])
            if not street and only.street and district and district.name == only.districts[0]:
                street = next((d for d in gazetteer.children(district.code) if d.name == only.street), None)
    return district, street, community


def _district(divisions: list[Mention], places: list[Mention]) -> Division | None:
    """Of several districts, the one that the road or spot lies in, else the one named last before it."""
    said = [(m, e) for m in divisions for e in m.entries if isinstance(e, Division) and e.level == "district"]
    if len({e.code for _, e in said}) < 2 or not places:
        return said[0][1] if said else None
    around = {name for m in places for e in m.entries if isinstance(e, NamedPlace) for name in e.districts}
    fitting = [pair for pair in said if pair[1].name in around] or said
    before = [pair for pair in fitting if pair[0].start < places[0].start]
    return (before[-1] if before else fitting[0])[1]


def _chooser(district: Division | None) -> Callable[[list[Division]], Division | None]:
    def inside(found: list[Division]) -> Division | None:
        if district:
            found = [e for e in found if e.code.startswith(district.code[:6])]
        return found[0] if len({e.code for e in found}) == 1 else None

    return inside


def _span(text: str, spans: list[tuple[int, int]]) -> str:
    """From the first to the last name that stand together, with the words of direction that follow."""
    spans.sort()
    start, end = spans[0]
    for next_start, next_end in spans[1:]:
        if re.search(r"[。;；!！?？\n]", text[end:next_start]) or next_start - end > 12:
            continue
        end = max(end, next_end)
    if tail := _AFTER.match(text, end):
        end = tail.end()
    return " ".join(_PRIVATE.sub("", text[start:end]).split()).strip(" ,，、的")


def _confidence(*levels: object) -> float:
    district, street, community, road, spot = (bool(level) for level in levels)
    return round(0.35 * district + 0.15 * street + 0.15 * community + 0.15 * road + 0.2 * spot, 2)
