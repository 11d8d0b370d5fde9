"""The files of questions are given by people: what is wrong with them is named with file and line."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from kb import taxonomy
from kb.content_files import ContentError
from kb.questions import load
from kb.questions.library import FOLDER

TREE = taxonomy.load()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FOLDER, tmp_path / "questions"))


@pytest.mark.parametrize(
    ("name", "old", "new", "says"),
    [
        ("heating.yml", "industry: 供热", "industry: 供暖", "industry: '供暖'; one of 燃气"),
        ("heating.yml", "industry: 供热", "industry: 燃气", "once"),
        ("heating.yml", 'of: ["21", "2202"', 'of: ["31", "2202"', "no category of 供热 begins with 31"),
        ("heating.yml", "    use: 9", "    use: 11", "use"),
        ("heating.yml", "    unit: 度\n", "", "a number has a unit"),
        ("heating.yml", "id: heat_scope", "id: room_temperature", "stands in"),
        ("heating.yml", "kind: yes_no", "kind: yesno", "kind"),
        ("heating.yml", "ask: 您家是哪家热力公司供暖？", f"ask: {'啊' * 61}？", "ask"),
        ("cityscape.yml", 'leaf: "410102"', 'leaf: "310101"', "no category of 市容景观"),
        ("cityscape.yml", "said: '摔|绊", "said: '(摔|绊", "hole_hurt.said"),
        ("settings.yml", "at_most: 2", "at_most: 9", "at_most"),
        ("settings.yml", "denies: '^(?:", "denies: '^((?:", "denies"),
    ],
)
def test_what_cannot_be_used_is_named_with_file_and_line(
    folder: Path, name: str, old: str, new: str, says: str
) -> None:
    path = folder / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ContentError, match=rf"\.yml:\d+: .*{says}"):
        load(TREE, folder)
