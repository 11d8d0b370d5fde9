"""Subscription notices: what a field holds, what a file may ask for, and which move is news."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.services.notifying import SILENT
from integrations.services.wechat.notice_texts import STATUS
from kb import words
from kb.content_files import ContentError
from kb.lifecycle import Move
from kb.wechat import notices
from kb.wechat.notices import News, What, fitted

FIVE_PAST_SIX = datetime(2026, 11, 21, 10, 5, tzinfo=UTC)
TEMPLATE = "abcDEF_123-456"


def written(folder: Path, text: str) -> Path:
    path = folder / "notices.yml"
    path.write_text(text, encoding="utf-8")
    return path


def one(
    fields: str = "thing1: category", *, template: str = TEMPLATE, lasts: str = "long", news: str = "closed"
) -> str:
    return f"  {news}:\n    template: {template}\n    lasts: {lasts}\n    fields: {{{fields}}}\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("notices:\n" + one(news="opened"), r"notices.yml:\d: notices.opened"),
        ("notices:\n" + one(template="''"), r"notices.yml:3: notices.closed.template"),
        ("notices:\n" + one(lasts="always"), r"notices.yml:3: notices.closed.lasts: .*'always'"),
        ("notices:\n" + one("thing1: phone"), r"notices.yml:\d: notices.closed.fields.thing1: .*'phone'"),
        ("notices:\n" + one("thing1: description"), r"fields.thing1: .*'description'"),
        ("notices:\n" + one("stuff1: category"), r"notices.yml:3: notices.closed.fields.stuff1: expected a name"),
        ("notices:\n" + one("time1: unit"), r"fields.time1: a field of kind time takes date, due, not 'unit'"),
        ("notices:\n" + one("phrase1: unit"), r"fields.phrase1: a field of kind phrase takes status"),
        ("notices:\n" + one(""), r"notices.closed.fields"),
        ("notices:\n" + one() + one(lasts="once", news="accepted"), r"notices.accepted.lasts|notices.closed.lasts"),
        ("other: 1\n", r"notices.yml:1: "),
    ],
)
def test_a_file_that_does_not_fit_is_refused_with_line_key_and_value(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ContentError, match=said):
        notices.load(written(tmp_path, text))


def test_the_file_that_ships_switches_nothing_on() -> None:
    assert notices.load().ids == ()


def test_the_example_in_the_file_that_ships_is_one_that_works(tmp_path: Path) -> None:
    lines = notices.FILE.read_text(encoding="utf-8").splitlines()
    start = lines.index("# notices:")
    text = "\n".join(line.removeprefix("#").removeprefix(" ") for line in lines[start:] if line.startswith("#"))
    read = notices.load(written(tmp_path, text.replace("这里写模板编号", TEMPLATE) + "\n"))
    assert read.ids == (TEMPLATE,)
    assert set(read.by_news[News.ACCEPTED].fields.values()) >= {What.NUMBER, What.STATUS, What.DUE}


@pytest.mark.parametrize(
    ("name", "value", "held"),
    [
        ("thing1", "路" * 20, "路" * 20),
        ("thing1", "路" * 21, "路" * 19 + "…"),
        ("thing2", "第一行\n第二行\t😀\x00", "第一行 第二行"),
        ("thing3", FIVE_PAST_SIX, "11月21日 18:05"),
        ("character_string1", "4817\u00a02093\u00a05562", "481720935562"),
        ("character_string1", "编号", ""),
        ("number1", "4817 2093 5562", "481720935562"),
        ("phrase1", "正在改派，请等", "正在改派请"),
        ("phrase1", "OK", ""),
        ("name1", "崂山区城市管理局（北）第一二三中队", "崂山区城市管理局北第"),
        ("time1", FIVE_PAST_SIX, "2026年11月21日 18:05"),
        ("date9", FIVE_PAST_SIX, "2026年11月21日 18:05"),
        ("time1", "明天", ""),
    ],
)
def test_a_field_holds_what_wechat_lets_it_hold(name: str, value: str | datetime, held: str) -> None:
    assert fitted(name, value) == held


@given(st.text(), st.sampled_from(sorted(notices.FIELDS)))
def test_whatever_is_put_in_nothing_is_too_long_or_on_two_lines(value: str, kind: str) -> None:
    held = fitted(f"{kind}1", value)
    assert len(held) <= notices.LONGEST.get(kind, 20)
    assert "\n" not in held and held == held.strip()


def test_a_template_with_an_empty_field_is_not_filled() -> None:
    template = notices.Template(TEMPLATE, True, {"thing1": What.CATEGORY, "thing2": What.PLACE})
    assert template.filled({What.CATEGORY: "路灯", What.PLACE: ""}) is None
    assert template.filled({What.CATEGORY: "路灯", What.PLACE: "市北区"}) == {"thing1": "路灯", "thing2": "市北区"}


def test_every_move_is_news_or_silent_on_purpose() -> None:
    assert set(notices.NEWS_OF) | SILENT == set(Move)
    assert set(notices.NEWS_OF) & SILENT == set()


def test_every_status_of_a_notice_fits_the_narrowest_field() -> None:
    sentences = words.load()
    assert set(STATUS) == set(notices.NEWS_OF)
    for key in [*STATUS.values(), "wechat.status_asked"]:
        assert fitted("phrase1", sentences.say(key)) == sentences.say(key), key
    assert fitted("thing1", sentences.say("wechat.notice_note")) == sentences.say("wechat.notice_note")
