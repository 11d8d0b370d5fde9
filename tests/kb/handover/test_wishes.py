"""Short sentences for the queue are heard, and nothing that is about something is taken for one."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.content_files import ContentError
from kb.handover import wishes
from kb.handover.wishes import Wish

READ = wishes.load()


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("还要等多久", Wish.HOW_LONG),
        ("还要等多久啊？", Wish.HOW_LONG),
        ("请问还要等多久呢", Wish.HOW_LONG),
        ("還要等多久", Wish.HOW_LONG),
        ("前面还有几个人呀", Wish.HOW_LONG),
        ("我排到第几了", Wish.HOW_LONG),
        ("怎么还没人来啊！！", Wish.HOW_LONG),
        ("人呢？", Wish.HOW_LONG),
        ("到我了吗", Wish.HOW_LONG),
        ("不等了", Wish.LEAVE),
        ("算了，不等了。", Wish.LEAVE),
        ("我不等了，谢谢", Wish.LEAVE),
        ("不用人工了", Wish.LEAVE),
        ("那不用转人工了吧", Wish.LEAVE),
        ("还是机器人吧", Wish.LEAVE),
        ("转人工", Wish.PERSON),
        ("我要人工", Wish.PERSON),
        ("人工客服", Wish.PERSON),
        ("不用给我回电话了", Wish.NO_CALL),
        ("别打了", Wish.NO_CALL),
    ],
)
def test_a_short_sentence_says_what_it_wishes(text: str, wish: Wish) -> None:
    assert READ.read(text) is wish


@pytest.mark.parametrize(
    "text",
    [
        "",
        "？",
        "算了",
        "不用了",
        "不用",
        "取消",
        "等一下",
        "你好",
        "谢谢",
        "我",
        "嗯",
        "路灯坏了没人来修",
        "怎么没人修路灯",
        "物业说还要等多久他也不知道",
        "我那个工单还要等多久",
        "不等了直接给我报上去路灯坏了三天了没人管",
        "人呢，垃圾堆成山了",
        "别打扰我家老人休息，夜里施工",
        "小区门口有人打电话骚扰",
        "第二个",
        "3号楼",
        "13812345678",
        "我不等物业了",
        "没有人来收垃圾",
        "不转弯",
    ],
)
def test_what_is_about_something_is_for_somebody_else(text: str) -> None:
    assert READ.read(text) is None


@given(st.text(max_size=30))
def test_whatever_is_typed_is_read_without_a_fault(text: str) -> None:
    assert READ.read(text) in (None, *Wish)


@given(
    st.sampled_from(sorted(READ.sentences)),
    st.sampled_from(["", "请问", "那个", "我"]),
    st.sampled_from(["", "了", "啊", "吗？", "。谢谢"]),
)
def test_politeness_around_a_sentence_changes_nothing(sentence: str, before: str, after: str) -> None:
    assert READ.read(f"{before}{sentence}{after}") is READ.sentences[sentence]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("leave:\n", "leave:\n  - 转人工\n"), "stands twice"),
        (("person:\n", "persons:\n"), "person"),
        (("how_long:\n", "how_long: []\nnothing:\n"), "how_long"),
    ],
)
def test_a_mistake_is_told_with_the_file(tmp_path: Path, change: tuple[str, str], said: str) -> None:
    path = tmp_path / "handover.yml"
    path.write_text(wishes.FILE.read_text(encoding="utf-8").replace(*change, 1), encoding="utf-8")
    with pytest.raises(ContentError) as told:
        wishes.load(path)
    assert str(told.value).startswith(f"{path}:")
    assert said in str(told.value)
