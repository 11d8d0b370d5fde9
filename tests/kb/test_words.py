"""Every sentence is used, says its gaps, and sounds like a person."""

import ast
import re
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.services.caring import NUMBERS, WOMEN, YOUNG
from integrations.services.following_up import Found
from integrations.services.supplementing import Kept
from integrations.services.withdrawing import TakenBack
from kb import words
from kb.content_files import ContentError
from kb.lifecycle import Move, Status
from kb.report import Ask
from kb.words import UnknownWords, Words
from tests.conventions.repository import domain

ROOT = Path(__file__).resolve().parents[2]
# Where a key is made of a value: what it begins with, and the values that it may have.
MADE = {
    "chat.page_in_": {"en", "zh_hant"},
    "status.": {*Status},
    "notices.": {*Move},
    "timeline.": {*Move},
    "followup.": {*Found, "urged_count", "added_count", "returned_count", "together_count"},
    "followup.progress_": {"on", "late"},
    "followup.row_": {"returned", "together", "urged", "added"},
    "followup.which_": {"check_progress", "urge", "supplement", "withdraw"},
    "followup.urged_": {"filed", "needs_person", "late", "filed_late", "needs_person_late"},
    "followup.urge_over_": {"closed", "rated", "withdrawn"},
    "followup.withdraw_over_": {"closed", "rated", "rechecking"},
    "followup.to_unit_urge": {"", "_late"},
    "followup.added_": {*Kept},
    "followup.withdrawn_": {*TakenBack, "done_others"},
    "report.change_": {ask.removeprefix("report_") for ask in Ask},
    "repair.why_": {slot for form in domain("forms").values() for slot in form["required_slots"]},
    # a question in the citizen's or the clerk's own words is asked again as it is
    "repair.again_": {slot for form in domain("forms").values() for slot in form["required_slots"]}
    - {"rating_survey", "report_more"},
    "feelings.": {*NUMBERS},
    "feelings.row_": {who for numbers in NUMBERS.values() for who, _ in numbers} | {WOMEN[0], YOUNG[0]},
}


@pytest.fixture(scope="module")
def modules() -> list[list[ast.AST]]:
    paths = [path for folder in ("kb", "actions", "integrations") for path in sorted((ROOT / folder).rglob("*.py"))]
    ours = [path for path in paths if not {"demo_dispatch", "migrations"} & set(path.parts)]
    return [list(ast.walk(ast.parse(path.read_text(encoding="utf-8")))) for path in ours]


@pytest.fixture(scope="module")
def code(modules: list[list[ast.AST]]) -> list[ast.AST]:
    return [node for module in modules for node in module]


