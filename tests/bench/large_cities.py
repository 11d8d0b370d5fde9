"""Larger cities made from the demo city, to see how reading places grows: `make bench-places` measures on them.

Every copy of a division has a code of its own and its name with another character before it (柳市南区), so that it can
be said and is not taken for the first. Made-up places have the shape of real ones: 云海国际花园, 老周家烧烤店.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from kb.places import gazetteer
from kb.places.gazetteer import DIVISION_COLUMNS, FOLDER, FORMER_COLUMNS, PLACE_COLUMNS

Row = dict[str, str]
Rows = Iterator[Row]

COPIES, MANY = 10, 1_000_000
# One for each copy but the first.
_BEFORE = "柳松云金玉瑞福永兴"
_CITY_DIGITS = 4
# Degrees by which a copy's points are moved, so that the copies lie beside each other.
_APART = 2.0
_WITH_POINT, _WITH_STREET = 0.3, 0.5
_ONES = (
    "安宝北滨昌长辰城诚春翠大德东都丰福富港高光广贵国海杭豪和河恒红鸿湖花华汇惠吉佳嘉建江金锦京景静俊康兰蓝乐丽利莲林"
    "龙隆鲁绿茂梅美明南宁平祺旗青庆泉荣瑞润山上盛圣石世水顺松泰天田同旺万威文西溪祥新鑫信星兴秀旭雅阳怡亿益银永玉育裕"
    "园远悦云泽振正中众州竹紫"
)
_SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
_MIDDLES = ("国际", "时代", "家", "新", "大", "阳光", "东方", "第一", "", "", "", "", "", "")
# The ending and the kind of place it makes.
_ENDINGS = (
    *(("路", "road"), ("一路", "road"), ("支路", "road"), ("街", "road"), ("巷", "road")),
    *(("小区", "compound"), ("花园", "compound"), ("苑", "compound"), ("名邸", "compound"), ("公寓", "compound")),
    *(("广场", "landmark"), ("大厦", "landmark"), ("饭店", "landmark"), ("烧烤店", "landmark"), ("超市", "mall")),
    *(("药店", "landmark"), ("汽修厂", "landmark"), ("公司", "landmark"), ("村", "landmark"), ("宾馆", "landmark")),
    *(("市场", "market"), ("幼儿园", "school"), ("小学", "school"), ("诊所", "hospital"), ("公园", "park")),
)
_SHORTEST, _LONGEST = 3, 8


def ten_times(folder: Path) -> None:
    """Ten copies of the demo city in one: divisions, former divisions and places."""
    _write(folder / "divisions.csv", DIVISION_COLUMNS, _copies("divisions.csv", _division))
    _write(folder / "former.csv", FORMER_COLUMNS, _copies("former.csv", _former))
    _write(folder / "places.csv", PLACE_COLUMNS, _copies("places.csv", _place))


def million(folder: Path) -> None:
    """The demo city's divisions with its places and made-up ones, together a million; 30 % of these with a point."""
    for name in ("divisions.csv", "former.csv"):
        (folder / name).write_bytes((FOLDER / name).read_bytes())
    places = _rows("places.csv")
    _write(folder / "places.csv", PLACE_COLUMNS, (*places, *_made_up(MANY - len(places))))


def _rows(name: str) -> list[Row]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def _write(path: Path, columns: tuple[str, ...], rows: Iterable[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _copies(name: str, change: Callable[[Row, int], Row]) -> Rows:
    rows = _rows(name)
    yield from rows
    for copy in range(1, COPIES):
        for row in rows:
            yield change(row, copy)


def _named(cell: str, copy: int) -> str:
    return "|".join(_BEFORE[copy - 1] + name for name in cell.split("|")) if cell else ""


def _coded(code: str, copy: int) -> str:
    return f"99{copy:02}{code[_CITY_DIGITS:]}"


def _division(row: Row, copy: int) -> Row:
    names = {key: _named(row[key], copy) for key in ("name", "aliases")}
    return {**row, **names, "code": _coded(row["code"], copy), "parent_code": _coded(row["parent_code"], copy)}


def _former(row: Row, copy: int) -> Row:
    names = {key: _named(row[key], copy) for key in ("name", "aliases")}
    return {**row, **names, "parent_code": _coded(row["parent_code"], copy)}


def _place(row: Row, copy: int) -> Row:
    names = {key: _named(row[key], copy) for key in ("name", "aliases", "district", "street")}
    south, west = divmod(copy, 3)
    lat = f"{float(row['lat']) - south * _APART:.5f}" if row["lat"] else ""
    lon = f"{float(row['lon']) - west * _APART:.5f}" if row["lon"] else ""
    return {**row, **names, "lat": lat, "lon": lon}


def _made_up(count: int) -> Rows:
    """The same ones each time, some names more than once, as in real lists."""
    chance = random.Random(20261101)
    divisions = gazetteer.load().divisions.values()
    streets = [(d.parent, d.name) for d in divisions if d.level == "street"]
    districts = {d.code: d.name for d in divisions if d.level == "district"}
    for _ in range(count):
        code, street = chance.choice(streets)
        ending, kind = chance.choice(_ENDINGS)
        name = _name(chance, ending)
        has_point = chance.random() < _WITH_POINT
        yield {
            "name": name,
            "kind": kind,
            "district": districts[code],
            "street": street if chance.random() < _WITH_STREET else "",
            "aliases": "",
            "lat": f"{chance.uniform(35.6, 37.1):.5f}" if has_point else "",
            "lon": f"{chance.uniform(119.5, 121.0):.5f}" if has_point else "",
        }


def _name(chance: random.Random, ending: str) -> str:
    while True:
        stem = chance.choice(_SURNAMES) + chance.choice(_ONES) if chance.random() < 0.3 else chance.choice(_ONES)
        stem += "".join(chance.choices(_ONES, k=chance.choice((1, 1, 2))))
        name = stem + chance.choice(_MIDDLES) + ending
        if _SHORTEST <= len(name) <= _LONGEST:
            return name
