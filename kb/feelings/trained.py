"""Distress by rules over words, and by a model for what those miss.

The rules speak first. The model learns from `content/feelings/examples.yml` by the same means as the one for danger:
characters, and the sentence's meaning where the words leave doubt.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from kb.danger_examples import Lesson
from kb.feelings import examples
from kb.feelings.distress import Distress, Feelings, Kind
from kb.referrals import Duty
from kb.taxonomy import Taxonomy
from kb.training import kept_library
from kb.vectors import Array, Embedder, Library, Unavailable, beginning

if TYPE_CHECKING:
    from kb.danger_model import DangerModel

MOST_TEXT = 200
# How likely distress must be; beside something that the city can set right most people are angry, and short commands
# to the assistant (不报了, 我走了) sound like more than they are.
ALARM, BESIDE_A_MATTER, COMMAND = 0.4, 0.5, 0.9
# Between these the words alone leave doubt, and the sentence's meaning is asked for; of a command from the other on.
_DOUBTFUL, _DOUBTED_COMMAND = (0.05, 0.95), 0.5
_CODE = ("danger_model.py", "feelings/examples.py")
Progress = Callable[[int, int], None]


class TrainedFeelings:
    """Rules and the model for this content, which is read when it is there, else fitted and kept.

    Safe to use from several threads.
    """

    def __init__(
        self,
        rules: Feelings,
        taxonomy: Taxonomy,
        duties: Mapping[str, Duty],
        folder: Path,
        embedder: Embedder | None,
        *,
        content: Path = examples.FILE,
        progress: Progress = lambda _done, _all: None,
    ) -> None:
        # Imported here because it brings the numeric libraries, which the gateway and the worker do without.
        from kb.danger_model import DangerModel

        self.rules = rules
        library = kept_library(folder, embedder)
        # Without the space in which the categories are learned there is nothing to compare vectors in.
        self._embedder = embedder if library else None
        self._space = library.space if library else None
        self._raw = lru_cache(maxsize=64)(self._embedded)
        lessons = examples.lessons(taxonomy, duties, rules, content)
        path = folder / f"feelings-{_fingerprint(lessons, library)}.joblib"
        if path.exists():
            self._model: DangerModel = DangerModel.load(path, rules.spelling)
            return
        vectors = None
        if library and embedder:
            vectors = library.vectors([lesson.text for lesson in lessons], embedder, progress=progress)
        self._model = DangerModel.fit(lessons, rules.spelling, vectors)
        self._model.save(path)

    def find(self, text: str, *, command: bool = False) -> Distress | None:
        """The gravest distress the text tells of, or None. `command`: it is taken for a word to the assistant.

        The embedder is asked when the words leave doubt; when it does not answer the words decide alone.
        """
        if told := self.rules.find(text):
            return told
        said = text[:MOST_TEXT]
        if not any(c.isalnum() for c in said):
            return None
        judged = self._model.judge(said)
        doubted = _DOUBTED_COMMAND if command else _DOUBTFUL[0]
        if doubted < judged.danger < _DOUBTFUL[1] and (vector := self._vector(said)) is not None:
            judged = self._model.judge(said, vector)
        least = COMMAND if command else BESIDE_A_MATTER if self.rules.matter(text) else ALARM
        if judged.danger < least:
            return None
        evidence = "、".join(self._model.evidence(said, judged.kind))
        return self.rules.of(Kind(judged.kind), text, evidence)

    def _vector(self, text: str) -> Array | None:
        if self._space is None:
            return None
        try:
            return self._raw(beginning(text))
        except Unavailable:
            return None

    def _embedded(self, text: str) -> Array:
        assert self._embedder is not None and self._space is not None
        vector: Array = self._space.project(self._embedder.embed([text]))[0]
        return vector


def _fingerprint(lessons: list[Lesson], library: Library | None) -> str:
    """Characters that change when the content, the model's code or the space of the vectors changes."""
    digest = hashlib.sha256()
    for name in _CODE:
        digest.update((Path(__file__).parents[1] / name).read_bytes())
    for lesson in lessons:
        digest.update(f"{lesson}\n".encode())
    if library:
        digest.update(library.space.mean.tobytes() + library.space.directions.tobytes())
    return f"{digest.hexdigest()[:12]}-{library.space.embedder if library else 'words-only'}"
