"""The tree of categories: what ships, and how a mistake in a file is told."""

from pathlib import Path

import pytest

from kb import taxonomy
from kb.content_files import ContentError
from kb.taxonomy import Taxonomy, Urgency

FILE = """\
domain: 居民生活
industry: 燃气
categories:
  - code: "11"
    name: 燃气安全
    categories:
      - code: "1101"
        name: 燃气泄漏
        categories:
          - code: "110101"
            name: 室内闻到燃气味
            plain: 家里闻到煤气味
            definition: 住户家中闻到燃气味。
            includes: [厨房有燃气味]
            excludes:
              - {what: 楼道里闻到, belongs_to: "110102"}
            unit: 燃气经营企业
            deadline: {amount: 2, unit: hours}
            deadline_source: 演示
            urgency: 特急
            questions: [现在还能闻到味道吗？]
            notice: 已转燃气企业抢修。
            keywords: [煤气味]
          - code: "110102"
            name: 室外闻到燃气味
            plain: 外面闻到煤气味
            definition: 楼道或马路上闻到燃气味。
            includes: [楼道有燃气味]
            unit: 燃气经营企业
            deadline: {amount: 2, unit: hours}
            deadline_source: 演示
            urgency: 特急
            questions: [在哪儿闻到的？]
            notice: 已转燃气企业抢修。
            keywords: [煤气味]
"""
FIRST, SECOND = 10, 24  # the lines on which the two leaves begin


def _folder(tmp_path: Path, text: str, name: str = "gas.yml") -> Path:
    (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_the_citys_tree_has_the_size_it_should_have(tree: Taxonomy) -> None:
    assert tree.counts() == {"domains": 5, "industries": 7, "level1": 37, "level2": 104, "level3": 213}


def test_every_leaf_stands_under_its_parents_by_code(tree: Taxonomy) -> None:
    assert all(leaf.code[:2] == leaf.level1_code and leaf.code[:4] == leaf.level2_code for leaf in tree)
    assert len(tree.names) == 37 + 104 + 213


def test_what_endangers_life_says_what_to_do_at_once(tree: Taxonomy) -> None:
    assert [leaf.code for leaf in tree if leaf.entry.urgency is Urgency.CRITICAL and not leaf.entry.safety_advice] == []


def test_a_leaf_knows_its_path_and_deadline(tree: Taxonomy) -> None:
    leaf = tree.leaf("110101")
    assert leaf.path == "燃气 / 燃气安全 / 燃气泄漏 / 室内闻到燃气味"
    assert (leaf.deadline.amount, leaf.deadline.unit) == (2, "hours")
    with pytest.raises(KeyError):
        tree.leaf("999999")


def test_a_small_file_is_read(tmp_path: Path) -> None:
    assert list(taxonomy.load(_folder(tmp_path, FILE)).leaves) == ["110101", "110102"]


MISTAKES = [
    ("an unknown key", ('            plain: 家里闻到煤气味\n', '            plain: 家里闻到煤气味\n            colour: 红\n'), FIRST, "colour"),  # noqa: E501
    ("a bad code", ('"110101"\n            name: 室内', '"1101x1"\n            name: 室内'), FIRST, "1101x1"),
    ("a code that is a number", ('- code: "110102"', "- code: 110102"), SECOND, "110102"),
    ("a doubled code", ('- code: "110102"', '- code: "110101"'), (FIRST, SECOND), "110101"),
    ("a wrong parent", ('- code: "110102"', '- code: "120102"'), SECOND, "120102"),
    ("a wrong grandparent", ('- code: "1101"', '- code: "1201"'), FIRST, "110101"),
    ("no deadline", ("            deadline: {amount: 2, unit: hours}\n", ""), FIRST, "deadline"),
    ("an unknown unit of time", ("{amount: 2, unit: hours}", "{amount: 2, unit: moons}"), 18, "moons"),
    ("too long a deadline", ("{amount: 2, unit: hours}", "{amount: 99, unit: hours}"), 18, "99"),
    ("no questions", ("[现在还能闻到味道吗？]", "[]"), FIRST, "questions"),
    ("an unknown urgency", ("urgency: 特急", "urgency: 不急"), FIRST, "不急"),
    ("an unknown belongs_to", ('belongs_to: "110102"', 'belongs_to: "990102"'), 16, "990102"),
    ("an unknown domain", ("domain: 居民生活", "domain: 天文"), 1, "天文"),
    ("an unknown industry", ("industry: 燃气", "industry: 占星"), 1, "占星"),
    ("a key given twice", ("            unit: 燃气经营企业\n", "            unit: 燃气经营企业\n            unit: 城管\n"), 18, "unit"),  # noqa: E501
    ("a broken line", ("includes: [厨房有燃气味]", "includes: [厨房有燃气味"), (14, 15, 16), ""),
]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "line", "named"), [case[1:] for case in MISTAKES], ids=[case[0] for case in MISTAKES]
)
def test_a_mistake_is_told_with_file_line_and_value(
    tmp_path: Path, change: tuple[str, str], line: int | tuple[int, ...], named: str
) -> None:
    assert FILE.count(change[0]) >= 1
    with pytest.raises(ContentError) as told:
        taxonomy.load(_folder(tmp_path, FILE.replace(*change, 1)))
    lines = line if isinstance(line, tuple) else (line,)
    assert any(str(told.value).startswith(f"{tmp_path / 'gas.yml'}:{n}: ") for n in lines), str(told.value)
    assert named in str(told.value)


def test_a_code_doubled_in_another_file_is_told(tmp_path: Path) -> None:
    _folder(tmp_path, FILE)
    with pytest.raises(ContentError, match=r"heating\.yml:10: code: 110101 is given twice"):
        taxonomy.load(_folder(tmp_path, FILE, "heating.yml"))


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (FILE.encode("gb18030"), "gas.yml:1: not UTF-8 text"),
        (b"", "gas.yml:1: expected keys and values"),
        (b"- 1\n", "gas.yml:1: expected keys and values"),
        (b"domain: \x07\n", "gas.yml:"),
    ],
)
def test_a_file_that_is_no_content_is_told(tmp_path: Path, raw: bytes, said: str) -> None:
    (tmp_path / "gas.yml").write_bytes(raw)
    with pytest.raises(ContentError) as told:
        taxonomy.load(tmp_path)
    assert said in str(told.value)


def test_an_empty_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(ContentError, match=r"no \*\.yml file"):
        taxonomy.load(tmp_path)
