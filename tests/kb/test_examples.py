"""What the classifier learns from."""

import contextlib
from collections import Counter
from pathlib import Path

import pytest

from kb.content_files import ContentError
from kb.examples import fingerprint, read_examples, samples
from kb.taxonomy import Taxonomy
from kb.text import folded


@pytest.fixture(scope="module")
def rows(tree: Taxonomy) -> list[tuple[str, str]]:
    return read_examples(tree)


def test_every_category_has_at_least_twenty_five_examples(tree: Taxonomy, rows: list[tuple[str, str]]) -> None:
    counts = Counter(code for _, code in rows)
    assert {leaf.code: counts[leaf.code] for leaf in tree if counts[leaf.code] < 25} == {}


def test_no_example_stands_twice(rows: list[tuple[str, str]]) -> None:
    assert len({folded(text) for text, _ in rows}) == len(rows)


def test_a_categorys_own_words_are_samples_too(tree: Taxonomy, rows: list[tuple[str, str]]) -> None:
    learned = list(samples(tree))
    assert learned[: len(rows)] == rows
    assert ("家里闻到煤气味", "110101") in learned
    assert {code for _, code in learned} == set(tree.leaves)


def test_the_fingerprint_follows_the_content() -> None:
    rows = [("路灯坏了", "410101"), ("垃圾没人收", "310101")]
    assert fingerprint(rows) == fingerprint(list(rows))
    assert len(fingerprint(rows)) == 12
    assert fingerprint(rows) != fingerprint(rows[:1])
    assert fingerprint(rows) != fingerprint([("路灯坏了", "410102"), rows[1]])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('"999999": [路灯坏了]\n', "gas.yml:1: no category '999999'"),
        ("110101: [家里有煤气味]\n", "gas.yml:1: no category 110101"),
        ('"110101": [家里有煤气味, " "]\n', "gas.yml:1: an empty example under 110101"),
        ('"110101": [家里有煤气味, 家里 有煤气味]\n', "stands under 110101 and 110101"),
        ('"110101": [家里有煤气味]\n"110102": [家里有煤气味]\n', "stands under 110101 and 110102"),
        ('"110101": [家里有煤气味]\n"110101": [厨房有煤气味]\n', "gas.yml:2: key '110101' stands here again"),
        ('"110101":\n', "gas.yml:1: "),
        ('"110101": 家里有煤气味\n', "gas.yml:1: "),
    ],
)
def test_a_mistake_is_told_with_file_and_line(tree: Taxonomy, tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "gas.yml").write_text(text, encoding="utf-8")
    with pytest.raises(ContentError) as told:
        read_examples(tree, tmp_path)
    assert said in str(told.value)


def test_a_file_without_examples_is_told_or_passed_over(tree: Taxonomy, tmp_path: Path) -> None:
    (tmp_path / "gas.yml").write_text("# nothing yet\n", encoding="utf-8")
    with contextlib.suppress(ContentError):
        assert read_examples(tree, tmp_path) == []
