"""The verdict and the model behind it, on a small sample."""

from pathlib import Path

import joblib
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.classifier import FORMAT, Classifier
from kb.taxonomy import Taxonomy
from kb.training import TrainedClassifier, model_path
from kb.verdict import CHOOSE, FILE, Decision, Ranked, Verdict, decide

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
    verdict = model.judge(text)
    assert verdict.best.code == code
    assert verdict.decision is Decision.FILE


@given(st.text(max_size=40), st.integers(1, 6))
def test_a_ranking_is_in_order_and_its_chances_sum_to_at_most_one(model: Classifier, text: str, limit: int) -> None:
    ranking = model.rank(text, limit)
    chances = [one.probability for one in ranking]
    assert len(ranking) == min(limit, 4)
    assert chances == sorted(chances, reverse=True)
    assert all(0 <= chance <= 1 for chance in chances)
    assert sum(chances) <= 1 + 1e-9
    assert len({one.code for one in ranking}) == len(ranking)


def test_width_and_blanks_change_nothing(model: Classifier) -> None:
    assert model.rank("路 灯 坏了") == model.rank("路灯坏了")
    assert model.rank("ＡＢＣ路灯坏了") == model.rank("abc路灯坏了")


def test_the_same_rows_give_the_same_model(model: Classifier) -> None:
    assert Classifier.fit(SAMPLE).rank("路灯不亮") == model.rank("路灯不亮")


def test_a_saved_model_judges_as_before(model: Classifier, tmp_path: Path) -> None:
    path = tmp_path / "deep" / "model.joblib"
    model.save(path)
    assert [one.name for one in path.parent.iterdir()] == ["model.joblib"], "nothing half-written is left"
    again = Classifier.load(path)
    assert all(again.judge(text) == model.judge(text) for text, _ in SAMPLE)


def test_a_file_of_another_format_is_refused_with_what_to_do(model: Classifier, tmp_path: Path) -> None:
    path = tmp_path / "model.joblib"
    joblib.dump((FORMAT + 1, None, None, 1.0), path)
    with pytest.raises(ValueError, match=r"format 2, expected 1: run `jiesu train`"):
        Classifier.load(path)


def test_a_model_is_read_where_it_was_kept_and_another_content_has_another_place(
    model: Classifier, tree: Taxonomy, tmp_path: Path
) -> None:
    path = model_path(tree, tmp_path)
    model.save(path)
    assert TrainedClassifier(tree, tmp_path).judge("路灯不亮") == model.judge("路灯不亮")
    smaller = Taxonomy(dict(list(tree.leaves.items())))
    assert model_path(smaller, tmp_path) == path


def ranked(*chances: float) -> tuple[Ranked, ...]:
    return tuple(Ranked(f"{n:06}", chance) for n, chance in enumerate(chances))


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
        ((0.0,), Decision.ASK),
    ],
)
def test_the_bars_decide(chances: tuple[float, ...], decision: Decision) -> None:
    assert decide(ranked(*chances)) == Verdict(ranked(*chances), decision)


def test_the_bars_leave_room_for_each_decision() -> None:
    assert 0 < FILE < CHOOSE <= 1
