"""Names as they sound and look: who is proposed for what was written, and who is not."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as times
from hypothesis import strategies as st

from kb.content_files import ContentError
from kb.places import alike as content
from kb.places.alike import Alike, citys, load
from kb.places.gazetteer import Gazetteer, NamedPlace
from kb.places.sounds import LONGEST, Slip, Sounds, alike, sound, sounds
from tests.kb.places.sketched import sketched

NAMES = Sounds(sketched())
KNOWN = sorted(name for name in sketched().names() if 2 <= len(name) <= LONGEST)


def like(said: str) -> list[tuple[str, int]]:
    return [(slip.name, slip.differ) for slip in NAMES.like(said)]


# ---- nothing is proposed


@pytest.mark.parametrize(
    "said",
    ["", "海", "海泉路", "北京路", "人和", "x" * LONGEST, "海泉" * LONGEST, "\t", "海泉路\t", "hai quan lu", "😀😀"],
)
def test_what_is_no_slip_proposes_nothing(said: str) -> None:
    assert like(said) == []


def test_an_empty_list_proposes_nothing() -> None:
    assert list(Sounds(Gazetteer({})).like("海泉路")) == []


def test_two_characters_of_like_shape_are_too_much() -> None:
    assert ("蟹湾中路", 1) in like("蟹弯中路")
    assert like("蟹甲电路") == []


# ---- who is meant


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("海全路", ("海泉路", 1)),
        ("害全路", ("海泉路", 2)),
        ("蟹湾钟路", ("蟹湾中路", 1)),
        ("青山小区", ("青杉小区", 1)),  # sh and s, an and ang are not told apart
        ("轻桑小区", ("青杉小区", 2)),
        ("龙芽街道", ("龙牙街道", 1)),
        ("海泉一路路", None),
    ],
)
def test_a_name_that_sounds_the_same_is_proposed(said: str, meant: tuple[str, int] | None) -> None:
    assert like(said) == ([meant] if meant else [])


def test_a_name_that_looks_the_same_is_proposed() -> None:
    looks = Alike.model_validate({"shapes": ["沟钩", "未末"], "sounds": {}}).by_character
    assert looks == {"沟": {"沟", "钩"}, "钩": {"沟", "钩"}, "未": {"未", "末"}, "末": {"未", "末"}}
    group = next(group for group in citys().shapes if sound(group[0]) != sound(group[1]))
    one, other = group[:2]
    places = Sounds(Gazetteer({}, (NamedPlace(f"{one}岭路", "road", (), None),)))
    assert list(places.like(f"{other}岭路")) == [Slip(f"{other}岭路", f"{one}岭路", 1)]


@pytest.mark.parametrize(
    ("a", "b"), [("香", "湘"), ("中", "宗"), ("山", "商"), ("林", "零"), ("泊", "伯"), ("未", "末")]
)
def test_characters_that_are_alike(a: str, b: str) -> None:
    assert alike(a, b) and alike(b, a)


@pytest.mark.parametrize(("a", "b"), [("东", "西"), ("一", "二"), ("北", "南"), ("海", "湖"), ("A", "B"), ("1", "一")])
def test_characters_that_are_not(a: str, b: str) -> None:
    assert not alike(a, b) and not alike(b, a)


def test_a_character_of_several_sounds_sounds_as_in_names() -> None:
    assert sounds("泊里长大") == "bo li can da "
    assert sound("A") == "A"
    assert sounds("") == ""


@given(st.sampled_from(KNOWN), st.data())
@times(max_examples=200)
def test_every_name_is_found_again_when_one_character_is_written_by_its_sound(name: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(name) - 1))
    same = [
        c for c in "海害泉全蟹谢湾弯弯青轻清杉山三龙隆牙芽西希中钟终东冬区趋榆鱼钱前" if sound(c) == sound(name[at])
    ]
    if not same:
        return
    said = name[:at] + data.draw(st.sampled_from(same)) + name[at + 1 :]
    assert said == name or said in KNOWN or (name, 1) in like(said)


@given(st.text(max_size=12))
@times(max_examples=500)
def test_whatever_is_proposed_is_a_name_of_the_same_length(said: str) -> None:
    for slip in NAMES.like(said):
        assert slip.said == said != slip.name
        assert slip.name in NAMES.gazetteer
        assert len(slip.name) == len(said)
        assert slip.differ == sum(a != b for a, b in zip(said, slip.name, strict=True))
        assert all(alike(a, b) for a, b in zip(said, slip.name, strict=True))


# ---- the file that a city edits


def test_the_citys_file_is_read_once() -> None:
    assert citys() is citys()
    assert citys().by_character["墨"] >= {"墨", "黑"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "alike.yml:1: expected keys and values, found nothing"),
        ("shapes: [未末]\n", "alike.yml:1: sounds: Field required (missing)"),
        ("shapes: [未末]\nsounds: {}\nshape: [x]\n", "alike.yml:1: shape: Extra inputs are not permitted"),
        ("shapes: [未]\nsounds: {}\n", "alike.yml:1: shapes.0: String should have at least 2 characters ('未')"),
        ("shapes: ['未 末']\nsounds: {}\n", "alike.yml:1: shapes.0: "),
        ("shapes: []\nsounds:\n  泊: Bo1\n", "alike.yml:3: sounds.泊: "),
        ("shapes: []\nsounds:\n  泊泊: bo\n", "alike.yml:3: sounds.泊泊.[key]: String should have at most 1 character"),
        ("shapes: []\nsounds: {泊: bo, 泊: po}\n", "alike.yml:2: key '泊' stands here again (first on line 2)"),
    ],
)
def test_a_mistake_in_the_file_is_told_with_file_and_line(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "alike.yml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ContentError) as wrong:
        load(path)
    assert said in str(wrong.value)


def test_the_file_is_where_the_content_is() -> None:
    assert content.FILE.exists()
    assert load() == citys()
