"""The page's words: every language whole, the same gaps, faults named by place."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kb import page_words
from kb.content_files import CONTENT, ContentError, read_mapping
from kb.page_words import FIRST, FOLDER, gaps

LANGUAGES = ("zh-Hans", "en", "zh-Hant")


def sentences(language: str) -> dict[str, str]:
    """As the files have them, nothing standing in."""
    found = {}
    for path in (FOLDER / language).glob("*.yml"):
        if path.stem != page_words.ELDER:
            found |= {f"{path.stem}.{key}": value for key, value in read_mapping(path).items()}
    return found


def test_the_languages_that_ship() -> None:
    assert set(page_words.load().languages) == set(LANGUAGES)
    assert page_words.load().languages[0] == FIRST


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_every_language_has_every_sentence_with_the_same_gaps(language: str) -> None:
    first, other = sentences(FIRST), sentences(language)
    assert sorted(first.keys() - other.keys()) == []
    assert sorted(other.keys() - first.keys()) == []
    assert [key for key in first if gaps(first[key]) != gaps(other[key])] == []


def test_english_has_no_chinese_but_what_is_to_be_typed() -> None:
    said = {key: re.sub("“[^”]*”", "", text) for key, text in sentences("en").items()}
    assert {key: text for key, text in said.items() if any("\u4e00" <= one <= "\u9fff" for one in text)} == {}


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "zh-Hans"),
        ("zh-CN,zh;q=0.9", "zh-Hans"),
        ("zh-TW,zh;q=0.9,en;q=0.8", "zh-Hant"),
        ("zh-HK", "zh-Hant"),
        ("zh-Hant-CN", "zh-Hant"),
        ("zh-Hans-HK", "zh-Hans"),
        ("en-US,en;q=0.9,zh;q=0.8", "en"),
        ("fr-FR,en;q=0.5", "en"),
        ("ja", "zh-Hans"),
        ("en;q=0,zh", "zh-Hans"),
        ("en;q=x, ;;;,zh-MO", "zh-Hant"),
        ("*", "zh-Hans"),
    ],
)
def test_the_language_that_a_browser_wishes(accepted: str, language: str) -> None:
    assert page_words.load().best(accepted) == language


def test_what_is_translated_beside_the_assistants_words_is_what_it_says() -> None:
    said: set[str] = set()
    for path in (CONTENT / "words").glob("*.yml"):
        for value in read_mapping(path).values():
            said |= {one.strip() for one in (value if isinstance(value, list) else [value])}
    assert [text for key, text in sentences(FIRST).items() if key.startswith("terms.") and text not in said] == []


def folder(tmp_path: Path, **files: str) -> Path:
    for name, text in files.items():
        path = tmp_path / name.replace("__", "/").replace("_", "-", 1)
        path = path.with_suffix(".yml")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def test_what_a_language_lacks_is_said_in_the_first_one(tmp_path: Path) -> None:
    made = folder(tmp_path, zh_Hans__page="a: 甲\nb: 乙\n", en__page="a: A\n")
    english = page_words.load(made).frame("en")
    assert (english.say("page.a"), english.say("page.b")) == ("A", "乙")


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"zh_Hans__page": "a: 甲{x}\n", "en__page": "a: A\n"}, "page.a"),
        ({"zh_Hans__page": "a: 甲\n", "en__page": "c: C\n"}, "has no such sentence"),
        ({"zh_Hans__page": "a:\n"}, "expected a sentence"),
        ({"zh_Hans__page": "a: 甲{\n"}, "page.yml"),
        ({"zh_Hans__page": "a: 甲\n", "zh_Hans__elder": "page.b: 乙\n"}, "no such sentence"),
        ({"zh_Hans__page": "a: 甲\n", "zh_Hans__elder": "page.a: 乙{x}\n"}, "gaps"),
    ],
)
def test_a_fault_is_named_with_its_place(tmp_path: Path, files: dict[str, str], told: str) -> None:
    with pytest.raises(ContentError, match=told):
        page_words.load(folder(tmp_path, **files))
