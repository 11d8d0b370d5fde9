"""How long personal data stays: every kind has its days, and what is written wrongly is named with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from kb import retention
from kb.content_files import ContentError
from kb.retention import Kind


def test_the_file_that_ships_names_every_kind() -> None:
    days = retention.load(400).days
    assert set(days) == set(Kind)
    assert days[Kind.CONTACTS] == 400
    assert all(f"\n{kind}: " in retention.FILE.read_text(encoding="utf-8") for kind in Kind)


def test_a_kind_that_is_not_named_has_the_default(tmp_path: Path) -> None:
    path = tmp_path / "retention.yml"
    path.write_text("memory: 31\n", encoding="utf-8")
    assert retention.load(90, path).days == {
        Kind.CONTACTS: 90,
        Kind.WORDS: 90,
        Kind.CONVERSATIONS: 90,
        Kind.MEMORY: 31,
    }


@pytest.mark.parametrize("value", ["29", "0", "-1", "36501", "yes", "ten", "1.5", "[]", "''"])
def test_days_that_cannot_be_are_named_with_their_line(tmp_path: Path, value: str) -> None:
    path = tmp_path / "retention.yml"
    path.write_text(f"# days\n\nwords: default\ncontacts: {value}\n", encoding="utf-8")
    with pytest.raises(ContentError, match=r"retention.yml:4: contacts: .*30 to 36500 days would do"):
        retention.load(365, path)


def test_an_unknown_kind_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "retention.yml"
    path.write_text("words: 90\nphotoes: 90\n", encoding="utf-8")
    with pytest.raises(ContentError, match=r"retention.yml:2: photoes: .*contacts"):
        retention.load(365, path)
