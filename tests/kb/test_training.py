"""The classifier of the content as a whole: leaves and other authorities' duties, with and without vectors."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from kb import examples, referrals
from kb.referrals import Duty
from kb.taxonomy import UNLISTED, Taxonomy
from kb.training import TrainedClassifier, model_path, rows
from kb.vectors import SHIPPED, Array, Library, Unavailable, key
from kb.verdict import Decision

# A handful of leaves keeps the fitting short.
LEAVES = ("110101", "410101", "320101", "630101", "430201")


@pytest.fixture(scope="module")
def small(tree: Taxonomy) -> Taxonomy:
    return Taxonomy({code: tree.leaves[code] for code in LEAVES if code in tree.leaves})


@pytest.fixture(scope="module")
def duties() -> dict[str, Duty]:
    return {key: duty for key, duty in referrals.load().items() if key in ("police", "labour_social", "consumer_12315")}


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch, small: Taxonomy) -> None:
    every = examples.read_examples

    def only_these(taxonomy: Taxonomy, folder: Path = examples.FOLDER) -> list[tuple[str, str]]:
        from kb import taxonomy as whole

        return [row for row in every(whole.load(), folder) if row[1] in small.leaves]

    monkeypatch.setattr(examples, "read_examples", only_these)


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


def test_other_authorities_stand_beside_the_leaves(tree: Taxonomy) -> None:
    classes = {name for _, name in rows(tree, referrals.load())}

    assert len([name for name in classes if name.startswith("duty:")]) == len(referrals.load()) >= 25
    assert UNLISTED not in classes
    assert len([name for name in classes if not name.startswith("duty:")]) == len(tree.leaves) - 1


@pytest.mark.usefixtures("few")
def test_a_complaint_is_filed_and_another_authoritys_business_referred(
    small: Taxonomy, duties: dict[str, Duty], tmp_path: Path
) -> None:
    classifier = TrainedClassifier(small, duties, tmp_path, None)

    ours, theirs = classifier.judge("路灯坏了不亮，晚上黑"), classifier.judge("老板拖欠工资半年了不给")

    assert ours.best.code == "410101"
    assert ours.decision is not Decision.REFER
    assert ours.reasons
    assert (theirs.decision, theirs.refer_to) == (Decision.REFER, "labour_social")
    assert abs(sum(one.probability for one in ours.ranking) - 1) < 0.05


@pytest.mark.usefixtures("few")
def test_vectors_are_kept_and_only_new_sentences_embedded(
    small: Taxonomy, duties: dict[str, Duty], tmp_path: Path
) -> None:
    embedder = Letters()
    first = TrainedClassifier(small, duties, tmp_path, embedder)
    learned = embedder.asked
    again = TrainedClassifier(small, duties, tmp_path, embedder)

    assert learned > 100
    assert embedder.asked == learned
    assert again.judge("路灯不亮").ranking == first.judge("路灯不亮").ranking


@pytest.mark.usefixtures("few")
def test_without_an_answer_of_the_embedder_the_words_decide_alone(
    small: Taxonomy, duties: dict[str, Duty], tmp_path: Path
) -> None:
    embedder = Letters()
    classifier = TrainedClassifier(small, duties, tmp_path, embedder)
    embedder.away = True

    assert classifier.judge("路灯坏了不亮").best.code == "410101"


def test_another_content_or_embedder_has_another_file(
    small: Taxonomy, tree: Taxonomy, duties: dict[str, Duty], tmp_path: Path
) -> None:
    paths = {
        model_path(tree, duties, tmp_path, "a"),
        model_path(tree, duties, tmp_path, "b"),
        model_path(tree, duties, tmp_path, None),
        model_path(tree, {}, tmp_path, "a"),
    }

    assert len(paths) == 4


def test_the_vectors_that_ship_fit_the_sentences_that_ship(tree: Taxonomy) -> None:
    """Else every fresh installation would embed thousands of sentences: run `jiesu train`, then `--ship`."""
    library = Library.load(SHIPPED)
    texts = [text for text, _ in rows(tree, referrals.load())]

    missing = [text for text in texts if key(text) not in library]

    assert missing == []
