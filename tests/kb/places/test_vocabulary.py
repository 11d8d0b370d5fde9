"""The words by which places are read: a mistake in the file is told where it is, and an edit has its effect."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from kb.content_files import ContentError
from kb.places.reading import Reader
from kb.places.vocabulary import FILE, Vocabulary, load
from tests.kb.places.sketched import sketched

WHOLE: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))


def _file(folder: Path, **changed: Any) -> Path:
    """The city's file with other values, one key a line; None leaves a key out."""
    path = folder / "reading.yml"
    values = {key: value for key, value in {**WHOLE, **changed}.items() if value is not None}
    lines = (f"{key}: {json.dumps(value, ensure_ascii=False)}\n" for key, value in values.items())
    path.write_text("".join(lines), encoding="utf-8")
    return path


def _with(folder: Path, **more: list[str]) -> Vocabulary:
    return load(_file(folder, **{key: [*WHOLE[key], *words] for key, words in more.items()}))


# ---- mistakes


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"home_before": ["住(?:在"]}, "home_before: Value error, '住(?:在' is no pattern: missing )"),
        ({"route_after": ["[公交"]}, "route_after: Value error, '[公交' is no pattern: unterminated character set"),
        ({"organisation_place_after": "*门"}, "organisation_place_after: Value error, '*门' is no pattern: nothing to"),
        ({"elsewhere": ["济南", "烟台)"]}, "elsewhere: Value error, '烟台)' is no pattern: unbalanced parenthesis"),
        ({"road_endings": []}, "road_endings: Tuple should have at least 1 item"),
        ({"road_endings": [""]}, "road_endings.0: String should have at least 1 character ('')"),
        ({"road_endings": "路"}, "road_endings: Input should be a valid tuple ('路')"),
        ({"common": [1]}, "common.0: Input should be a valid string (1)"),
        ({"leads": None}, "leads: Field required (missing)"),
        ({"streets": ["路"]}, "streets: Extra inputs are not permitted (['路'])"),
    ],
)
def test_a_mistake_is_told_with_file_line_key_and_value(tmp_path: Path, changed: dict[str, Any], said: str) -> None:
    path = _file(tmp_path, **changed)
    with pytest.raises(ContentError) as wrong:
        load(path)
    assert re.match(rf"{re.escape(str(path))}:\d+: {re.escape(said)}", str(wrong.value)), wrong.value


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "reading.yml:1: expected keys and values, found nothing"),
        ("[路]\n", "reading.yml:1: expected keys and values, found ['路']"),
        ("road_endings: [路\n", "reading.yml:2: "),
        ("common: [路]\ncommon: [街]\n", "reading.yml:2: key 'common' stands here again (first on line 1)"),
    ],
)
def test_what_is_no_such_file_is_told(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "reading.yml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ContentError) as wrong:
        load(path)
    assert said in str(wrong.value)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ContentError, match=r"none\.yml:1: the file does not exist"):
        load(tmp_path / "none.yml")


# ---- what the words do


def test_the_patterns_hold_on_to_the_name() -> None:
    words = load()
    assert words.before("home").search("我家住在")
    assert not words.before("home").search("我家住在那边，听说")
    assert words.after("work").match("上班")
    assert not words.after("work").match("那里有人上班")


def test_words_that_are_never_part_of_a_name_are_the_common_ones_and_the_leads() -> None:
    words = load()
    assert words.stops == {*words.common, *words.leads}


def test_a_word_added_to_the_file_has_its_effect(tmp_path: Path) -> None:
    text = "东岬区虹桥码口积水，"
    before, after = Reader(sketched()), Reader(sketched(), _with(tmp_path, spot_endings=["码口"]))
    found = [reader.read(text).place for reader in (before, after)]
    assert [place.spot if place else None for place in found] == [None, "虹桥码口"]


def test_a_sign_in_an_ending_is_a_sign_and_no_pattern(tmp_path: Path) -> None:
    words = _with(tmp_path, spot_endings=["(二期)"], road_endings=["路*"])
    place = Reader(sketched(), words).read("虹桥里门口").place
    assert place is None or place.spot is None


def test_another_city_named_in_the_file_is_elsewhere(tmp_path: Path) -> None:
    text = "岚屿市海泉路积水"
    assert Reader(sketched()).read(text).elsewhere is None
    assert Reader(sketched(), _with(tmp_path, elsewhere=["岚屿"])).read(text).elsewhere == "岚屿市"
