"""A city with a handful of categories, so that learning them takes a moment: for tests of what learns."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from integrations.services.learning_categories import LearningCategories
from kb import examples, referrals, taxonomy
from kb.current import Models
from kb.kept_models import KeptModels
from kb.referrals import Duty
from kb.taxonomy import Taxonomy
from kb.training import TrainedClassifier
from kb.vectors import Array, Unavailable

LAMP, SMELL, NOISE = "410101", "110101", "630101"
LEAVES = (LAMP, SMELL, NOISE)
WAGES = "labour_social"
NOON = datetime(2026, 11, 21, 4, tzinfo=UTC)

_WHOLE = taxonomy.load()
CITY = Taxonomy({code: _WHOLE.leaves[code] for code in LEAVES})
DUTIES: dict[str, Duty] = {WAGES: referrals.load()[WAGES]}

SAID = {
    LAMP: ("路灯不亮", "路灯坏了", "灯杆上的灯一闪一闪", "整条路的路灯都灭了", "路灯白天亮晚上灭"),
    SMELL: ("厨房煤气味", "燃气表旁边有煤气味", "楼道里闻到燃气味", "灶台漏气", "煤气味很大"),
    NOISE: ("夜里施工吵", "工地半夜打桩", "工地凌晨还在施工", "夜间施工噪音", "施工到半夜睡不着"),
}
PLACES = ("东山路", "西山路", "南山路", "北山路", "河边")


class Letters:
    """An embedder: which letters a text has. `away` makes it unavailable; `asked` counts the texts."""

    def __init__(self, name: str = "letters") -> None:
        self.name = name
        self.away = False
        self.asked = 0

    def embed(self, texts: Sequence[str]) -> Array:
        if self.away:
            raise Unavailable("the embedding service does not answer")
        self.asked += len(texts)
        made = np.zeros((len(texts), 160), dtype=np.float32)
        for row, text in zip(made, texts, strict=True):
            for letter in text:
                row[ord(letter) % 160] += 1
        return made


# What ships in the small city: other words for the same, so that nothing is learned by heart.
SHIPS = {
    LAMP: ("门口的路灯黑着", "路灯罩碎了不亮", "好几盏路灯都不亮了", "晚上路灯没亮过"),
    SMELL: ("家里闻到煤气味", "燃气灶一股臭味", "闻着像漏煤气", "燃气管子那儿有味"),
    NOISE: ("楼下工地夜里还在响", "半夜挖掘机吵醒人", "工地通宵打混凝土", "晚上施工的声音太大"),
}
FRAMES = ("", "你好，", "麻烦看一下，")


def few_examples(monkeypatch: pytest.MonkeyPatch) -> None:
    """In place of the sentences that ship: twelve for each category of the small city."""
    kept = [(frame + said, code) for code, every in SHIPS.items() for said in every for frame in FRAMES]
    monkeypatch.setattr(examples, "read_examples", lambda _taxonomy, _folder=None: list(kept))


def rows(names: dict[str, str] | None = None) -> list[tuple[str, str]]:
    """(text, label) of 75 tickets; `names` puts other labels for the codes."""
    return [
        (f"{place}{said}", (names or {}).get(code, code))
        for code, every in SAID.items()
        for said in every
        for place in PLACES
    ]


OWN = {LAMP: "城管", SMELL: "燃气", NOISE: "城建"}


def csv_file(path: Path, lines: Iterable[Sequence[str]], header: Sequence[str] = ("text", "label")) -> Path:
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([header, *lines])
    return path


def models(folder: Path, embedder: Letters | None = None, city: Taxonomy = CITY) -> Models:
    """Everything that can judge in the small city, kept in that folder."""
    kept = KeptModels(folder)
    return Models(kept, lambda: TrainedClassifier(city, DUTIES, folder, embedder), city, DUTIES, embedder)


def learning(folder: Path, embedder: Letters | None = None, city: Taxonomy = CITY) -> LearningCategories:
    """The use case of the small city."""
    return LearningCategories(models(folder, embedder, city), folder, lambda: NOON)
