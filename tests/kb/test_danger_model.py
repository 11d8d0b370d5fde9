"""Dangers that no rule's words name: what the model learns from, what it finds, and what it lets pass."""

from __future__ import annotations

import dataclasses
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import joblib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb import danger_examples, dangers, referrals, urgency
from kb.content_files import ContentError
from kb.danger_examples import NONE, Lesson
from kb.danger_model import FORMAT, DangerModel
from kb.dangers import ALARM, DOUBT, TrainedDangers
from kb.examples import read_examples
from kb.taxonomy import Taxonomy
from kb.urgency import CLOSE, OUTRIGHT, UNCLEAR
from kb.vectors import Array, Library, Unavailable

RULES = urgency.load()
CONTENT = danger_examples.load(RULES.keys)
# Which part of the lessons is held out, of so many.
PART, PARTS = 0, 10


@pytest.fixture(scope="module")
def lessons(tree: Taxonomy) -> list[Lesson]:
    return danger_examples.lessons(CONTENT, RULES, tree, referrals.load())


@pytest.fixture(scope="module")
def model(lessons: list[Lesson]) -> DangerModel:
    """Fitted without the held-out part, from words alone."""
    return DangerModel.fit([one for n, one in enumerate(lessons) if n % PARTS != PART], RULES.spelling)


# --- the content ---


def test_every_danger_has_utterances_contrasts_and_letters_of_both_kinds() -> None:
    urgent = Counter(group for group, (_, danger) in zip(CONTENT.groups, CONTENT.rows, strict=True) if danger != NONE)
    ordinary = Counter(group for group, (_, danger) in zip(CONTENT.groups, CONTENT.rows, strict=True) if danger == NONE)
    assert set(urgent) == set(ordinary) == set(RULES.keys)
    assert min(urgent.values()) >= 35 and min(ordinary.values()) >= 25
    assert urgent.total() >= 900 and ordinary.total() >= 900
    letters = Counter(danger != NONE for text, danger in CONTENT.rows if 85 <= len(text) <= 250)
    assert letters[True] >= 60 and letters[False] >= 60


def test_what_is_left_out_still_stands_among_the_examples(tree: Taxonomy) -> None:
    texts = [text for text, _ in read_examples(tree)]
    texts += [text for duty in referrals.load().values() for text in duty.examples]
    assert [one for one in CONTENT.leave_out if not any(text.startswith(one) for text in texts)] == []
    assert set(tree.leaves) >= CONTENT.mixed
    assert set(referrals.load()) >= CONTENT.emergencies


def test_no_text_is_learned_twice_and_none_that_is_left_out(lessons: list[Lesson]) -> None:
    assert len({one.text for one in lessons}) == len(lessons)
    assert not any(one.text.startswith(CONTENT.leave_out) for one in lessons if not one.own)
    assert sum(not one.own for one in lessons) > 3000


GOOD = (
    'mixed: ["430303"]\nemergencies: [police]\nleave_out: [某句话]\nexamples:\n'
    "  gas: {urgent: [一股气味], ordinary: [交燃气费]}\n  fire: {urgent: [冒火了], ordinary: [火锅店吵]}\n"
)