def _keys(node: ast.AST) -> Iterator[str]:
    """The strings of an argument, without those of calls inside it."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif not isinstance(node, ast.Call):
        for child in ast.iter_child_nodes(node):
            yield from _keys(child)


def _spelled_out(code: list[ast.AST]) -> set[str]:
    return {node.value for node in code if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def _heads(code: list[ast.AST]) -> set[str]:
    """What strings with a value in them begin with."""
    return {str(node.values[0].value) for node in code if isinstance(node, ast.JoinedStr) and node.values
            and isinstance(node.values[0], ast.Constant)}  # fmt: skip


def _made(code: list[ast.AST], topics: set[str]) -> set[str]:
    return {head for head in _heads(code) if re.fullmatch(rf"(?:{'|'.join(topics)})\.[a-z_]*", head)}


def _in_short(modules: list[list[ast.AST]], words: Words) -> set[str]:
    """Keys of modules that name their topic once, in f"report.{key}", and say every key without it."""
    found: set[str] = set()
    for module in modules:
        for topic in (head for head in _heads(module) if re.fullmatch(r"[a-z]+\.", head)):
            short = _spelled_out(module) | {f"{head}*" for head in _heads(module) if re.fullmatch(r"[a-z_]+_", head)}
            found |= {key for key in words.sentences for one in short if fnmatch(key, topic + one)}
    return found


def test_every_sentence_is_used_and_every_sentence_asked_for_exists(
    all_words: Words, modules: list[list[ast.AST]], code: list[ast.AST]
) -> None:
    topics = {key.partition(".")[0] for key in all_words.sentences}
    made = _made(code, topics)
    strange = {head for head in made - set(MADE) if not head.endswith(".")}
    assert not strange, "a new kind of made-up key: add it to MADE with its values"
    used = {f"{head}{value}" for head in made & set(MADE) for value in MADE[head]} | _in_short(modules, all_words)
    key = rf"(?:{'|'.join(topics)})\.(?!(?:yml|js|id)$)[a-z0-9_]+"
    spelled = {s for s in _spelled_out(code) if re.fullmatch(key, s)}
    unused, unknown = set(all_words.sentences) - used - spelled, spelled - set(all_words.sentences) - made
    assert (unused, unknown) == (set(), set()), f"never said: {sorted(unused)}; not written: {sorted(unknown)}"


def test_every_call_fills_the_gaps_of_its_sentence(
    all_words: Words, modules: list[list[ast.AST]], code: list[ast.AST]
) -> None:
    filled: dict[str, bool] = {key: False for key in all_words.sentences if all_words.gaps(key)}
    for call in code:
        if not (isinstance(call, ast.Call) and call.args and isinstance(call.func, ast.Attribute)):
            continue
        if call.func.attr in ("remark", "_say"):  # fill every gap themselves, from the draft or from the ticket
            filled |= {key: True for key in _keys(call.args[0]) if key in filled}
            continue
        given = {word.arg for word in call.keywords}
        for key in _keys(call.args[0]):
            if key in filled and (None in given or all_words.gaps(key) <= given):
                filled[key] = True
            elif key in filled:
                pytest.fail(f"{key} needs {all_words.gaps(str(key))}, given {given}")
    # those whose key stands in a variable or is made of a value are said in the tests of speech, actions and notices
    made = {key for key in filled if any(key.startswith(head) for head in MADE)} | _in_short(modules, all_words)
    variable = {"report.filed", "report.joined", "report.added", "handover.recorded"}
    variable |= {"report.same_problem_n", "report.same_as_mine_n"}
    variable |= {"report.several_problems", "report.next_problem", "attached.photo_many"}
    variable |= {"attached.photo_place"}
    variable |= {"report.phone_short", "report.phone_long", "report.phone_prefix"}
    variable |= {"feedback.outcome_solved", "feedback.outcome_redone", "feedback.outcome_ended"}
    assert sorted(key for key, is_filled in filled.items() if not is_filled and key not in made | variable) == []


def test_a_sentence_with_all_gaps_filled_has_no_braces(all_words: Words) -> None:
    for key in all_words.sentences:
        said = all_words.say(key, **dict.fromkeys(all_words.gaps(key), "金水路"))
        assert said and not set(said) & set("{}"), key


def test_what_a_citizen_wrote_is_never_taken_for_a_gap(all_words: Words) -> None:
    assert "{number}" in all_words.say("notices.answered", number="1", note="{number} {0} {}")


def test_a_question_is_short_enough_for_a_small_screen(all_words: Words) -> None:
    questions = {key: text for key, text in all_words.sentences.items() if "？" in text or ".ask_" in key}
    assert {key: len(text) for key, text in questions.items() if len(text) >= 60} == {}


def test_a_sentence_or_a_gap_that_is_missing_is_a_fault_of_the_program(all_words: Words) -> None:
    with pytest.raises(UnknownWords, match=r"no sentence 'report\.nothing'"):
        all_words.say("report.nothing")
    with pytest.raises(UnknownWords, match="gap 'number'"):
        all_words.say("feedback.ask_solved")
    assert all_words.has("report.submit") and not all_words.has("report.nothing")
    assert all_words.gaps("report.filed") == {"number", "notice"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hello: 您好\nempty: ''\n", "empty: expected a sentence"),
        ("hello: [您好]\n", "hello: expected a sentence, or a list of at least two"),
        ("hello: [您好, 您好]\n", "hello: expected a sentence, or a list of at least two"),
        ("hello: []\n", "hello: expected a sentence"),
        ("hello: [您好, 12]\n", "hello: expected a sentence"),
        ("hello: ['您好{name}', 您好]\n", "hello: every way to say it needs the same gaps"),
        ("hello: 12\n", "hello: expected a sentence"),
        ("hello: 您好{name\n", "hello: "),
        ("hello: 您好\nhello: 你好\n", "chat.yml:2: key 'hello' stands here again"),
        ("- 您好\n", "chat.yml:1: "),
        ("# nothing\n", "chat.yml:1: "),
        ("hello: 您好{}\n", "hello: "),
        ("hello: 您好{0}\n", "hello: "),
    ],
)
def test_a_mistake_is_told_with_file_and_line(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "chat.yml").write_text(text, encoding="utf-8")
    with pytest.raises(ContentError) as told:
        words.load(tmp_path)
    assert str(told.value).startswith(f"{tmp_path / 'chat.yml'}:")
    assert said in str(told.value)


def test_sentences_are_known_by_topic_and_key(tmp_path: Path) -> None:
    (tmp_path / "chat.yml").write_text("hello: |\n  您好，\n  {name}\n", encoding="utf-8")
    assert words.load(tmp_path).say("chat.hello", name="老王") == "您好，\n老王"


# -- several ways to say it -----------------------------------------------------------------------------------------


def test_a_sentence_with_several_ways_is_said_in_each(tmp_path: Path) -> None:
    (tmp_path / "chat.yml").write_text("bye: ['{name}，再见', '{name}，您慢走']\nhello: 您好\n", encoding="utf-8")
    known = words.load(tmp_path)
    assert known.ways("chat.bye", name="老王") == ("老王，再见", "老王，您慢走")
    assert known.say("chat.bye", name="老王") == "老王，再见"
    assert known.ways("chat.hello") == ("您好",)
    with pytest.raises(UnknownWords, match="gap 'name'"):
        known.ways("chat.bye")


@given(st.text(max_size=20), st.text(max_size=20), st.integers(0, 50), st.integers(2, 5))
def test_the_same_words_never_come_twice_in_a_row_and_all_come_in_turn(
    key: str, conversation: str, times: int, ways: int
) -> None:
    said = [words.turn_of(key, conversation, times + n, ways) for n in range(ways)]
    assert sorted(said) == list(range(ways))
    assert said == [words.turn_of(key, conversation, times + n, ways) for n in range(ways)]
    assert words.turn_of(key, conversation, times + ways, ways) == said[0]


def test_conversations_do_not_all_begin_with_the_same_words() -> None:
    assert {words.turn_of("chat.bye", f"v{n}", 0, 3) for n in range(30)} == {0, 1, 2}


# What would grate when it is heard twice in a row.
VARIED = ["smalltalk.greet", "smalltalk.thanks", "smalltalk.goodbye", "smalltalk.off_topic", "repair.not_understood",
          "repair.sorry", "chat.gave_up", "report.noted", "report.ask_place_again", "feelings.again", "feelings.upset",
          "feedback.not_heard", "answers.unknown_now"]  # fmt: skip


@pytest.mark.parametrize("key", VARIED)
def test_what_would_grate_is_said_in_several_ways(all_words: Words, key: str) -> None:
    assert len(all_words.ways(key)) >= 2
