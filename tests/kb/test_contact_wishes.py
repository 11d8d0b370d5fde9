"""How people say that they want to stay unknown, or be reached right here."""

from __future__ import annotations

from pathlib import Path

import pytest

from kb.contact_wishes import FILE, Wish, load, shipped
from kb.content_files import ContentError


@pytest.mark.parametrize(
    ("said", "wishes"),
    [
        ("匿名吧", {Wish.ANONYMOUS}),
        ("不想留电话", {Wish.ANONYMOUS}),
        ("我不愿意透露姓名", {Wish.ANONYMOUS}),
        ("别让物业知道是我反映的", {Wish.CONFIDENTIAL}),
        ("电话留给你们，一定保密啊", {Wish.CONFIDENTIAL}),
        ("怕他们报复", {Wish.CONFIDENTIAL}),
        ("匿名，千万别告诉他们是谁说的", {Wish.ANONYMOUS, Wish.CONFIDENTIAL}),
        ("就用这个微信联系", {Wish.HERE}),
        ("在这儿回我就行", {Wish.HERE}),
        ("别打电话，发消息就行", {Wish.HERE}),
        ("把电话删了", {Wish.DELETE}),
        ("电话号码还是不留了", {Wish.DELETE}),
    ],
)
def test_wishes_are_heard(said: str, wishes: set[Wish]) -> None:
    assert wishes <= shipped().heard(said)


@pytest.mark.parametrize(
    "said",
    [
        "13812345678",
        "路灯坏了",
        "物业不告诉我们收支",
        "小区公告栏没公开账目",
        "手机没信号",
        "说不清",
        "今天有人知道吗",
        "能不能给我回电话",
    ],
)
def test_other_words_wish_nothing(said: str) -> None:
    assert shipped().heard(said) == frozenset()


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('area_code: "0532"', "area_code: 532", "area_code"),
        ("  - '[匿逆腻拟昵溺][名明]|", "  - '([匿逆腻拟昵溺][名明]|", "anonymous"),
    ],
)
def test_a_wrong_file_names_its_line(tmp_path: Path, old: str, new: str, says: str) -> None:
    path = tmp_path / "contact.yml"
    path.write_text(FILE.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ContentError, match=rf"contact\.yml:\d+: {says}"):
        load(path)


@pytest.mark.parametrize(
    ("said", "leaves"),
    [
        *(("留一个吧", True), ("那就留个手机号吧", True), ("好，留一个", True), ("可以留", True)),
        *(("不留", False), ("留什么电话", False), ("留言就行", False), ("别留", False)),
    ],
)
def test_willing_to_leave_a_number_that_is_still_to_come(said: str, leaves: bool) -> None:
    assert (Wish.LEAVE in shipped().heard(said)) is leaves
