"""Nobody is spoken to as offices write to each other."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kb import officialese
from kb.answers import entries
from kb.content_files import ContentError
from kb.known_issues import KnownIssue
from kb.taxonomy import Taxonomy
from kb.words import Words

LIST = officialese.load()
# Said to the department, not to a citizen.
TO_UNITS = ("followup.to_unit_", "feedback.outcome_")


def _spoken(words: Words, tree: Taxonomy, issues: tuple[KnownIssue, ...]) -> Iterator[tuple[str, str]]:
    for key, first in words.sentences.items():
        if not key.startswith(TO_UNITS):
            yield from ((key, way) for way in words.variations.get(key, (first,)))
    for leaf in tree:
        entry = leaf.entry
        yield from (
            (leaf.code, text) for text in (entry.plain, entry.notice, entry.safety_advice or "", *entry.questions)
        )
    for issue in issues:
        yield from ((issue.id, text) for text in (issue.say, issue.advice or ""))


def test_nobody_is_spoken_to_in_officialese(all_words: Words, tree: Taxonomy, issues: tuple[KnownIssue, ...]) -> None:
    found = [(key, stiff.found, stiff.instead) for key, text in _spoken(all_words, tree, issues)
             for stiff in LIST.find(text)]  # fmt: skip
    assert not found, "\n".join(map(str, found))


def test_no_question_offered_as_a_button_is_officialese(tree: Taxonomy) -> None:
    found = [(one.id, stiff.found) for one in entries.load(tree) for stiff in LIST.find(one.question)]
    assert not found, found


def test_the_list_is_long_and_says_what_to_say_instead() -> None:
    assert len(LIST.entries) >= 60
    assert all(instead for _, instead in LIST.entries)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("该问题已转相关部门予以处理，敬请谅解。", ["予以", "敬请", "谅解", "相关部门", "该问题"]),
        ("请您耐心等待，我们将第一时间核实处理。", ["核实处理", "请您耐心等待", "耐心等待", "第一时间"]),
        ("平均每天三次，必须说清，之后再说", []),
        ("您说的事，三天内有人去修。", []),
    ],
)
def test_stiff_words_are_found_and_plain_ones_are_not(text: str, found: list[str]) -> None:
    assert [one.found for one in LIST.find(text)] == found


@pytest.mark.parametrize(
    ("text", "said"),
    [("予以: ''\n", "予以: expected what to say"), ("予以: [做]\n", "予以: expected"), ("'(予': 做\n", r"\(予: ")],
)
def test_a_mistake_is_told_with_file_and_key(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "officialese.yml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ContentError, match=said):
        officialese.load(path)
