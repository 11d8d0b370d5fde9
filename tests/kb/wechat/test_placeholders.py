"""WeChat's own words in place of a sticker are known as such, and only they."""

from __future__ import annotations

from pathlib import Path

import pytest

from kb.content_files import ContentError
from kb.wechat import placeholders


@pytest.mark.parametrize("wrong", ["unsupported: []", "unsupported: [a]\nother: 1", "[a]", "unsupported: ['']"])
def test_a_wrong_file_is_named(tmp_path: Path, wrong: str) -> None:
    path = tmp_path / "placeholders.yml"
    path.write_text(f"{wrong}\n", encoding="utf-8")
    with pytest.raises(ContentError, match=r"placeholders\.yml:1"):
        placeholders.load(path)


@pytest.mark.parametrize("said", ["", "不支持", "路灯坏了", "【收到不支持的消息类型，暂无法显示】是什么意思"])
def test_what_a_citizen_says_is_none(said: str) -> None:
    assert not placeholders.load().stands_for(said)


def test_width_case_and_blanks_do_not_matter() -> None:
    known = placeholders.load()
    assert known.stands_for("【收到不支持的消息类型,暂无法显示】")
    assert known.stands_for(" 【 收到不支持的消息类型，暂无法显示 】\n")
    assert known.stands_for("[UNSUPPORTED message]")
