"""From the names of an address to district, street and community."""

import random

import pytest

from kb.places.addresses import Address, Roles, grouped
from kb.places.element import Element, Kind
from kb.places.elements import Finder
from kb.places.gazetteer import Division
from kb.places.resolving import Resolved, Resolver
from kb.places.vocabulary import load
from tests.kb.places.sketched import DIVISIONS, DRAGON, EAST, ELM, MOUTH, RIDGE, WEST, hostile, sketched

CITY, WORDS = sketched(), load()
FINDER, ROLES, RESOLVER = Finder(CITY, WORDS), Roles(WORDS), Resolver(CITY)
BY_CODE = {one.code: one for one in DIVISIONS}


def resolved(text: str, *context: str) -> Resolved:
    """The first address of the text; `context`: codes of districts named elsewhere."""
    address = grouped(text, FINDER.elements(text))[0]
    return RESOLVER.resolve(address, [BY_CODE[code] for code in context])


def _codes(*divisions: Division | None) -> list[str | None]:
    return [one.code if one else None for one in divisions]


# ---- what cannot be known


def test_a_name_that_no_list_knows_lies_nowhere() -> None:
    assert resolved("孟沙河二路") == Resolved(None)
    assert resolved("308国道") == Resolved(None)


def test_a_name_of_two_districts_has_both_as_alternatives() -> None:
    for text in ("人和路", "幸福小区"):
        found = resolved(text)
        assert found.district is None and found.street is None
        assert {one.code for one in found.alternatives} == {EAST, WEST}
        assert not found.conflict


def test_no_alternative_is_told_where_everything_fits() -> None:
    assert resolved("东岬区人和路").alternatives == ()


# ---- what agrees


@pytest.mark.parametrize(
    ("text", "district", "street", "community"),
    [
        ("东岬区", EAST, None, None),
        ("东岬", EAST, None, None),
        ("老岬县", EAST, None, None),
        ("榆钱街道", EAST, ELM, None),
        ("东岬区中峰镇", EAST, RIDGE, None),
        ("沙坡社区", WEST, MOUTH, f"{MOUTH}001"),
        ("柳塘社区", WEST, DRAGON, f"{DRAGON}001"),
        ("柳塘村", EAST, ELM, f"{ELM}001"),
        ("榆钱街道柳塘", EAST, ELM, f"{ELM}001"),
        ("龙牙街道柳塘", WEST, DRAGON, f"{DRAGON}001"),
        # a place gives its district, and its street where the list says it
        ("海泉路", EAST, ELM, None),
        ("海泉一路", EAST, None, None),
        ("鸥鸣广场", EAST, ELM, None),
        ("西湾区青杉小区", WEST, MOUTH, None),
        ("东岬区幸福小区", EAST, RIDGE, None),
        # two names, of which each may lie in several
        ("人和路与海泉路", EAST, None, None),
        ("人和路沙坡社区", WEST, MOUTH, f"{MOUTH}001"),
    ],
)
def test_names_that_agree_give_all_that_lies_above_them(
    text: str, district: str, street: str | None, community: str | None
) -> None:
    found = resolved(text)
    assert _codes(found.district, found.street, found.community) == [district, street, community]
    assert not found.conflict


def test_what_was_said_of_the_district_is_told_apart_from_what_was_concluded() -> None:
    assert (resolved("东岬区海泉路").stated, resolved("东岬区海泉路").agree) == (True, 1)
    assert (resolved("海泉路").stated, resolved("海泉路").agree) == (False, 1)
    assert (resolved("东岬区孟沙河二路").stated, resolved("东岬区孟沙河二路").agree) == (True, 0)
    assert resolved("东岬区榆钱街道海泉路").agree == 2


# ---- what does not agree


def test_one_name_against_the_stated_district_is_a_conflict() -> None:
    found = resolved("西湾区海泉路")
    assert _codes(found.district) == [WEST]
    assert found.conflict
    assert _codes(*found.alternatives) == [EAST]


def test_two_names_against_the_stated_district_outweigh_it() -> None:
    found = resolved("西湾区榆钱街道海泉路")
    assert _codes(found.district, found.street) == [EAST, ELM]
    assert found.conflict
    assert _codes(*found.alternatives) == [WEST]


def test_a_misspelt_name_is_no_evidence_against_the_district() -> None:
    entries = FINDER.elements("海泉路")[0].entries
    district = FINDER.elements("西湾区")[0]
    address = Address((district, Element(Kind.ROAD, 3, 6, 6, "海泉路", entries, slip=True)))
    assert not RESOLVER.resolve(address).conflict
    assert _codes(RESOLVER.resolve(address).district) == [WEST]


# ---- districts named elsewhere in the text


def test_a_district_named_elsewhere_decides_between_two() -> None:
    found = resolved("人和路", WEST)
    assert _codes(found.district) == [WEST]
    assert not found.stated


def test_a_district_named_elsewhere_gives_way_to_what_is_known() -> None:
    found = resolved("海泉路", WEST)
    assert _codes(found.district) == [EAST]
    assert not found.conflict and found.alternatives == ()


def test_the_districts_own_statement_goes_before_one_elsewhere() -> None:
    assert _codes(resolved("东岬区人和路", WEST).district) == [EAST]


# ---- divisions that are no more


def test_a_former_village_has_the_street_it_belongs_to_now() -> None:
    found = resolved("旧柳庄村")
    assert _codes(found.district, found.street) == [WEST, MOUTH]
    assert found.community is not None and found.community.code == ""


def test_a_former_street_lies_in_its_district_and_keeps_its_name() -> None:
    found = resolved("石磨镇")
    assert _codes(found.district) == [EAST]
    assert found.street is not None and (found.street.name, found.street.code) == ("石磨镇", "")


# ---- every text


def test_what_is_resolved_never_contradicts_itself() -> None:
    chance = random.Random(40)
    seen = 0
    for text in (hostile(chance) for _ in range(400)):
        for address in ROLES.given(text, grouped(text, FINDER.elements(text))):
            found = RESOLVER.resolve(address)
            seen += found.street is not None
            if found.district is None:
                continue
            for below in (found.street, found.community):
                assert below is None or CITY.district_of(below) == found.district, text
            assert found.district not in found.alternatives, text
    assert seen > 50
