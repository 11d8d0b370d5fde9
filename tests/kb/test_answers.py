"""Answers to questions: bad files, what is found, how surely, and what a clerk should look at."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb import taxonomy
from kb.answers import Answer, entries, load, meaning, weights
from kb.answers.checks import Kind, findings, misleading, overlapping, stale
from kb.answers.finding import Answers, Evidence, is_asked
from kb.content_files import ContentError
from kb.request_types import RequestType
from kb.request_types import Verdict as RequestVerdict
from kb.text import bigrams, folded
from kb.training import kept_library
from kb.vectors import Array, Unavailable
from kb.verdict import Decision, Ranked, Verdict

TREE = taxonomy.load()
WEIGHTS = weights.load()
ASKING = WEIGHTS.asking
GOOD = {
    "id": "dog-tag",
    "question": "'养狗要办证吗？'",
    "ways": "[狗证去哪办, 养狗登记找谁, 小狗上户口]",
    "answer": "要办，到社区登记。",
    "source": "养犬管理条例（2018年）",
    "date": "'2018-01'",
    "owner": "市公安局",
    "confirm": "true",
    "category": "'67'",
}


def written(folder: Path, *changes: Mapping[str, str | None]) -> Path:
    """A file of one entry for each set of changes; None leaves a key out."""
    text = ""
    for change in changes:
        pairs = {key: value for key, value in {**GOOD, **change}.items() if value is not None}
        text += "- " + "\n  ".join(f"{key}: {value}" for key, value in pairs.items()) + "\n"
    (folder / "dogs.yml").write_text(text, encoding="utf-8")
    return folder


def entry(name: str, question: str, *ways: str, **more: object) -> Answer:
    values = {
        "answer": f"{name}的回答",
        "source": "条例",
        "date": "2026-01",
        "owner": "某局",
        "confirm": False,
        "category": "",
    }
    return Answer.model_validate({"id": name, "question": question, "ways": ways, **values, **more})


DOG = entry("dog", "养狗要办证吗？", "狗证去哪办", "养犬登记找谁", "小狗怎么上户口", category="67")
HEAT = entry("heat", "暖气几号开？", "供暖什么时候开始", "暖气哪天来", "几月几号供热", category="22", date="2014-09")
GAS = entry(
    "gas", "燃气软管多久换？", "胶管几年一换", "软管能用多少年", "灶具软管寿命多长", category="11", confirm=True
)


@pytest.fixture(scope="module")
def few() -> Answers:
    return Answers((DOG, HEAT, GAS), WEIGHTS)


@pytest.fixture(scope="module")
def shipped() -> Answers:
    """All entries, by words alone: no model is needed for it."""
    return Answers(load(TREE), WEIGHTS)


# -- files that are wrong ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"id": "Dog Tag"}, "id: "),
        ({"question": "'？？'"}, "question: .*nothing is said"),
        ({"question": None}, "question: .*missing"),
        ({"ways": "[狗证去哪办, 养狗登记找谁]"}, "ways: .*at least 3"),
        ({"ways": "狗证去哪办"}, "ways: .*write a list"),
        ({"ways": "[狗证去哪办, 养狗登记找谁, 2018]"}, "ways.2: .*2018"),
        ({"ways": "[狗证去哪办, 养狗登记找谁, 狗证去哪办？]"}, "ways: '狗证去哪办？' is asked in this entry already"),
        ({"answer": "长" * 111}, "answer: .*110"),
        ({"answer": "''"}, "answer: "),
        ({"date": "2018"}, "date: .*2018"),
        ({"date": "'2018-13'"}, "date: .*2018-13"),
        ({"date": "'2018-1'"}, "date: "),
        ({"checked": "'26-01'"}, "checked: "),
        ({"category": "'68'"}, "category: no category '68' of level 1"),
        ({"category": "'6701'"}, "category: no category '6701' of level 1"),
        ({"confirm": "maybe"}, "confirm: "),
        ({"phone": "'12345'"}, "phone: "),
    ],
)
def test_an_entry_that_is_wrong_is_refused_with_file_line_and_key(
    tmp_path: Path, change: dict[str, str | None], said: str
) -> None:
    with pytest.raises(ContentError, match=rf"dogs\.yml:1: {said}"):
        load(TREE, written(tmp_path, change))


def test_the_line_is_the_entrys_own(tmp_path: Path) -> None:
    second = {"id": "dog-two", "question": "狗几岁办证", "ways": "[一, 二, 三]", "date": "'1800-01'"}
    with pytest.raises(ContentError, match=r"dogs\.yml:10: date: .*1800-01"):
        load(TREE, written(tmp_path, {}, second))


def test_an_id_given_twice_is_refused(tmp_path: Path) -> None:
    other = {"question": "狗几岁办证", "ways": "[一, 二, 三]"}
    with pytest.raises(ContentError, match=r"dogs\.yml:10: id: 'dog-tag' stands in .*dogs\.yml:1 already"):
        load(TREE, written(tmp_path, {}, other))


def test_what_is_asked_in_two_entries_is_refused_whatever_its_marks(tmp_path: Path) -> None:
    other = {"id": "dog-two", "question": "狗几岁办证", "ways": "[一, 二, '养狗要办证吗!']"}
    with pytest.raises(
        ContentError, match=r"dogs\.yml:10: ways: '养狗要办证吗!' is asked in the entry dog-tag already"
    ):
        load(TREE, written(tmp_path, {}, other))


@pytest.mark.parametrize(
    ("text", "said"),
    [("id: dog\n", "expected a list of answers"), ("- 狗\n", "expected keys and values"), ("- [\n", "dogs.yml:2: ")],
)
def test_a_file_that_is_no_list_of_entries_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "dogs.yml").write_text(text, encoding="utf-8")
    with pytest.raises(ContentError, match=said):
        load(TREE, tmp_path)


def test_a_folder_without_entries_is_refused(tmp_path: Path) -> None:
    (tmp_path / entries.WEIGHTS).write_text("answer_from: 0.5\n", encoding="utf-8")
    with pytest.raises(ContentError, match="no answers here"):
        load(TREE, tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("answer_from: 0", "answer_from: 10", "answer_from: "),
        ("{words_best: ", "{words_best: -", "words_best: .*greater"),
        ("constant: -", "constant: .inf, category: -", "category"),
        ("share: 0", "shared: 0", "share"),
        ("asking: [", "asking: ['', ", "asking.0: "),
    ],
)
def test_numbers_that_cannot_be_are_refused(tmp_path: Path, old: str, new: str, said: str) -> None:
    text = weights.PATH.read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "weights.yml").write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ContentError, match=rf"weights\.yml:\d+: .*{said}"):
        weights.load(tmp_path / "weights.yml")


# -- what is not to be answered ------------------------------------------------------------------------------------


def complains(code: str) -> Evidence:
    verdict = Verdict((Ranked(code, 0.9),), Decision.FILE)
    return Evidence.told(RequestVerdict(RequestType.COMPLAINT, 0.9), verdict)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("楼下烧烤油烟太大", "640101"),
        ("我家暖气不热，打了三次电话没人来", "210101"),
        ("遛狗的不牵绳，昨天把我孩子吓哭了，希望严查", "670201"),
        ("路灯坏了一个星期，没人修", "410101"),
        ("遛狗不牵绳", "670201"),
        ("楼道里堆东西", "560101"),
        ("换热站太吵了", "230101"),
    ],
)
def test_a_plain_complaint_gets_no_answer(shipped: Answers, text: str, code: str) -> None:
    found = shipped.found(text, complains(code))
    assert found.answer is None and not found.sure and not found.asked


def test_the_very_words_of_an_entry_are_no_question_when_they_complain(shipped: Answers) -> None:
    way = next(way for one in shipped.entries for way in one.ways if not is_asked(way, ASKING))
    assert shipped.found(way, Evidence(asks=0.05)).answer is None
    assert shipped.found(way, Evidence(asks=0.95)).asked


@pytest.mark.parametrize("text", ["", "。。。", "？", "😀", "asdf qwer", "x" * 5_000, "明天会下雨吗", "\u202e\x00"])
def test_what_says_nothing_or_asks_for_something_else_gets_no_answer(shipped: Answers, text: str) -> None:
    found = shipped.find(text)
    assert not found.sure and 0 <= found.probability < shipped.weights.answer_from
    assert len(found.matches) == 5


def test_a_complaint_is_less_likely_answered_than_the_same_words_asked(shipped: Answers) -> None:
    told = shipped.found("公厕收费", complains("340101"))
    asked = shipped.found("公厕收费吗", complains("340101"))
    assert told.best.id == asked.best.id == "toilet-free"
    assert told.probability < asked.probability / 2


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200))
def test_any_text_gives_a_probability_and_never_an_error(few: Answers, text: str) -> None:
    found = few.find(text)
    assert 0.0 <= found.probability <= 1.0
    assert found.sure is (found.answer is not None)
    scores = [match.score for match in found.matches]
    assert scores == sorted(scores, reverse=True) and len({match.answer.id for match in found.matches}) == 3


# -- what is found -------------------------------------------------------------------------------------------------


def test_an_entrys_own_question_finds_it(shipped: Answers) -> None:
    missed = [one.id for one in shipped.entries if shipped.find(one.question).best.id != one.id]
    assert len(missed) <= 0.02 * len(shipped.entries), missed


def test_a_question_in_an_entrys_own_words_is_answered(shipped: Answers) -> None:
    found = shipped.find("供暖室温标准是多少度？")
    assert found.answer is not None and found.answer.id == "heat-eighteen"
    assert found.probability > shipped.weights.answer_from and not found.by_meaning


def test_the_category_decides_between_like_words(few: Answers) -> None:
    def first(code: str) -> str:
        evidence = Evidence(branches={code: 0.95})
        return few.found("请教", evidence).best.id

    assert first("67") == "dog" and first("22") == "heat" and first("11") == "gas"


def test_evidence_of_a_question_and_of_another_kind() -> None:
    verdict = Verdict(
        (Ranked("210101", 0.5), Ranked("210102", 0.25), Ranked("410101", 0.25)), Decision.FILE, out_of_scope=0.2
    )
    asks = Evidence.told(RequestVerdict(RequestType.QUESTION, 0.7), verdict)
    assert asks.asks == 0.7 and asks.outside == 0.2
    assert asks.branches == pytest.approx({"21": 0.6, "41": 0.2})
    assert Evidence.told(RequestVerdict(RequestType.HELP, 0.6), verdict).asks == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("暖气几号开", True),
        ("几号开的暖气，现在还不热", False),
        ("暖气不热？", True),
        ("为什么不热。气死我了。", False),
        ("", False),
        ("，。", False),
    ],
)
def test_the_form_of_the_last_clause_says_whether_it_is_asked(text: str, asked: bool) -> None:
    assert is_asked(text, ASKING) is asked


def test_an_entry_that_is_gone_is_none(few: Answers) -> None:
    assert few.get("dog") is DOG and few.get("cat") is None


# -- sentence vectors ----------------------------------------------------------------------------------------------


class Twin:
    """An embedder by the first letter; counts what it was asked."""

    name = "twin"

    def __init__(self, away: bool = False) -> None:
        self.away, self.asked = away, 0

    def embed(self, texts: Sequence[str]) -> Array:
        if self.away:
            raise Unavailable("away")
        self.asked += len(texts)
        rows = np.zeros((len(texts), 8), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            row[ord(text[:1] or "。") % 8] = 1.0
            row[len(text) % 8] += 0.5
        return rows


@pytest.fixture
def trained(tmp_path: Path) -> Path:
    """A data folder where the categories were learned with the twin."""
    from kb.training import _kept
    from kb.vectors import Library

    twin = Twin()
    Library.make(twin, [f"{c}{'长' * n}" for n, c in enumerate("供暖狗证燃气软管")]).save(_kept(tmp_path, twin))
    return tmp_path


def test_vectors_are_made_at_training_and_never_at_a_start(trained: Path) -> None:
    asked = entries.texts((DOG, HEAT))
    before = meaning.read(asked, trained, Twin())
    assert before is not None and before.missing == len(asked)
    first = Twin()
    assert meaning.learn(asked, trained, first) == len(asked) == first.asked
    second = Twin()
    assert meaning.learn(asked, trained, second) == 0 and second.asked == 0
    kept = meaning.read(asked, trained, second)
    assert kept is not None and kept.missing == 0 and second.asked == 0
    assert np.allclose(np.linalg.norm(kept.rows, axis=1), 1, atol=0.02)


def test_only_new_questions_are_embedded_and_forgotten_ones_are_dropped(trained: Path) -> None:
    meaning.learn(entries.texts((DOG, HEAT)), trained, Twin())
    twin = Twin()
    assert meaning.learn(entries.texts((HEAT, GAS)), trained, twin) == len(GAS.phrases) == twin.asked
    assert meaning.read(entries.texts((DOG,)), trained, Twin()).missing == len(DOG.phrases)  # type: ignore[union-attr]


def test_without_an_embedder_or_training_words_decide(tmp_path: Path) -> None:
    assert meaning.read(["供暖"], tmp_path, None) is None
    assert meaning.read(["供暖"], tmp_path, Twin()) is None
    assert meaning.learn(["供暖"], tmp_path, Twin()) == 0


def test_while_the_embedder_is_away_words_decide(trained: Path) -> None:
    asked = entries.texts((DOG, HEAT, GAS))
    twin = Twin()
    meaning.learn(asked, trained, twin)
    answers = Answers((DOG, HEAT, GAS), WEIGHTS, meaning.read(asked, trained, twin))
    assert answers.find("狗证去哪办").by_meaning
    twin.away = True
    found = answers.find("狗证去哪办")
    assert not found.by_meaning and found.best is DOG


# -- what a clerk should look at -----------------------------------------------------------------------------------


def test_old_entries_are_stale_and_future_ones_too() -> None:
    edge = entry("edge", "边上的？", "边一", "边二", "边三", date="2024-11")
    over = entry("over", "过了的？", "过一", "过二", "过三", date="2024-10")
    looked = entry("looked", "看过的？", "看一", "看二", "看三", date="2001-01", checked="2026-10")
    future = entry("future", "将来的？", "将一", "将二", "将三", date="2026-12")
    answers = Answers((edge, over, looked, future), WEIGHTS)
    found = list(stale(answers, date(2026, 11, 22), months=24))
    assert [(one.entry.id, one.what) for one in found] == [
        ("over", "2024-10, 25 months ago"),
        ("future", "2026-12 is yet to come"),
    ]


def test_nearly_the_same_question_in_two_entries_overlaps() -> None:
    again = entry("again", "被狗咬了应该咋办？", "请问被狗咬了怎么办", "狗咬人", "让狗啃了")
    before, after = load(TREE), (*load(TREE), again)
    found = list(overlapping(Answers(after, WEIGHTS)))
    assert ("dog-bite", "again") in [(one.entry.id, one.other.id if one.other else "") for one in found]
    assert list(overlapping(Answers(before, WEIGHTS))) == []


def test_a_way_that_finds_another_entry_misleads() -> None:
    wrong = entry("wrong", "风筝在哪放？", "放风筝", "风筝场地", "青岛供暖什么时候开始供暖")
    found = list(misleading(Answers((*load(TREE), wrong), WEIGHTS)))
    mine = [(one.what, one.other.id if one.other else "") for one in found if one.entry is wrong]
    assert mine == [("青岛供暖什么时候开始供暖", "heat-season")]


def test_all_findings_come_kind_by_kind(few: Answers) -> None:
    found = list(findings(few, date(2026, 11, 22)))
    assert [(one.kind, one.entry.id) for one in found] == [(Kind.STALE, "heat"), (Kind.CONFIRM, "gas")]


# -- what ships ----------------------------------------------------------------------------------------------------


def test_there_are_entries_for_every_level_1_and_enough_of_them(shipped: Answers) -> None:
    assert len(shipped.entries) >= 150
    assert {code for code in TREE.names if len(code) == 2} == {one.category for one in shipped.entries} - {""}


def test_the_vectors_of_all_questions_ship() -> None:
    class Named(Twin):
        name = str(np.load(meaning.SHIPPED, allow_pickle=False)["embedder"])

    asked = entries.texts(load(TREE))
    here = meaning.read(asked, Path("nowhere"), Named())
    library = kept_library(Path("nowhere"), Named())
    assert here is not None and library is not None
    assert here.missing == 0, "run `jiesu answers vectors`"


def test_no_blind_question_is_nearly_an_entrys(shipped: Answers) -> None:
    path = Path(__file__).parents[1] / "blind" / "questions.csv"
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len({folded(row["text"]) for row in rows}) == len(rows) >= 160
    assert sum(not row["id"] for row in rows) >= 40
    assert {row["id"] for row in rows if row["id"]} <= {one.id for one in shipped.entries}
    known = [bigrams(phrase) for one in shipped.entries for phrase in one.phrases]
    near = [r["text"] for r in rows for b in known if len((m := bigrams(r["text"])) & b) >= 0.7 * len(m | b)]
    assert near == []


def test_the_chance_rises_with_what_speaks_for_it() -> None:
    base = dict.fromkeys(weights.TOLD_BY, 0.0) | {"constant": 1.0, "share": 1.0, "score": 10.0}
    for judging in (WEIGHTS.together, WEIGHTS.words_alone):
        chance = judging.chance.of(base)
        assert judging.chance.of(base | {"share": 3.0}) > chance
        assert judging.chance.of(base | {"asked": 1.0}) > chance
        assert judging.chance.of(base | {"length": 2.0}) < chance
        assert 0 < judging.chance.of(base | {"score": -1e9}) < judging.chance.of(base | {"score": 1e9}) < 1
        assert math.isfinite(chance)
