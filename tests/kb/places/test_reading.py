"""The city's gazetteer, and reading one place out of what people write."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as times
from hypothesis import strategies as st

from kb import places
from kb.content_files import ContentError
from kb.places import Gazetteer, Place, read
from kb.text import clean

Reading = Callable[[str], Place | None]


@pytest.fixture(scope="module")
def reading(gazetteer: Gazetteer) -> Reading:
    return lambda text: read(gazetteer, text)


# What was said: district, street, road, spot (None: not said, or not to be known from it).
SAID = [
    ("崂山区海尔路上有个井盖翘起来了", "崂山区", None, "海尔路", None),
    ("市北区辽宁路12号门口下水道返味", "市北区", None, "辽宁路", None),
    ("市南区南京路100号门口占道", "市南区", None, "南京路", None),
    ("市北区台柳路绿化带枯死", "市北区", None, "台柳路", None),
    ("市南区云霄路夜里大排档油烟", "市南区", None, "云霄路", None),
    ("即墨区鹤山路路边烧纸", "即墨区", None, "鹤山路", None),
    ("青岛市崂山区松岭路科技大学门口烧烤", "崂山区", None, "松岭路", "科技大学"),
    ("山东省青岛市市南区太平路栈桥有人乱摆摊", "市南区", None, "太平路", "栈桥"),
    ("李沧区虎山路街道金水路和黑龙江路路口井盖没了", "李沧区", "虎山路街道", "金水路", None),
    # a street gives its district, a known place gives both
    ("城阳街道正阳路有人遛狗不牵绳", "城阳区", "城阳街道", "正阳路", None),
    ("黄岛区薛家岛街道垃圾桶满了", "黄岛区", "薛家岛街道", None, None),
    ("平度市南村镇马路上大车太多", "平度市", "南村镇", None, None),
    ("胶州市三里河街道沿街商铺占道", "胶州市", "三里河街道", None, None),
    ("镇江路街道办门口堆满共享单车", "市北区", "镇江路街道", None, None),
    ("台东步行街晚上烧烤摊一个挨一个", "市北区", "台东街道", None, "台东步行街"),
    ("五四广场的音响太吵", "市南区", None, None, "五四广场"),
    ("莱西市月湖公园健身器材坏了", "莱西市", None, None, "月湖公园"),
    ("城阳区流亭街道白沙河边有人倒渣土", "城阳区", "流亭街道", None, "白沙河"),
    ("城阳区正阳路利客来商场门口噪音", "城阳区", None, "正阳路", "利客来商场"),
    ("李沧区宝龙广场后门垃圾成山", "李沧区", None, None, "宝龙广场"),
    ("李沧区百通馨苑五区楼下有人放广场舞", "李沧区", "虎山路街道", None, "百通馨苑"),
    # a name that runs through one district, and names that run through several
    ("金水路上渣土车半夜跑", "李沧区", None, "金水路", None),
    ("香港西路绿化喷灌喷到行人", "市南区", None, "香港西路", None),
    ("南京路上共享单车堆成山", None, None, "南京路", None),
    ("福州北路天桥灯不亮", None, None, "福州北路", "福州北路天桥"),
    ("北京路坑洼", None, None, "北京路", None),
    ("黄岛区北京路坑洼", "黄岛区", None, "北京路", None),
    ("胶州市北京路坑洼", "胶州市", None, "北京路", None),
    # names of other days
    ("四方区嘉定路小区没电梯", "市北区", None, "嘉定路", "嘉定路小区"),
    ("西海岸新区长江中路树枝断了", "黄岛区", None, "长江中路", None),
    # a house's number, and what stands at any road
    ("市北区登州路66号路灯坏了", "市北区", None, "登州路", None),
    ("市北区合肥路688号路灯不亮", "市北区", None, "合肥路", None),
    ("李沧区永年路26号路面坑坑洼洼", "李沧区", None, "永年路", None),
    # the speaker's home is not the problem's place, unless it is the only one
    ("我家住崂山区，市南区漳州路路灯全黑", "市南区", None, "漳州路", None),
    ("我住市北区，李沧区书院路那段路坑坑洼洼", "李沧区", None, "书院路", None),
    ("我是城阳的，今天在崂山区香港东路看到围挡倒了", "崂山区", None, "香港东路", None),
    ("我家住在市北区合肥路，家里没暖气", "市北区", None, "合肥路", None),
    ("我在市南区上班，每天路过市北区台东一路，路灯全灭", "市北区", None, "台东一路", None),
    # a known name at the head of another one, and the city's name in a station's
    ("翠湖花园三期北门的路灯坏了，三天了", None, None, None, "翠湖花园"),
    ("青岛站出站口黑车拉客", "市南区", None, None, "青岛站"),
]
NOWHERE = ["楼上半夜装修", "物业收了钱不干活", "路灯不亮", "你好", "家里没暖气", "小区里有人养鸡", "人行道地砖松了"]


@pytest.mark.parametrize(("text", "district", "street", "road", "spot"), SAID)
def test_the_place_is_read_as_a_person_would(
    gazetteer: Gazetteer, text: str, district: str | None, street: str | None, road: str | None, spot: str | None
) -> None:
    place = read(gazetteer, text)
    assert place is not None
    assert (place.district, place.road) == (district, road)
    assert place.spot == spot or (spot and place.spot and place.spot.startswith(spot))
    assert street is None or place.street == street
    assert place.precise is bool(road or spot)


@pytest.mark.parametrize("text", [*NOWHERE, "谁管管这些小广告", "路边的树倒了", "", "。。。", "😀"])
def test_what_names_no_place_has_none(gazetteer: Gazetteer, text: str) -> None:
    assert read(gazetteer, text) is None


def test_a_road_without_a_name_is_no_road(gazetteer: Gazetteer) -> None:
    """Else the report would go out with a place where nobody can be sent, and nobody would ask."""
    place = read(gazetteer, "家住黄岛区，单位门口那条路总积水")
    assert place is not None
    assert not place.precise


def test_a_community_gives_its_street_and_district(gazetteer: Gazetteer) -> None:
    place = read(gazetteer, "车家下庄社区污水外溢")
    assert place is not None
    assert (place.district, place.street) == ("崂山区", "中韩街道")
    assert place.community
    assert place.community_code and place.street_code and place.district_code
    assert place.community_code.startswith(place.street_code)
    assert place.street_code.startswith(place.district_code)


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("市北区辽宁路12号门口下水道返味", "市北区辽宁路12号门口"),
        ("浮山后四小区3号楼2单元501室楼上漏水", "浮山后四小区3号楼"),
        ("城阳区正阳路利客来商场门口噪音", "城阳区正阳路利客来商场门口"),
        ("李沧区万达广场北门的烧烤摊", "李沧区万达广场北门"),
        ("百通馨苑五区楼下有人放广场舞", "百通馨苑五区楼下"),
    ],
)
def test_the_words_that_lead_a_worker_there_are_kept(gazetteer: Gazetteer, text: str, span: str) -> None:
    place = read(gazetteer, text)
    assert place is not None
    assert place.text == span


def test_the_coordinates_of_a_known_spot_say_their_system(gazetteer: Gazetteer) -> None:
    place = read(gazetteer, "五四广场的音响太吵")
    assert place is not None and place.lat and place.lon
    assert place.crs == "WGS-84"
    assert abs(place.lat - 36.06) < 0.02


@given(
    st.sampled_from(["浮山后四小区", "翠湖小区", "百通馨苑", "四季景园", "金水路65号"]),
    st.sampled_from(["3号楼", "3栋", "12号楼", "5幢", ""]),
    st.sampled_from(["2单元", "二单元", "十二单元", ""]),
    st.sampled_from(["501室", "501户", "1203室", "501", "1203"]),
    st.sampled_from(["", "漏水", "，南京路", "对面金水路", "旁边的金水路漏水"]),
)
@times(max_examples=300)
def test_a_flat_is_never_in_the_places_words(
    reading: Reading, spot: str, building: str, unit: str, flat: str, rest: str
) -> None:
    place = reading(f"{spot}{building}{unit}{flat}{rest}")
    assert place is None or not re.search("单元|501|1203", place.text)


PIECES = ["市北区", "李沧区", "海尔路", "金水路", "翠湖", "五四广场", "青岛", "3号楼", "2单元501", "我家住", "，", "。",
          "在", "的", "路口", "小区", "社区", "北门", " ", "\n", "路", "和", "１２", "ⅷ", "😀", "\u200b"]  # fmt: skip


@given(st.one_of(st.text(max_size=60), st.lists(st.sampled_from(PIECES), max_size=12).map("".join)))
@times(max_examples=300)
def test_reading_never_fails_and_its_words_are_clean(reading: Reading, text: str) -> None:
    reading(text)
    place = reading(clean(text))
    assert reading(clean(clean(text))) == place
    if place is None:
        return
    assert clean(place.text) == place.text
    assert 0 <= place.confidence <= 1
    assert Place.from_dict(place.as_dict()) == place


def test_nothing_is_said_twice_in_full() -> None:
    assert Place("金水路65号", district="李沧区", street="虎山路街道").full == "李沧区 · 虎山路街道 · 金水路65号"
    assert Place("李沧区金水路", district="李沧区").full == "李沧区金水路"
    assert Place("", district="李沧区").full == "李沧区"


def test_the_citys_lists_have_the_size_they_should_have(gazetteer: Gazetteer) -> None:
    levels = [one.level for one in gazetteer.divisions.values()]
    assert [levels.count(level) for level in ("district", "street", "community")] == [10, 141, 2120]
    assert len(gazetteer.places) > 2000


def test_the_longest_name_wins_where_names_overlap(gazetteer: Gazetteer) -> None:
    assert [one.name for one in gazetteer.mentions("即墨路小商品城")] == ["即墨路小商品城"]
    assert [one.name for one in gazetteer.mentions("台东步行街")] == ["台东步行街"]


DIVISIONS = """\
code,level,name,parent_code,aliases
370213,district,李沧区,3702,李沧
370213007,street,虎山路街道,370213,虎山路街道办
370213007001,community,百通社区,370213007,
"""
PLACES = """\
name,kind,district,street,aliases,lat,lon
金水路,road,李沧区,,,,
百通馨苑,compound,李沧区,虎山路街道,百通,36.1,120.4
"""


def _folder(tmp_path: Path, divisions: str = DIVISIONS, named: str = PLACES) -> Path:
    (tmp_path / "divisions.csv").write_text(divisions, encoding="utf-8")
    (tmp_path / "places.csv").write_text(named, encoding="utf-8")
    return tmp_path


def test_another_citys_two_files_are_enough(tmp_path: Path) -> None:
    place = read(places.load(_folder(tmp_path)), "百通三号楼下水道堵了")
    assert place is not None
    assert (place.district, place.street, place.lat) == ("李沧区", "虎山路街道", 36.1)


@pytest.mark.parametrize(
    ("divisions", "named", "said"),
    [
        (DIVISIONS.replace(",street,", ",ward,"), PLACES, "divisions.csv:3: level: unknown 'ward'"),
        (DIVISIONS.replace("370213007001", "370213007"), PLACES, "divisions.csv:4: code: 370213007 is given twice"),
        (DIVISIONS.replace(",370213,", ",370299,"), PLACES, "divisions.csv:3: parent_code: no division '370299'"),
        (DIVISIONS.replace("parent_code", "parent"), PLACES, "divisions.csv:1: expected the columns"),
        (DIVISIONS.replace(",370213007,\n", "\n"), PLACES, "divisions.csv:4: expected 5 columns"),
        (DIVISIONS, PLACES.replace(",road,", ",river,"), "places.csv:2: kind: unknown 'river'"),
        (DIVISIONS, PLACES.replace("李沧区,虎", "八大侠区,虎"), "places.csv:3: district: unknown '八大侠区'"),
        (DIVISIONS, PLACES.replace("虎山路街道", "八大侠街道"), "places.csv:3: street: unknown '八大侠街道'"),
        (DIVISIONS, PLACES.replace("36.1", "北纬36"), "places.csv:3: lat, lon: not a number"),
        (DIVISIONS, PLACES.replace("120.4", "120.4,多"), "places.csv:3: expected 7 columns"),
    ],
)
def test_a_mistake_is_told_with_file_and_line(tmp_path: Path, divisions: str, named: str, said: str) -> None:
    with pytest.raises(ContentError) as told:
        places.load(_folder(tmp_path, divisions, named))
    assert str(told.value).startswith(f"{tmp_path}/{said}"), str(told.value)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ContentError, match=r"divisions\.csv:1: the file does not exist"):
        places.load(tmp_path)


def test_a_table_saved_in_the_office_encoding_is_told(tmp_path: Path) -> None:
    (_folder(tmp_path) / "places.csv").write_bytes(PLACES.encode("gb18030"))
    with pytest.raises(ContentError, match=r"places\.csv:1: not UTF-8"):
        places.load(tmp_path)


def test_a_table_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    (_folder(tmp_path) / "places.csv").write_bytes(b"\xef\xbb\xbf" + PLACES.encode())
    assert len(places.load(tmp_path).places) == 2


def test_a_road_that_was_misspelled_is_told_as_it_is_written(reading: Reading) -> None:
    found = reading("市南区燕尔岛路60号楼下早点摊的油污泼了一地")
    assert found is not None
    assert found.road == "燕儿岛路"
    assert "燕儿岛路60号" in found.text
    assert "燕尔岛路" not in found.full
