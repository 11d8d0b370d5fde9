"""The verdict and the model behind it, on a small sample."""

from pathlib import Path

import joblib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.classifier import FORMAT, Classifier
from kb.vectors import Array, unit
from kb.verdict import CHOOSE, FILE, FITS, Decision, Ranked, Verdict, decide

WHERE = ["海尔路", "小区门口", "我们楼下", "公园里", "桥底下", "学校边上", "菜市场", "广场"]
SAMPLE = (
    [(f"{where}的路灯坏了不亮", "410101") for where in WHERE]
    + [(f"{where}的垃圾没人收，臭得很", "310101") for where in WHERE]
    + [(f"{where}半夜施工噪音吵得睡不着", "630203") for where in WHERE]
    + [(f"{where}的井盖翘起来了，车过哐当响", "420101") for where in WHERE]
)


@pytest.fixture(scope="module")
def model() -> Classifier:
    return Classifier.fit(SAMPLE)


@pytest.fixture(scope="module")
def vectors() -> Array:
    """Stand-ins for sentence vectors: one direction for each category, a little noise."""
    noise = np.random.default_rng(0).normal(0, 0.1, (len(SAMPLE), 6))
    place = {code: number for number, code in enumerate(sorted({code for _, code in SAMPLE}))}
    for row, (_, code) in zip(noise, SAMPLE, strict=True):
        row[place[code]] += 1
    return unit(noise.astype(np.float32))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("路灯不亮了，黑得很", "410101"),
        ("垃圾堆成山，太臭", "310101"),
        ("夜里施工声音大，睡不着", "630203"),
        ("有个井盖哐当响", "420101"),
    ],
)
def test_the_likeliest_category_stands_first(model: Classifier, text: str, code: str) -> None:
    assert model.rank(text)[0].code == code
    assert model.rank(text)[0].probability > 0.5


def test_a_vector_speaks_beside_the_words(vectors: Array) -> None:
    both = Classifier.fit(SAMPLE, vectors)
    rubbish = vectors[len(WHERE)]
    assert both.rank("这事没人管", rubbish)[0].code == "310101"
    assert both.rank("这事没人管", None) == both.rank("这事没人管")


def test_the_words_that_spoke_for_it_are_named(model: Classifier) -> None:
    assert any("路灯" in word or "不亮" in word for word in model.reasons("门口的路灯不亮", "410101"))
    assert not any("路灯" in word for word in model.reasons("门口的路灯不亮", "310101"))


def test_one_class_is_nothing_to_choose_from() -> None:
    with pytest.raises(ValueError, match="at least two classes"):
        Classifier.fit([("路灯坏了", "410101"), ("灯不亮", "410101")])


@given(st.text(max_size=40), st.integers(1, 6))
def test_a_ranking_is_in_order_and_its_chances_sum_to_at_most_one(model: Classifier, text: str, limit: int) -> None:
    ranking = model.rank(text, limit=limit)
    chances = [one.probability for one in ranking]
    assert len(ranking) == min(limit, 4)
    assert chances == sorted(chances, reverse=True)
    assert all(0 <= chance <= 1 for chance in chances)
    assert sum(chances) <= 1 + 1e-6
    assert len({one.code for one in ranking}) == len(ranking)


def test_width_and_blanks_change_nothing(model: Classifier) -> None:
    assert model.rank("路 灯 坏了") == model.rank("路灯坏了")
    assert model.rank("ＡＢＣ路灯坏了") == model.rank("abc路灯坏了")


def test_the_same_rows_give_the_same_model(model: Classifier) -> None:
    assert Classifier.fit(SAMPLE).rank("路灯不亮") == model.rank("路灯不亮")


def test_a_saved_model_judges_as_before(vectors: Array, tmp_path: Path) -> None:
    model = Classifier.fit(SAMPLE, vectors)
    path = tmp_path / "deep" / "model.joblib"
    model.save(path)
    assert [one.name for one in path.parent.iterdir()] == ["model.joblib"], "nothing half-written is left"
    again = Classifier.load(path)
    assert all(again.rank(text, row) == model.rank(text, row) for (text, _), row in zip(SAMPLE, vectors, strict=True))


def test_a_file_of_another_format_is_refused_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "model.joblib"
    joblib.dump((FORMAT + 1, None, None, 1.0), path)
    with pytest.raises(ValueError, match=rf"format {FORMAT + 1}, expected {FORMAT}: run `jiesu train`"):
        Classifier.load(path)


def ranked(*chances: float) -> tuple[Ranked, ...]:
    return tuple(Ranked(f"{n:06}", chance) for n, chance in enumerate(chances))


def test_categories_of_one_unit_count_together() -> None:
    three = ranked(0.3, 0.1, 0.25)
    units = {"000000": "路灯管理单位", "000001": "所在区城市管理局", "000002": "路灯管理单位"}
    assert decide(three).decision is Decision.ASK
    assert decide(three, units).decision is Decision.FILE


@pytest.mark.parametrize(
    ("chances", "decision"),
    [
        ((1.0,), Decision.FILE),
        ((FILE, 0.4), Decision.FILE),
        ((FILE - 0.001, 0.4), Decision.CHOOSE),
        ((0.3, 0.25), Decision.CHOOSE),
        ((0.3, 0.24, 0.23), Decision.ASK),
        ((0.49,), Decision.ASK),
        ((0.2, 0.2, 0.2, 0.2, 0.2), Decision.ASK),
        ((FITS, 0.1), Decision.ASK),
        ((FITS - 0.001, 0.1), Decision.HANDOVER),
        ((0.0,), Decision.HANDOVER),
    ],
)
def test_the_bars_decide(chances: tuple[float, ...], decision: Decision) -> None:
    assert decide(ranked(*chances)) == Verdict(ranked(*chances), decision)


def test_the_bars_leave_room_for_each_decision() -> None:
    assert 0 < FILE < CHOOSE <= 1
