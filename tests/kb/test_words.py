"""Every sentence is used, says its gaps, and sounds like a person."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from integrations.services.following_up import Found
from integrations.services.supplementing import Kept
from integrations.services.withdrawing import TakenBack
from kb import words
from kb.content_files import ContentError
from kb.known_issues import KnownIssue
from kb.lifecycle import Move, Status
from kb.report import Ask
from kb.taxonomy import Taxonomy
from kb.words import UnknownWords, Words

ROOT = Path(__file__).resolve().parents[2]
# Where a key is made of a value: what it begins with, and the values that it may have.
MADE = {
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
}


def _code() -> Iterator[ast.AST]:
    for folder in ("kb", "actions", "integrations"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "demo_dispatch" not in path.parts and "migrations" not in path.parts:
                yield from ast.walk(ast.parse(path.read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def code() -> list[ast.AST]:
    return list(_code())


def _keys(node: ast.AST) -> Iterator[str]:
    """The strings of an argument, without those of calls inside it."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif not isinstance(node, ast.Call):
        for child in ast.iter_child_nodes(node):
            yield from _keys(child)


def _spelled_out(code: list[ast.AST]) -> set[str]:
    return {node.value for node in code if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def _made(code: list[ast.AST], topics: set[str]) -> set[str]:
    heads = {node.values[0].value for node in code if isinstance(node, ast.JoinedStr) and node.values
             and isinstance(node.values[0], ast.Constant)}  # fmt: skip
    return {str(head) for head in heads if re.fullmatch(rf"(?:{'|'.join(topics)})\.[a-z_]*", str(head))}


def test_every_sentence_is_used_and_every_sentence_asked_for_exists(all_words: Words, code: list[ast.AST]) -> None:
    topics = {key.partition(".")[0] for key in all_words.sentences}
    made = _made(code, topics)
    assert made <= set(MADE), "a new kind of made-up key: add it to MADE with its values"
    used = {f"{head}{value}" for head in made for value in MADE[head]}
    spelled = {s for s in _spelled_out(code) if re.fullmatch(rf"(?:{'|'.join(topics)})\.[a-z0-9_]+", s)}
    unused, unknown = set(all_words.sentences) - used - spelled, spelled - set(all_words.sentences) - made
    assert (unused, unknown) == (set(), set()), f"never said: {sorted(unused)}; not written: {sorted(unknown)}"


def test_every_call_fills_the_gaps_of_its_sentence(all_words: Words, code: list[ast.AST]) -> None:
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
    made = {key for key in filled if any(key.startswith(head) for head in MADE)}
    variable = {"report.filed", "report.joined", "report.added", "handover.recorded"}
    variable |= {"report.same_problem_n", "report.same_as_mine_n"}
    variable |= {"report.several_problems", "report.next_problem"}
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


OFFICIALESE = [
    "贵单位", "贵方", "予以", "敬请", "谅解", "相关部门", "有关部门", "核实处理", "妥善处理", "高度重视", "依法依规",
    "责成", "督办", "函告", "兹", "特此", "知悉", "悉知", "烦请", "恳请", "尊敬的", "广大市民", "您好！感谢您的来电",
    "不便之处", "如下：", "经查", "该问题", "上述", "届时", "均", "亦", "即可", "进行了", r"之(?![前后间类])",
]  # fmt: skip


def _spoken(all_words: Words, tree: Taxonomy, issues: tuple[KnownIssue, ...]) -> Iterator[tuple[str, str]]:
    yield from all_words.sentences.items()
    for path in sorted((ROOT / "bot/domain").glob("*.yml")):
        for name, variants in (yaml.safe_load(path.read_text(encoding="utf-8")).get("responses") or {}).items():
            yield from ((name, one["text"]) for one in variants)
    for leaf in tree:
        entry = leaf.entry
        yield from (
            (leaf.code, text) for text in (entry.plain, entry.notice, entry.safety_advice or "", *entry.questions)
        )
    for issue in issues:
        yield from ((issue.id, text) for text in (issue.say, issue.advice or ""))


def test_nobody_is_spoken_to_in_officialese(all_words: Words, tree: Taxonomy, issues: tuple[KnownIssue, ...]) -> None:
    assert len(OFFICIALESE) >= 25
    stiff = re.compile("|".join(OFFICIALESE))
    found = {(key, hit.group(0)) for key, text in _spoken(all_words, tree, issues) if (hit := stiff.search(text))}
    assert not found, sorted(found)


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
        ("hello: [您好]\n", "hello: expected a sentence"),
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
