"""Asking for a code and giving one, told from everything else."""

from pathlib import Path

import pytest

from kb import linking
from kb.content_files import ContentError

WORDS = linking.load()


@pytest.mark.parametrize(
    "text",
    ["连接码", "我要连接码", "给我一个连接码吧", "怎么在微信上接着说", "换个手机接着聊", "我想在别的手机上继续报"],
)
def test_a_code_is_asked_for(text: str) -> None:
    assert WORDS.wants_code(text)
    assert WORDS.code(text) is None


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("连接码 1234 5678", "12345678"),
        ("连接码：１２３４５６７８", "12345678"),
        ("连接码是一二三四五六七八", "12345678"),
        ("输入连接码 12 34 56 78", "12345678"),
        ("连接码123456", ""),
        ("连接码 123456789", ""),
    ],
)
def test_a_code_is_given(text: str, code: str) -> None:
    assert WORDS.code(text) == code
    assert not WORDS.wants_code(text)


@pytest.mark.parametrize(
    "text",
    [
        "12345678",
        "路灯坏了",
        "微信上的群说停水",
        "我在微信上接着说过这事了没人管啊",
        "码头的连接桥坏了",
        "我的编号是481720935561",
        "",
    ],
)
def test_other_words_are_no_concern_of_it(text: str) -> None:
    assert not WORDS.wants_code(text)
    assert WORDS.code(text) is None


def test_a_pattern_that_is_none_is_refused_with_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "linking.yml"
    path.write_text("asks: ['(要连接码']\ngives: ['连接码']\n", encoding="utf-8")
    with pytest.raises(ContentError, match=r"linking.yml:\d: asks: '\(要连接码'"):
        linking.load(path)
