"""One spelling: traditional characters, spoken forms and slips, with the way back to what was said."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb import spelling
from kb.content_files import ContentError

SPELLING = spelling.load()


@pytest.mark.parametrize(
    ("said", "level"),
    [
        ("井蓋不見了", "井盖不见了"),
        ("电线掉啦", "电线掉了"),
        ("井盖儿没喽", "井盖没了"),
        ("儿子在幼儿园", "儿子在幼儿园"),
        ("ＬＥＤ屏", "led屏"),
        ("", ""),
    ],
)
def test_what_is_written_in_several_ways_is_levelled(said: str, level: str) -> None:
    assert SPELLING.level(said).text == level


@given(st.text(max_size=60))
def test_every_place_in_the_level_text_leads_back_to_what_was_said(said: str) -> None:
    level = SPELLING.level(said)
    assert len(level.text) == len(level.places)
    assert all(said[place] == level.as_said(i, i + 1) for i, place in enumerate(level.places))


def test_a_slip_of_another_length_is_refused_with_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "spelling.yml"
    path.write_text("traditional: []\nspoken: []\nendings: []\nslips:\n  煤气味道: 煤气\n", encoding="utf-8")
    with pytest.raises(ContentError, match=r"spelling.yml:\d: slips: '煤气味道'"):
        spelling.load(path)
