"""Other cities' topics: only what a source states, a row for every leaf, and mistakes told with file and line."""

import csv
from pathlib import Path

import pytest
import yaml

from kb import topics
from kb.content_files import CONTENT, ContentError
from kb.taxonomy import Taxonomy
from kb.topics import Topics

CLASSES = {"城乡建设", "交通运输", "环境保护", "教育文体", "劳动和社会保障", "商贸旅游", "卫生计生"}


@pytest.fixture(scope="module")
def cities(tree: Taxonomy) -> Topics:
    return topics.load(tree)


def test_every_leaf_has_an_answer_and_a_code_that_is_no_leaf_has_none(tree: Taxonomy, cities: Topics) -> None:
    assert [code for code in tree.leaves if len(cities.of(code)) != 2] == []
    with pytest.raises(KeyError):
        cities.of("999999")


@pytest.mark.parametrize(
    ("code", "beijing"),
    [("320101", "垃圾清运不及时"), ("510102", "垃圾清运不及时"), ("720202", "老旧小区改造推进难"), ("110101", None)],
)
def test_a_leaf_falls_under_the_topic_of_its_matter(cities: Topics, code: str, beijing: str | None) -> None:
    assert cities.of(code)[0] == beijing


def test_a_list_that_could_not_be_found_whole_says_so(cities: Topics) -> None:
    assert (cities.beijing.stated, len(cities.beijing.topics), cities.beijing.complete) == (27, 8, False)
    assert (cities.hangzhou.stated, cities.hangzhou.topics, cities.hangzhou.complete) == (9, (), False)
    assert cities.hangzhou.source is None


FILE = """\
beijing_27:
  source: https://example.org/a
  date: 2021-06-17
  stated: 3
  topics:
    - key: waste
      name: 垃圾清运不及时
      source: https://example.org/a
      date: 2021-06-17
    - key: wages
      name: 拖欠工资
      source: https://example.org/a
      date: 2021-06-17
hangzhou_9:
  source: https://example.org/b
  date: 2022-03-01
  stated: 1
  topics:
    - {key: estate, name: 物业管理, source: https://example.org/b, date: 2022-03-01}
"""


def _files(tmp_path: Path, tree: Taxonomy, text: str = FILE, rows: dict[str, str] | None = None) -> tuple[Path, Path]:
    """The two files; `rows` replaces the row of a code, an empty row takes it out."""
    lines = [(rows or {}).get(code, f"{code},,") for code in tree.leaves]
    file, map_file = tmp_path / "topics.yml", tmp_path / "topic_map.csv"
    file.write_text(text, encoding="utf-8")
    map_file.write_text("\n".join(["code,beijing_topic,hangzhou_category", *filter(None, lines), ""]), encoding="utf-8")
    return file, map_file


def test_small_files_are_read(tree: Taxonomy, tmp_path: Path) -> None:
    read = topics.load(tree, *_files(tmp_path, tree, rows={"510102": "510102,waste,estate"}))
    assert read.of("510102") == ("垃圾清运不及时", "物业管理")
    assert read.of("110101") == (None, None)
    assert (read.beijing.complete, read.hangzhou.complete) == (False, True)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("key: wages", "key: waste", ":10: key: waste is given twice"),
        ("key: wages", "key: 工资", ":10: topics.1.key: "),
        ("name: 拖欠工资", "name: ''", ":10: topics.1.name: "),
        ("name: 拖欠工资", "nmae: 拖欠工资", ":10: topics.1."),
        ("stated: 3", "stated: 1", ":2: (entry): "),
        ("source: https://example.org/a\n  date: 2021-06-17\n", "source: null\n  date: null\n", ":2: (entry): "),
        ("date: 2021-06-17\n  stated", "date: null\n  stated", ":2: (entry): "),
        ("date: 2021-06-17\n  stated", "date: 六月\n  stated", ":2: date: "),
        ("source: https://example.org/b\n", "source: 杭州网\n", ":15: source: "),
        ("hangzhou_9:", "hangzhou:", ":1: hangzhou: no such group"),
        (FILE[FILE.index("hangzhou_9") :], "", ":1: hangzhou_9: missing"),
        (FILE[FILE.index("hangzhou_9") :], "hangzhou_9: []\n", ":1: expected keys and values"),
    ],
)
def test_a_mistake_in_the_topics_is_told_with_file_and_line(
    tree: Taxonomy, tmp_path: Path, old: str, new: str, said: str
) -> None:
    assert old in FILE
    with pytest.raises(ContentError) as told:
        topics.load(tree, *_files(tmp_path, tree, FILE.replace(old, new, 1)))
    assert str(told.value).startswith(f"{tmp_path / 'topics.yml'}{said}"), str(told.value)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("110101,floods,", ":2: beijing_topic: no topic 'floods' in "),
        ("110101,,waste", ":2: hangzhou_category: no topic 'waste' in "),
        ("990101,,", ":2: code: no category '990101'"),
        ("1101,,", ":2: code: no category '1101'"),
        ("110102,,", ":3: code: 110102 is given twice"),
        ("110101,", ":2: expected 3 columns"),
        ("", ":1: code: no row for 110101"),
    ],
)
def test_a_mistake_in_the_map_is_told_with_file_and_line(tree: Taxonomy, tmp_path: Path, row: str, said: str) -> None:
    with pytest.raises(ContentError) as told:
        topics.load(tree, *_files(tmp_path, tree, rows={"110101": row}))
    assert str(told.value).startswith(f"{tmp_path / 'topic_map.csv'}{said}"), str(told.value)


def test_every_leaf_and_every_duty_has_one_petition_class(tree: Taxonomy) -> None:
    """`tests/petition_classes.csv` maps our categories to the seven classes of the petition sets."""
    with (Path(__file__).parents[1] / "petition_classes.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    duties = yaml.safe_load((CONTENT / "referrals" / "duties.yml").read_text(encoding="utf-8"))
    assert sorted(row["code"] for row in rows) == sorted([*tree.leaves, *(duty["key"] for duty in duties)])
    assert {row["petition_class"] for row in rows} == CLASSES


def test_what_a_category_excludes_is_sent_to_another_leaf(tree: Taxonomy) -> None:
    sent = [(leaf.code, e.what, e.belongs_to) for leaf in tree for e in leaf.entry.excludes]
    assert [one for one in sent if one[2] not in tree.leaves or one[2] == one[0]] == []
