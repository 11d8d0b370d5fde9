"""The city's content is whole: no category, status or notice is forgotten."""

from collections import Counter
from datetime import UTC, datetime

import pytest

from integrations.services.notifying import SILENT, Notifying
from integrations.services.records import Complaint
from integrations.services.speech import Speech
from kb import taxonomy, words
from kb.examples import read_examples
from kb.lifecycle import RULES, Move, Status, StatusChange
from kb.ticket_number import display
from tests.conventions.repository import ROOT

TREE, WORDS = taxonomy.load(), words.load()
NOON = datetime(2026, 11, 21, 4, tzinfo=UTC)
NUMBER = "481720935561"
NOTES = [None, "", "已修好。", "不归我们管", "{number} {0} {", "换了灯\n又换了线", "长" * 4000, "<b>好</b> %s"]


def test_every_category_has_examples_unit_deadline_and_notice() -> None:
    examples = Counter(code for _, code in read_examples(TREE))
    bare = [
        leaf.code
        for leaf in TREE
        if not (examples[leaf.code] and leaf.entry.unit and leaf.deadline.amount and leaf.entry.notice)
    ]
    assert bare == []


def test_every_status_has_words_and_a_notice_or_is_silent_on_purpose() -> None:
    assert {key.partition(".")[2] for key in WORDS.sentences if key.startswith("status.")} == {*Status}
    told = {move for move in Move if WORDS.has(f"notices.{move}")}
    assert told | SILENT == set(Move)
    assert told & SILENT == set()


def test_every_move_has_a_line_in_the_timeline() -> None:
    assert {key.partition(".")[2] for key in WORDS.sentences if key.startswith("timeline.")} == {*Move}
    assert all(WORDS.gaps(f"timeline.{move}") <= {"unit", "due"} for move in Move)


@pytest.mark.parametrize("note", NOTES, ids=lambda note: repr(note)[:12])
def test_every_allowed_move_is_told_with_any_note_or_is_silent(note: str | None) -> None:
    notifying = Notifying(unit_of_work=None, messengers={}, speech=Speech(WORDS, TREE), clock=lambda: NOON)  # type: ignore[arg-type]
    for rule, before in ((one, before) for one in RULES for before in one.before):
        after = rule.after or before
        assert after is not None
        change = StatusChange(2, before, after, NOON, "department", note, kind=rule.move, due_at=NOON)
        complaint = Complaint(
            "c1", NUMBER, "d1", "v1", "z1", "i1", "路灯坏了", "110101", 0.9, None, None, True, NOON, NOON,
            history=(StatusChange(1, None, Status.FILED, NOON, "citizen"), change),
        )  # fmt: skip
        bubble = notifying.bubble(complaint, change)
        assert (bubble is None) is (rule.move in SILENT), rule
        if bubble and "note" in WORDS.gaps(f"notices.{rule.move}"):
            assert (note or WORDS.say("notices.no_note")) in bubble.text
        assert bubble is None or (display(NUMBER) in bubble.text and bubble.options)


def test_a_note_without_a_full_stop_does_not_run_into_the_next_sentence() -> None:
    for move in set(Move) - SILENT:
        _, gap, rest = WORDS.sentences[f"notices.{move}"].partition("{note}")
        assert not (gap and rest[:1].isalnum()), move


@pytest.mark.parametrize("folder", ["kb/content", "bot/domain", "bot/rules", "bot/stories", "data/nlu"])
def test_every_content_file_is_utf_8_with_plain_line_ends(folder: str) -> None:
    paths = [path for path in (ROOT / folder).rglob("*") if path.is_file() and path.suffix != ".npz"]
    assert paths
    for path in paths:
        raw = path.read_bytes()
        assert raw.decode("utf-8")
        assert b"\r" not in raw and not raw.startswith(b"\xef\xbb\xbf"), path
        assert raw.endswith(b"\n"), f"{path} does not end with a line end"