def test_a_small_file_is_read(tmp_path: Path) -> None:
    read = danger_examples.load(("gas", "fire"), _written(tmp_path, GOOD))
    assert read.rows == (("一股气味", "gas"), ("交燃气费", NONE), ("冒火了", "fire"), ("火锅店吵", NONE))
    assert read.groups == ("gas", "gas", "fire", "fire")
    assert (read.mixed, read.emergencies, read.leave_out) == ({"430303"}, {"police"}, ("某句话",))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- 一\n", ":1: expected keys and values"),
        (GOOD.replace("leave_out: [某句话]\n", ""), ":1: leave_out: missing"),
        (GOOD + "other: []\n", ":1: other: expected only"),
        (GOOD.replace("mixed: [", "mixed: 7 #"), ":1: mixed: expected a list of texts, found 7"),
        (GOOD.replace("  fire:", "  flood:"), ":5: examples: none of 'fire'"),
        (GOOD + "  flood: {urgent: [水], ordinary: [雨]}\n", ":5: examples: no danger 'flood'"),
        (GOOD.replace("ordinary: [火锅店吵]", "other: [火锅店吵]"), ":5: fire: expected urgent and ordinary"),
        (GOOD.replace("[冒火了]", "冒火了"), ":6: fire.urgent: expected a list of texts, found '冒火了'"),
        (GOOD.replace("[冒火了]", "[]"), ":6: fire.urgent: expected a list of texts"),
        (GOOD.replace("[冒火了]", "[119]"), ":6: fire.urgent: expected a text, found 119"),
        (GOOD.replace("[冒火了]", "['']"), ": fire.urgent: expected a text, found ''"),
        (GOOD.replace("冒火了", "交 燃气费"), ":6: fire.urgent: '交 燃气费' stands also under gas.ordinary"),
        (GOOD.replace("冒火了", "火" * 401), ":6: fire.urgent: '" + "火" * 40 + "' is too long"),
    ],
)
def test_a_mistake_is_told_with_file_line_and_key(tmp_path: Path, text: str, said: str) -> None:
    path = _written(tmp_path, text)
    with pytest.raises(ContentError) as told:
        danger_examples.load(("gas", "fire"), path)
    assert str(told.value).startswith(f"{path}:")
    assert said in str(told.value)


# --- the model ---


def test_held_out_dangers_are_found_and_held_out_complaints_let_pass(lessons: list[Lesson], model: DangerModel) -> None:
    found: dict[tuple[bool, bool], list[bool]] = {}
    for one in lessons[PART::PARTS]:
        told = RULES.find(one.text)
        chance = model.judge(one.text).danger
        alarm = chance >= ALARM or (told is not None and (told.confidence >= OUTRIGHT or chance >= DOUBT))
        found.setdefault((one.danger != NONE, one.own), []).append(alarm)
    share = {key: sum(alarms) / len(alarms) for key, alarms in found.items()}
    # measured 0.93 and 0.94, 0.12 and 0.06
    assert share[True, True] >= 0.89 and share[True, False] >= 0.89, share
    assert share[False, True] <= 0.17 and share[False, False] <= 0.09, share


def test_the_same_lessons_give_the_same_model() -> None:
    few = _few_lessons()
    one, other = (DangerModel.fit(few, RULES.spelling) for _ in range(2))
    assert one.judge("井口敞着") == other.judge("井口敞着")


def test_vectors_change_the_verdict() -> None:
    few = _few_lessons()
    vectors = np.eye(len(few), 8, dtype=np.float32) + np.array([[one.danger != NONE] for one in few], dtype=np.float32)
    model = DangerModel.fit(few, RULES.spelling, vectors)
    near = model.judge("说不清的一句话", vectors[0])
    far = model.judge("说不清的一句话", -vectors[0])
    assert near.danger != far.danger
    assert 0 <= model.judge("说不清的一句话").danger <= 1


def test_too_few_lessons_cannot_be_learned_from() -> None:
    with pytest.raises(ValueError, match="two kinds"):
        DangerModel.fit([Lesson("着火了", "fire", True), Lesson("路灯不亮", NONE, True)] * 4, RULES.spelling)


@pytest.mark.parametrize("text", ["", " ", "😀😀😀", "？？！", "㍿㍿㍿", "1", "哈" * 9000, "煤气" * 5000, "\n\t\x00"])
def test_any_length_and_any_sign_is_judged(model: DangerModel, text: str) -> None:
    assert 0 <= model.judge(text).danger <= 1
    assert all(one in text for one in model.evidence(text, "fire"))


@given(st.text(max_size=80))
def test_the_evidence_is_the_citizens_own_words(model: DangerModel, text: str) -> None:
    assert all(one and one in text for one in model.evidence(text, "manhole"))


