"""Why somebody is not content."""

from __future__ import annotations

from pathlib import Path

import pytest

from kb import taxonomy
from kb.content_files import ContentError
from kb.satisfaction import reasons

REASONS, TREE = reasons.load(), taxonomy.load()


def test_every_branch_has_reasons_of_its_own_and_room_for_the_common_ones() -> None:
    branches = {leaf.level1_code for leaf in TREE}
    assert set(REASONS.branches) == branches
    for leaf in TREE:
        offered = REASONS.of(leaf.code)
        own = REASONS.branches[leaf.level1_code]
        assert offered[: len(own)] == own and len(own) < len(offered) <= reasons.SHOWN
        assert len({one.name for one in offered}) == len(offered), f"two buttons of {leaf.code} say the same"


def test_no_id_means_two_things() -> None:
    ids = [one.id for group in (REASONS.common, *REASONS.branches.values()) for one in group]
    assert sorted(ids) == sorted(set(ids))


@pytest.mark.parametrize(
    ("text", "category", "found"),
    [
        ("根本没人来", "410102", ("nobody_came",)),
        ("来看了一眼就走了，态度还差", "410102", ("only_looked", "attitude")),
        ("灯还是不亮", "410102", ("lamp_still_dark",)),
        ("还是不热", "210101", ("still_cold",)),
        ("还是不热", "410102", ()),
        ("没什么", "410102", ()),
        ("", "", ()),
    ],
)
def test_what_people_say_names_reasons(text: str, category: str, found: tuple[str, ...]) -> None:
    assert REASONS.heard(text, category) == found


def test_a_reason_that_is_in_no_file_any_more_stands_for_itself() -> None:
    assert REASONS.name("slow") == "太慢了"
    assert REASONS.name("long_gone") == "long_gone" and not REASONS.has("long_gone")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("common:\n- {id: a, name: 慢了, words: [慢]}\n- {id: a, name: 差了, words: [差]}\nbranches: {}\n", "twice"),
        (
            "common:\n- {id: a, name: 慢了, words: [慢]}\nbranches:\n  '41':\n  - {id: a, name: 暗了, words: [暗]}\n",
            "twice",
        ),
        ("common:\n- {id: A b, name: 慢了, words: [慢]}\nbranches: {}\n", "id"),
        ("common:\n- {id: a, name: 慢了, words: []}\nbranches: {}\n", "words"),
        ("common: []\nbranches: {}\n", "common"),
        ("common:\n- {id: a, name: 慢了, words: [慢]}\nbranches: {x: []}\n", "branches"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_with_its_file(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "reasons.yml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ContentError, match=rf"reasons\.yml:\d+: .*{says}"):
        reasons.load(file)
