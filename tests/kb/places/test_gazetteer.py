"""The city's lists in memory: what is packed comes out again, what is wrong in a file is told, a million fits."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as times
from hypothesis import strategies as st

from kb.content_files import ContentError
from kb.places.gazetteer import LONGEST_NAME, Division, Gazetteer, NamedPlace, PackedPlaces, load
from tests.conventions.repository import ROOT
from tests.kb.places.sketched import EAST, ELM, MOUTH, PIECES, PLACES, WEST, sketched
from tests.small_places import DIVISIONS, FORMER, city
from tests.small_places import PLACES as TABLE

CITY = sketched()


# ---- packing

WRITTEN = st.text(st.characters(exclude_characters="\t|", exclude_categories=["Cs"]), min_size=1, max_size=LONGEST_NAME)
POINTS = st.one_of(
    st.just((None, None)),
    st.tuples(st.floats(-90, 90), st.floats(-180, 180)),
    st.just((0.0, 0.0)),
    st.just((-0.0, 1e-9)),
)
NAMED = st.builds(
    lambda name, kind, districts, street, aliases, point: NamedPlace(name, kind, districts, street, aliases, *point),
    WRITTEN,
    st.sampled_from(["road", "park"]),
    st.lists(WRITTEN, max_size=3).map(tuple),
    st.none() | WRITTEN,
    st.lists(WRITTEN, max_size=3).map(tuple),
    POINTS,
)


@given(st.lists(NAMED, max_size=20))
@times(max_examples=200)
def test_what_is_packed_comes_out_again(places: list[NamedPlace]) -> None:
    packed = PackedPlaces(iter(places))
    assert len(packed) == len(places)
    assert list(packed) == places
    assert packed[1:] == places[1:]
    assert [packed[at] for at in range(len(places))] == places


@pytest.mark.parametrize("index", [-1, 9, 10_000])
def test_there_is_nothing_beyond_the_end(index: int) -> None:
    assert len(PLACES) == 9
    with pytest.raises(IndexError):
        PackedPlaces(PLACES)[index]


def test_no_places_are_none() -> None:
    assert list(PackedPlaces()) == []
    empty = Gazetteer({})
    assert (empty.named("海泉路"), empty.starting("海泉路"), empty.mentions("海泉路"), list(empty.names())) == (
        (),
        [],
        [],
        [],
    )
    assert empty.district("东岬区") is None
    assert "" not in empty and empty.named("") == ()


def test_packed_places_are_taken_as_they_are() -> None:
    packed = PackedPlaces(PLACES)
    assert Gazetteer({}, packed).places is packed


# ---- names


def test_every_name_and_alias_leads_to_its_entry() -> None:
    for place in PLACES:
        assert all(place in CITY.named(name) for name in (place.name, *place.aliases))
    for division in (*CITY.divisions.values(), *CITY.former):
        assert all(division in CITY.named(name) for name in (division.name, division.spoken, *division.aliases))


def test_divisions_of_today_come_before_former_ones_and_places() -> None:
    today, former = Division("1", "community", "岬村", ""), Division("", "community", "岬村", "1")
    place = NamedPlace("岬村", "landmark", (), None)
    assert Gazetteer({"1": today}, [place], [former]).named("岬村") == (today, former, place)


def test_a_name_that_is_given_twice_for_one_entry_has_it_once() -> None:
    place = NamedPlace("岬园", "park", (), None, ("岬园", "岬公园", "岬公园"))
    assert Gazetteer({}, [place]).named("岬园") == (place,)
    assert sorted(Gazetteer({}, [place]).names()) == ["岬公园", "岬园"]


@pytest.mark.parametrize(
    ("name", "spoken"),
    [
        ("沙坡社区居民委员会", "沙坡社区"),
        ("沙坡居委会", "沙坡社区"),
        ("柳塘村村民委员会", "柳塘村"),
        ("柳塘村民委员会", "柳塘村"),
        ("柳塘社区村委会", "柳塘社区"),
        ("柳塘社区村村民委员会", "柳塘社区"),
        ("榆钱街道", "榆钱街道"),
        ("居委会", "居委会"),
    ],
)
def test_a_division_is_spoken_without_its_office(name: str, spoken: str) -> None:
    assert Division("1", "community", name, "").spoken == spoken


def test_what_lies_above_and_below() -> None:
    village = CITY.divisions[f"{ELM}001"]
    assert CITY.parent(village) == CITY.divisions[ELM]
    assert CITY.district_of(village) == CITY.district_of(CITY.divisions[EAST]) == CITY.divisions[EAST]
    assert {one.code for one in CITY.children(EAST)} == {ELM, f"{EAST}002"}
    assert list(CITY.children("0")) == []
    assert CITY.district("东岬区") == CITY.divisions[EAST]
    assert CITY.district("东岬") is None, "only the official name"
    former = CITY.named("旧柳庄村")[0]
    assert isinstance(former, Division)
    assert CITY.parent(former) == CITY.divisions[MOUTH] and CITY.district_of(former) == CITY.divisions[WEST]


def test_names_with_which_a_text_begins_come_shortest_first() -> None:
    assert CITY.starting("榆钱街道办门口") == ["榆钱", "榆钱街道", "榆钱街道办"]
    assert CITY.starting("在榆钱街道") == []


def test_the_longest_of_overlapping_names_is_mentioned() -> None:
    assert [(m.start, m.name) for m in CITY.mentions("去海泉一路，海泉路")] == [(1, "海泉一路"), (6, "海泉路")]


@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
@times(max_examples=200)
def test_mentions_are_known_names_in_order_and_apart(text: str) -> None:
    end = 0
    for one in CITY.mentions(text):
        assert end <= one.start < one.end and text[one.start : one.end] == one.name
        assert one.entries == CITY.named(one.name) != ()
        end = one.end


# ---- files


def _load(tmp_path: Path, **files: str) -> Gazetteer:
    folder = city(tmp_path / "city")
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return load(folder)


def test_the_table_of_former_divisions_may_be_missing(tmp_path: Path) -> None:
    folder = city(tmp_path / "city")
    (folder / "former.csv").unlink()
    assert load(folder).former == ()
    assert load(folder).named("石桥乡") == ()


def test_a_former_division_is_known_by_its_names_and_has_no_code(tmp_path: Path) -> None:
    places = _load(tmp_path)
    town, village = places.former
    assert (town.code, town.name, town.parent, town.was) == ("", "石桥乡", "990101", "2001年并入")
    assert (village.aliases, village.was) == (("老柳",), "已合并"), (
        "a village is said without 村; nothing is known of it"
    )
    assert "老柳" in places and "石桥乡" in places
    assert "" not in places.divisions


def test_divisions_may_have_a_point(tmp_path: Path) -> None:
    lines = DIVISIONS.strip().split("\n")
    table = [lines[0] + ",lat,lon", lines[1] + ",36.5,120.5", *(line + ",," for line in lines[2:])]
    places = _load(tmp_path, divisions="\n".join(table) + "\n")
    first, second, *_ = places.divisions.values()
    assert (first.lat, first.lon) == (36.5, 120.5)
    assert (second.lat, second.lon) == (None, None)
    bare = load(city(tmp_path / "bare")).divisions
    assert {code: (one.name, one.aliases) for code, one in places.divisions.items()} == {
        code: (one.name, one.aliases) for code, one in bare.items()
    }


LONG = "长" * (LONGEST_NAME + 1)


@pytest.mark.parametrize(
    ("table", "old", "new", "said"),
    [
        ("divisions", "aliases\n", "aliases,lat\n", "divisions.csv:1: expected the columns"),
        ("divisions", "东山区,9901", ",9901", "divisions.csv:2: name: 1 to 32 characters on one line, not ''"),
        ("divisions", "东山区,9901", f"{LONG},9901", "divisions.csv:2: name: 1 to 32 characters"),
        ("former", ",street,", ",district,", "former.csv:2: level: unknown 'district'; known: street, community"),
        ("former", "990101,", "990199,", "former.csv:2: parent_code: no district or street '990199' in divisions.csv"),
        ("former", ",990102001,", ",990102001001,", "former.csv:3: parent_code: no district or street '990102001001'"),
        ("former", "老柳村", "", "former.csv:3: name: 1 to 32 characters"),
        ("former", "aliases,was", "aliases", "former.csv:1: expected the columns name,level,parent_code,aliases,was"),
        ("places", ",park,", ",garden,", "places.csv:2: kind: unknown 'garden'; known: bus_hub"),
        ("places", "东山区|西河区", "东山区|南山区", "places.csv:3: district: unknown '南山区'; known: 东山区, 西河区"),
        ("places", "西河区,河口街道", "东山区,河口街道", "places.csv:4: street: unknown '河口街道' in 东山区"),
        ("places", "36.05,120.05", "36.05,", "places.csv:2: lat, lon: one of them is missing in '36.05', ''"),
        ("places", "36.05,120.05", "北,东", "places.csv:2: lat, lon: not a number in '北', '东'"),
        ("places", "36.05,120.05", "120.05,36.05", "places.csv:2: lat, lon: 120.05, 36.05 is no point on earth"),
        ("places", "36.05,120.05", "nan,120.05", "places.csv:2: lat, lon: nan, 120.05 is no point on earth"),
        ("places", "五四广场", '"五四\t广场"', "places.csv:2: name: 1 to 32 characters on one line"),
    ],
)
def test_a_mistake_is_told_with_file_line_key_and_value(
    tmp_path: Path, table: str, old: str, new: str, said: str
) -> None:
    whole = {"divisions": DIVISIONS, "former": FORMER, "places": TABLE}[table]
    changed = whole.replace(old, new, 1)
    assert changed != whole
    with pytest.raises(ContentError) as wrong:
        _load(tmp_path, **{table: changed})
    assert said in str(wrong.value)


# ---- a large city

MANY = 200_000
LARGE = f"""
import resource
from kb.places.gazetteer import Gazetteer, NamedPlace

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

def place(number):
    name = f"{{chr(0x4E00 + number % 3000)}}{{chr(0x5E00 + number // 3000)}}路{{number % 90}}号院"
    return NamedPlace(name, "compound", ("东岬区",), "榆钱街道", (f"{{number}}院",), 36 + number / 1e6, 120.0)

before = peak()
many = Gazetteer({{}}, (place(number) for number in range({MANY})))
used = peak() - before
assert len(many.places) == {MANY}
for number in (0, 1, 77_777, {MANY} - 1):
    assert many.named(place(number).name) == (place(number),) == many.named(f"{{number}}院"), number
print(used)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems count memory otherwise")
def test_two_hundred_thousand_places_fit_into_little_memory() -> None:
    """As objects they would take three times as much; a fresh process, because peaks never go down."""
    ran = subprocess.run(
        [sys.executable, "-c", LARGE], cwd=ROOT, capture_output=True, text=True, check=False, timeout=100
    )
    assert ran.returncode == 0, ran.stderr
    assert int(ran.stdout) / 1024 < 90, "megabytes"