def test_the_evidence_names_what_is_dangerous(model: DangerModel) -> None:
    said = model.evidence("我天天從那兒過，昨天井蓋讓人偷走了，娃娃差點掉下去", "manhole")
    assert "掉下去" in "".join(said) or "井蓋" in "".join(said)
    assert model.evidence("娃娃差點掉下去", "no such kind")


def test_a_saved_model_judges_as_before(model: DangerModel, tmp_path: Path) -> None:
    path = tmp_path / "deep" / "dangers.joblib"
    model.save(path)
    assert [one.name for one in path.parent.iterdir()] == ["dangers.joblib"], "nothing half-written is left"
    assert path.stat().st_size < 8_000_000
    again = DangerModel.load(path, RULES.spelling)
    texts = [text for text, _ in CONTENT.rows[:40]]
    assert [again.judge(text) for text in texts] == [model.judge(text) for text in texts]


def test_a_file_of_another_format_is_refused_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "dangers.joblib"
    joblib.dump((FORMAT + 1, {}), path)
    with pytest.raises(ValueError, match=r"format 2, expected 1: run `jiesu train`"):
        DangerModel.load(path, RULES.spelling)


def test_several_threads_get_what_one_gets(model: DangerModel) -> None:
    texts = [text for text, _ in CONTENT.rows[:80]]
    alone = [model.judge(text) for text in texts]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(model.judge, texts * 3)) == alone * 3


def test_a_verdict_takes_milliseconds(model: DangerModel) -> None:
    texts = [text for text, _ in CONTENT.rows[:60]]
    times = []
    for text in texts:
        began = time.perf_counter()
        model.judge(text)
        times.append(time.perf_counter() - began)
    assert sorted(times)[30] < 0.02  # measured 2 ms, and the machine may be busy


# --- rules and model together ---


class Letters:
    """An embedder for tests: which letters a text has. `away` makes it unavailable."""

    name = "letters"

    def __init__(self) -> None:
        self.away = False
        self.asked = 0

    def embed(self, texts: Sequence[str]) -> Array:
        if self.away:
            raise Unavailable("away")
        self.asked += len(texts)
        made = np.zeros((len(texts), 160), dtype=np.float32)
        for row, text in zip(made, texts, strict=True):
            for letter in text:
                row[ord(letter) % 160] += 1
        return made


FEW = ("fire", "manhole", "wire_down")


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> tuple[urgency.Dangers, Path]:
    """Three dangers and their own examples only, which keeps the fitting short."""
    monkeypatch.setattr(danger_examples, "read_examples", lambda _taxonomy: [])
    rules = dataclasses.replace(RULES, rules=tuple(rule for rule in RULES.rules if rule.entry.key in FEW))
    lines = ["mixed: []", "emergencies: []", "leave_out: []", "examples:"]
    for key in FEW:
        own = [row for row, group in zip(CONTENT.rows, CONTENT.groups, strict=True) if group == key]
        for side, texts in (
            ("urgent", [text for text, danger in own if danger != NONE]),
            ("ordinary", [text for text, danger in own if danger == NONE]),
        ):
            lines += [f"  {key}:"] * (side == "urgent") + [f"    {side}:", *(f"      - {text!r}" for text in texts)]
    return rules, _written(tmp_path, "\n".join(lines) + "\n")


@pytest.fixture
def trained(small: tuple[urgency.Dangers, Path], tree: Taxonomy, tmp_path: Path) -> TrainedDangers:
    rules, content = small
    return TrainedDangers(rules, tree, {}, tmp_path / "models", None, content=content)


def test_the_model_is_fitted_once_for_each_state_of_the_content(
    trained: TrainedDangers, small: tuple[urgency.Dangers, Path], tree: Taxonomy, tmp_path: Path
) -> None:
    rules, content = small
    (first,) = (tmp_path / "models").glob("dangers-*-words-only.joblib")
    written = first.stat().st_mtime_ns
    TrainedDangers(rules, tree, {}, tmp_path / "models", None, content=content)
    assert first.stat().st_mtime_ns == written
    content.write_text(content.read_text(encoding="utf-8") + "      - 井盖上画的画很好看\n", encoding="utf-8")
    TrainedDangers(rules, tree, {}, tmp_path / "models", None, content=content)
    assert len(list((tmp_path / "models").iterdir())) == 2


