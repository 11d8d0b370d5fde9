"""The words for times are given by people: what is wrong with them is named with file and line."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from kb.content_files import ContentError
from kb.times.content import FOLDER, load


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FOLDER, tmp_path / "times"))


def change(folder: Path, name: str, old: str, new: str) -> None:
    text = (folder / name).read_text(encoding="utf-8")
    assert old in text
    (folder / name).write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "old", "new", "says"),
    [
        ("words.yml", "  昨天: -1", "  昨天: 昨天", "days.昨天"),
        ("words.yml", "often: daily", "often: dayly", "often"),
        ("words.yml", "  - '头(?:两|几)天'", "  - '头(?:两|几天'", "vague"),
        ("words.yml", "  - '头(?:两|几)天'", "  - '(?:头天)?'", "fits nothing at all"),
        ("words.yml", "  今早: [0, 早上]", "  今早: [0, 大早]", "no part"),
        ("days.yml", "{words: '元旦', date: [1, 1], days: 1}", "{words: '元旦', days: 1}", "exactly one of"),
        ("days.yml", "date: [10, 1], days: 7", "date: [13, 1], days: 7", "festivals"),
    ],
)
def test_what_cannot_be_used_is_named_with_file_and_line(
    folder: Path, name: str, old: str, new: str, says: str
) -> None:
    change(folder, name, old, new)
    with pytest.raises(ContentError, match=rf"{name}:\d+: .*{says}"):
        load(folder)


def test_a_file_that_is_not_there_is_named(folder: Path) -> None:
    (folder / "days.yml").unlink()
    with pytest.raises(ContentError, match=r"days\.yml:1"):
        load(folder)
