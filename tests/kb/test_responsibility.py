"""Who is responsible: by category and place, without a detour where the street's team may act at once."""

from __future__ import annotations

import pytest

from kb.places import Place
from kb.responsibility import helping_units, main_unit
from kb.taxonomy import Taxonomy

HERE = Place("同安路", district="崂山区", street="金家岭街道", road="同安路")
DISTRICT_ONLY = Place("崂山区", district="崂山区")
NOWHERE = Place("那边")


@pytest.mark.parametrize(
    ("code", "place", "main", "helps"),
    [
        # a street's own matter, on the list of what its team does itself
        ("620101", HERE, "金家岭街道综合行政执法队", None),
        ("620101", DISTRICT_ONLY, "所在街道办事处", None),
        ("620101", None, "所在街道办事处", None),
        # the bureau's matter that the street does itself: the bureau helps
        ("420102", HERE, "金家岭街道办事处", "崂山区城市管理局"),
        ("420102", DISTRICT_ONLY, "崂山区城市管理局", None),
        # not on the list
        ("410101", HERE, "路灯管理单位", "崂山区城市管理局"),
        ("410101", NOWHERE, "路灯管理单位", "所在区城市管理局"),
    ],
)
def test_the_unit_is_named_by_where_it_lies(
    tree: Taxonomy, code: str, place: Place | None, main: str, helps: str | None
) -> None:
    leaf = tree.leaf(code)

    assert main_unit(leaf, place) == main
    if helps:
        assert helps in helping_units(leaf, place)


def test_nobody_helps_twice_or_helps_themselves(tree: Taxonomy) -> None:
    direct = [leaf for leaf in tree if leaf.entry.street_direct]
    assert len(direct) >= 30
    for leaf in tree:
        for place in (HERE, DISTRICT_ONLY, NOWHERE, None):
            helping = helping_units(leaf, place)
            assert len(set(helping)) == len(helping), leaf.code
            assert main_unit(leaf, place) not in helping, leaf.code
            if place is HERE:
                assert not any("所在" in unit for unit in (main_unit(leaf, place), *helping)), (leaf.code, helping)
