"""Danger to life or limb in a citizen's words: found when it is there, not when it is denied, over or supposed."""

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb import urgency
from kb.content_files import ContentError, read_csv
from kb.examples import read_examples
from kb.taxonomy import Taxonomy, Urgency
from kb.urgency import CLOSE, OUTRIGHT, UNCLEAR

DANGERS = urgency.load()
CASES = [
    (row["text"], row["danger"])
    for _, row in read_csv(Path(__file__).with_name("urgency_cases.csv"), ("text", "danger"))
]
# The share of examples of leaves that are not 特急 and yet tell of a danger: a fallen fence, a burning field, ice that
# people fall on; see `test_examples_of_other_leaves_seldom_fire`.
DANGEROUS_ELSEWHERE = 0.022


def test_the_development_set_is_large_enough() -> None:
    assert sum(bool(danger) for _, danger in CASES) >= 150
    assert sum(not danger for _, danger in CASES) >= 250


def test_dangers_of_the_development_set_are_found_under_their_key() -> None:
    urgent = [(text, danger) for text, danger in CASES if danger]
    found = [(text, danger, DANGERS.find(text)) for text, danger in urgent]
    missed = [text for text, _, one in found if one is None]
    assert len(missed) <= 0.02 * len(urgent), missed
    elsewhere = [
        (text, danger, one.key)
        for text, danger, one in found
        if one and danger != "any" and one.key not in danger.split()
    ]
    assert len(elsewhere) <= 0.02 * len(urgent), elsewhere


def test_ordinary_complaints_of_the_development_set_do_not_fire() -> None:
    ordinary = [text for text, danger in CASES if not danger]
    fired = [(text, one.key, one.evidence) for text in ordinary if (one := DANGERS.find(text))]
    assert len(fired) < 0.01 * len(ordinary), fired


def test_examples_of_other_leaves_seldom_fire(tree: Taxonomy) -> None:
    others = [row for row in read_examples(tree) if tree.leaf(row[1]).entry.urgency is not Urgency.CRITICAL]
    elsewhere = [(code, one.key, one.evidence, text) for text, code in others if (one := DANGERS.find(text))]
    assert len(elsewhere) <= DANGEROUS_ELSEWHERE * len(others), elsewhere


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("家里有煤气味", "gas_indoors"),
        ("没有煤气味", None),
        ("我家煤氣漏了", "gas_indoors"),
        ("闻到一股霉气味", "gas_indoors"),
        ("井盖不建了", "manhole"),
        ("井盖已经盖上了", None),
        ("井盖修好了，今天又不见了", "manhole"),
        ("如果井盖丢了找谁", None),
        ("气炸了，这停车费太贵", None),
        ("急得我直冒火", None),
        ("燃气费怎么交", None),
        ("楼下电动车棚着火了", "fire"),
        ("消防通道被车占了", None),
        ("消防通道被占，里面楼着火消防车进不来", "fire"),
        ("电梯里困了三个人", "lift_trapped"),
        ("上次困在电梯里的事物业道歉了", None),
        ("", None),
        ("？？？", None),
    ],
)
def test_one_rule_each(text: str, key: str | None) -> None:
    found = DANGERS.find(text)
    assert (found.key if found else None) == key


def test_the_evidence_is_the_citizens_own_words() -> None:
    found = DANGERS.find("路口那個井蓋不見了")
    assert found is not None
    assert "".join(found.evidence) in "路口那個井蓋不見了"


def test_of_two_dangers_the_graver_is_told() -> None:
    found = DANGERS.find("路面结冰摔了好几个人，旁边楼里着火了")
    assert found is not None
    assert found.key == "fire"


def test_words_that_say_it_outright_are_surer_than_words_close_together() -> None:
    outright, close = DANGERS.find("我家煤气漏了"), DANGERS.find("灶台下面嘶嘶响")
    assert outright and close
    assert (outright.confidence, close.confidence) == (OUTRIGHT, CLOSE)


def test_all_dangers_of_a_text_are_told_the_gravest_first() -> None:
    keys = [one.key for one in DANGERS.all("路面结冰摔了好几个人，旁边楼里着火了")]
    assert keys[0] == "fire" and "ice_fall" in keys


def test_a_danger_found_by_other_means_has_the_words_of_its_key() -> None:
    one = DANGERS.of("manhole", ("那个口子",), 0.7)
    assert (one.key, one.leaf, one.evidence, one.confidence) == ("manhole", "430201", ("那个口子",), 0.7)
    unclear = DANGERS.of(UNCLEAR, (), 0.5)
    assert unclear.key == UNCLEAR and unclear.leaf is None
    assert all(number in unclear.advice for number in ("110", "119", "120"))


def test_every_advice_is_short_and_names_whom_to_call_and_every_leaf_exists(tree: Taxonomy) -> None:
    for rule in DANGERS.rules:
        assert any(number in rule.entry.advice for number in ("110", "119", "120")), rule.entry.key
        assert rule.entry.leaf is None or rule.entry.leaf in tree.leaves, rule.entry.key


@given(st.text(max_size=200))
def test_any_text_is_answered(text: str) -> None:
    DANGERS.find(text)


@pytest.mark.parametrize("word", ["井盖", "电梯里", "煤气", "树倒", "楼上扔", "小区井盖不知道"])
def test_a_very_long_text_costs_little(word: str) -> None:
    began = time.perf_counter()
    DANGERS.find(word * 5000)
    assert time.perf_counter() - began < 2


UNKNOWN = "unclear: {name: 疑似险情, advice: 请先离开险处，再打119和120。}\n"
HEAD = UNKNOWN + "".join(f"{key}: [没有这个词]\n" for key in (
    "hide", "denied", "if_only", "supposed", "asked", "over", "past", "not_yet", "goes_on"
))  # fmt: skip
ONE = "  - {key: gas, name: 燃气, degree: 特急, leaf: null, advice: 请马上离开，再打119和120。, patterns: %s}\n"


@pytest.mark.parametrize(
    ("dangers", "complaint"),
    [
        (ONE % "[[$gase]]", r"urgency.yml:13: patterns: no group '\$gase'"),
        (ONE % "[[['煤(气']]]", r"urgency.yml:13: patterns: '煤\(气'"),
        ((ONE % "[[[煤气]]]") * 2, "urgency.yml:14: key: 'gas' is given twice"),
        ((ONE % "[[[煤气]]]").replace("特急", "一般"), "urgency.yml:13: degree"),
        ((ONE % "[[[煤气]]]").replace("请马上离开，再打119和120。", "长" * 91), "urgency.yml:13: dangers.0.advice"),
        (ONE % "[]", "urgency.yml:13: dangers.0.patterns"),
    ],
)
def test_content_that_cannot_be_used_is_named_by_file_and_line(tmp_path: Path, dangers: str, complaint: str) -> None:
    path = tmp_path / "urgency.yml"
    path.write_text("groups: {gas: [煤气]}\n" + HEAD + "dangers:\n" + dangers, encoding="utf-8")
    with pytest.raises(ContentError, match=complaint):
        urgency.load(path)
