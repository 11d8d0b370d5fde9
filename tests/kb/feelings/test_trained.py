"""The model finds what the rules miss, and is asked for no more than that."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from kb import referrals
from kb.content_files import ContentError
from kb.danger_examples import NONE
from kb.feelings import distress, examples, trained
from kb.feelings.distress import Distress, Kind
from kb.feelings.trained import TrainedFeelings
from kb.taxonomy import Taxonomy
from kb.text import bigrams
from kb.vectors import Array

RULES = distress.load()
# Nothing of this stands in the examples; the rules know none of it.
MISSED = [
    "我这条命谁想要谁拿走吧，我撑够了",
    "屋里静得可怕，他的拖鞋还摆在门口，我一看就掉泪",
    "每天醒来都觉得自己多余，没人需要我",
]
ORDINARY = ["路灯坏了三天没人修", "小区门口的井盖松了，车一过就响", "物业费怎么又涨了", "垃圾桶满了没人收，臭得很"]


@pytest.fixture(scope="module")
def feelings(tree: Taxonomy, tmp_path_factory: pytest.TempPathFactory) -> TrainedFeelings:
    return TrainedFeelings(RULES, tree, referrals.load(), tmp_path_factory.mktemp("models"), None)


def test_the_rules_speak_first(feelings: TrainedFeelings) -> None:
    assert feelings.find("我不想活了") == RULES.find("我不想活了")


def test_what_the_rules_miss_is_found_by_the_words_alone(feelings: TrainedFeelings) -> None:
    assert [text for text in MISSED if RULES.find(text)] == []
    found = [feelings.find(text) for text in MISSED]
    assert sum(one is not None for one in found) >= 2, found
    assert all(isinstance(one, Distress) and one.kind in Kind for one in found if one)


@pytest.mark.parametrize("text", [*ORDINARY, "", "。。。", "😭😭", "？", "12345"])
def test_ordinary_words_are_none(feelings: TrainedFeelings, text: str) -> None:
    assert feelings.find(text) is None


def test_a_word_to_the_assistant_must_be_surer(feelings: TrainedFeelings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trained, "COMMAND", 1.1)
    text = next(text for text in MISSED if feelings.find(text))
    assert feelings.find(text, command=True) is None
    assert feelings.find("我不想活了", command=True) is not None


def test_it_is_fitted_once_and_read_the_second_time(tree: Taxonomy, tmp_path: Path) -> None:
    def made() -> TrainedFeelings:
        return TrainedFeelings(RULES, tree, referrals.load(), tmp_path, None)

    first = made()
    (kept,) = tmp_path.glob("feelings-*.joblib")
    written = kept.stat().st_mtime_ns
    assert made().find(MISSED[0]) == first.find(MISSED[0])
    assert kept.stat().st_mtime_ns == written


class Deaf:
    """An embedder that has gone away since the model was made."""

    name = "deaf"

    def embed(self, texts: Sequence[str]) -> Array:
        return np.zeros((len(texts), 4), dtype=np.float32)


def test_without_known_vectors_the_words_decide_alone(tree: Taxonomy, tmp_path: Path) -> None:
    made = TrainedFeelings(RULES, tree, referrals.load(), tmp_path, Deaf())
    assert made.find("路灯坏了") is None


# -- the examples -------------------------------------------------------------------------------------------------


def test_every_kind_has_examples_and_there_are_as_many_of_none() -> None:
    found = [kind for _, kind in examples.rows()]
    assert all(found.count(kind) >= 50 for kind in Kind)
    assert found.count(NONE) >= len(found) / 2


def test_no_example_stands_near_another_of_a_different_kind() -> None:
    rows = [(text, kind, bigrams(text)) for text, kind in examples.rows() if len(text) > 5]
    near = [
        (one, other)
        for n, (one, kind, pairs) in enumerate(rows)
        for other, other_kind, others in rows[n + 1 :]
        if (kind == NONE) != (other_kind == NONE) and len(pairs & others) >= 0.8 * len(pairs | others)
    ]
    assert near == []


def test_no_lesson_comes_twice_and_those_of_the_distressed_are_left_out(tree: Taxonomy) -> None:
    duties = referrals.load()
    found = examples.lessons(tree, duties, RULES)
    texts = [one.text for one in found]
    assert len(set(texts)) == len(texts)
    assert not set(duties["mental_help"].examples) & {one.text for one in found if one.danger == NONE}
    assert set(duties) >= examples.IN_DISTRESS


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("own_life: [我不想活了]\n", "expected exactly"),
        ("{all}", None),
        ("{all}".replace("{all}", "{all}  - 我不想活了\n"), "stands in this file twice"),
        ("{all}  - 长\n", "expected a sentence of 2 to"),
    ],
)
def test_a_mistake_in_the_examples_is_told_with_file_and_kind(tmp_path: Path, text: str, said: str | None) -> None:
    every = (
        "".join(f"{kind}:\n  - {kind}的例子\n" for kind in (*Kind, NONE) if kind != NONE) + "none:\n  - 我不想活了\n"
    )
    path = tmp_path / "examples.yml"
    path.write_text(text.replace("{all}", every), encoding="utf-8")
    if said is None:
        assert len(list(examples.rows(path))) == len(Kind) + 1
        return
    with pytest.raises(ContentError, match=said):
        list(examples.rows(path))