def test_the_rules_speak_first_and_the_model_adds(trained: TrainedDangers) -> None:
    said = trained.find("楼下电动车棚着火了")
    assert said and said.key == "fire" and said.confidence == OUTRIGHT
    text = "电线杆上搭的线快挨着地了"
    assert trained.rules.find(text) is None
    added = trained.find(text)
    assert added and added.key == "wire_down" and ALARM <= added.confidence < OUTRIGHT
    assert added.evidence and all(one in text for one in added.evidence)


def test_who_does_not_know_the_kind_says_so(trained: TrainedDangers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dangers, "KNOWN_KIND", 1.1)
    added = trained.find("电线杆上搭的线快挨着地了")
    assert added and added.key == UNCLEAR and added.leaf is None


def test_the_model_takes_back_what_is_close_together_but_never_what_is_said_outright(
    trained: TrainedDangers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dangers, "DOUBT", 1.1)
    monkeypatch.setattr(dangers, "ALARM", 1.1)
    close, outright = "黑线从天上荡下来，差点碰到头", "楼下电动车棚着火了"
    told = trained.rules.find(close)
    assert told and told.confidence == CLOSE
    assert trained.find(close) is None
    assert trained.find(outright)


@pytest.mark.parametrize("text", ["", "😀😀", "？？？", "路灯不亮，请来修"])
def test_nothing_dangerous_is_nothing(trained: TrainedDangers, text: str) -> None:
    assert trained.find(text) is None


def test_a_very_long_text_costs_little(trained: TrainedDangers) -> None:
    began = time.perf_counter()
    trained.find("小区井盖不知道" * 5000)
    assert time.perf_counter() - began < 2


def test_an_embedder_is_asked_only_in_doubt_and_may_be_away(
    small: tuple[urgency.Dangers, Path], tree: Taxonomy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules, content = small
    embedder, folder = Letters(), tmp_path / "models"
    texts = [text for text, _ in danger_examples.load(rules.keys, content).rows]
    Library.make(embedder, texts).save(folder / "vectors-letters.npz")
    asked = embedder.asked
    trained = TrainedDangers(rules, tree, {}, folder, embedder, content=content)
    assert embedder.asked == asked, "all vectors are known"
    assert list(folder.glob("dangers-*-letters.joblib"))
    monkeypatch.setattr(dangers, "_DOUBTFUL", (0.0, 1.0))
    doubtful = "那边有个东西掉了，你们看看"
    trained.find(doubtful)
    assert embedder.asked == asked + 1
    trained.find(doubtful)
    assert embedder.asked == asked + 1, "the same text again"
    trained.find(doubtful, np.zeros(128, dtype=np.float32)[: trained.dimensions])
    assert embedder.asked == asked + 1, "its vector is given"
    embedder.away = True
    trained.find("那边有个别的东西掉了")
    embedder.away = False
    monkeypatch.setattr(dangers, "_DOUBTFUL", (1.0, 1.0))
    trained.find("另外那边也有个东西掉了")
    assert embedder.asked == asked + 1, "no doubt"


def test_without_the_space_of_the_categories_the_words_decide_alone(
    small: tuple[urgency.Dangers, Path], tree: Taxonomy, tmp_path: Path
) -> None:
    rules, content = small
    embedder = Letters()
    TrainedDangers(rules, tree, {}, tmp_path / "models", embedder, content=content)
    assert embedder.asked == 0
    assert list((tmp_path / "models").glob("dangers-*-words-only.joblib"))


def _few_lessons() -> list[Lesson]:
    few = [Lesson(text, danger, True) for text, danger in CONTENT.rows if danger in ("manhole", "fire")]
    return [*few, *(Lesson(text, danger, True) for text, danger in CONTENT.rows if danger == NONE)][:140]


def _written(folder: Path, text: str) -> Path:
    path = folder / "urgency_examples.yml"
    path.write_text(text, encoding="utf-8")
    return path
