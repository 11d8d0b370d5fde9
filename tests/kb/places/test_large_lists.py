"""What makes long lists small and quick gives the same as the plain way: packed columns, hashed sounds, warm starts."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as times
from hypothesis import strategies as st

from kb.places import atlas, sounds
from kb.places.gazetteer import Gazetteer, NamedPlace, PackedPlaces
from kb.places.near_index import Nearby
from kb.places.sounds import LONGEST, SHORTEST, Sounds
from tests.kb.places.sketched import sketched
from tests.small_places import city

# Characters that sound alike, that look alike, and that have no sound at all; a and 啊 count as the same.
CHARACTERS = st.sampled_from("海害孩全泉权路陆录未末a啊1□😀")
NAMES = st.lists(st.text(CHARACTERS, min_size=1, max_size=LONGEST + 1), max_size=30)


# ---- sounds


def _city_of(names: list[str]) -> Gazetteer:
    return Gazetteer({}, [NamedPlace(name, "road", (), None) for name in names])


@pytest.mark.parametrize("mix", [sounds._MIX, (0,) * LONGEST], ids=["as it is", "every hash the same"])
@given(names=NAMES, said=st.text(CHARACTERS, max_size=LONGEST + 1))
@times(max_examples=150, deadline=None)
def test_names_of_the_same_sound_are_those_that_comparing_all_gives(
    mix: tuple[int, ...], names: list[str], said: str
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sounds, "_MIX", mix)
        found = {slip.name for slip in Sounds(_city_of(names)).like(said) if sounds.sounds(slip.name) == _sound(said)}
    wanted = {one for one in names if _sound(one) == _sound(said) and len(one) == len(said) and one != said}
    assert found == (wanted if SHORTEST <= len(said) <= LONGEST else set())


def _sound(text: str) -> str:
    return sounds.sounds(text)


def test_names_are_listened_to_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The parts' borders are nowhere to be seen."""
    whole = Sounds(sketched())
    monkeypatch.setattr(sounds, "_AT_ONCE", 3)
    parts = Sounds(sketched())
    said = [f"{name[:-1]}{other}" for name in sketched().names() for other in "路陆区趋" if name]
    assert [list(parts.like(one)) for one in said] == [list(whole.like(one)) for one in said]
    assert any(list(parts.like(one)) for one in said)


# ---- packed places


def test_a_place_with_half_a_point_has_none() -> None:
    (place,) = PackedPlaces([NamedPlace("海泉路", "road", (), None, lat=36.0)])
    assert (place.lat, place.lon) == (None, None)


def test_places_with_a_point_are_told_by_their_index() -> None:
    places = PackedPlaces(
        NamedPlace(f"{n}号", "road", (), None, lat=30.0 + n if n % 3 == 1 else None, lon=120.0 if n % 3 == 1 else None)
        for n in range(8)
    )
    indices, points = places.with_point()
    assert indices.tolist() == [1, 4, 7]
    assert points.tolist() == [[31.0, 120.0], [34.0, 120.0], [37.0, 120.0]]
    none, nowhere = PackedPlaces().with_point()
    assert (none.tolist(), nowhere.shape) == ([], (0, 2))


def test_one_place_stands_for_those_of_one_kind_district_and_street() -> None:
    place = NamedPlace("甲", "road", ("东岬区",), "榆钱街道")
    others = [NamedPlace("丙", "park", ("东岬区",), "榆钱街道"), NamedPlace("丁", "road", ("东岬区",), None)]
    places = PackedPlaces([place, NamedPlace("乙", "road", ("东岬区",), "榆钱街道"), *others])
    assert list(places.unlike(np.array([0, 1, 2, 3], dtype=np.uint32))) == [place, *others]
    assert [one.name for one in places.unlike(np.array([1, 3], dtype=np.uint32))] == ["乙", "丁"]
    assert list(places.unlike(np.array([], dtype=np.uint32))) == []


def test_the_index_of_points_has_the_entries_that_have_one() -> None:
    gazetteer = sketched()
    nearby = Nearby.of(gazetteer)
    known = [one for one in (*gazetteer.divisions.values(), *gazetteer.places) if one.lat is not None]
    assert list(nearby.entries) == [one for one in known if getattr(one, "level", "") != "district"]
    assert len(nearby.entries) == len(nearby) > 0


def test_names_have_numbers_in_the_order_in_which_they_are_listed() -> None:
    gazetteer = sketched()
    assert [gazetteer.name(number) for number, _ in enumerate(gazetteer.names())] == list(gazetteer.names())
    with pytest.raises(KeyError):
        gazetteer.name(len(list(gazetteer.names())))


# ---- the first question


def test_an_atlas_is_ready_when_it_is_loaded(tmp_path: Path) -> None:
    """Nobody waits, and no two threads build the same at once: nothing is built when it is asked."""
    places = atlas.load(city(tmp_path / "city"))
    ready = dict(vars(places))
    assert {"reader", "nearby"} <= ready.keys()
    texts = ["东山区五四广场路灯坏了", "西河区幸福小区3号楼没水", "人民陆上有坑"] * 4
    with ThreadPoolExecutor(4) as pool:
        read = list(pool.map(places.read, texts))
        pinned = set(pool.map(places.at, [(36.05, 120.05)] * 8))
    assert read == [places.read(text) for text in texts]
    assert len(pinned) == 1 and pinned.pop().near == "五四广场"
    assert vars(places) == ready
