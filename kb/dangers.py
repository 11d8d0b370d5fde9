"""Danger to life or limb in a citizen's words: by rules over words, and by a model for what those miss.

The rules speak first. The model adds what it is nearly sure of, and takes back what the rules only found close
together when it is sure that nothing is dangerous; never what was said outright.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from kb import danger_examples
from kb.danger_examples import FILE, Lesson
from kb.recent import Passing, Recent
from kb.referrals import Duty
from kb.taxonomy import Taxonomy
from kb.training import kept_library
from kb.urgency import OUTRIGHT, UNCLEAR, Danger, Dangers
from kb.vectors import Array, Embedder, Library, Unavailable, beginning

if TYPE_CHECKING:
    from kb.danger_model import DangerModel, Doubt

MOST_TEXT = 600
# From here on a message is a letter, which names more things than it is about.
LETTER = 60
# How likely danger must be for an alarm that no rule raised, and how likely at least for one that a rule did; for
# a message and for a letter. How they were set: docs/decisions/0009-danger.md.
ALARM, LETTER_ALARM = 0.35, 0.40
DOUBT, LETTER_DOUBT = 0.02, 0.25
# So sure must the kind be before its own advice is given.
KNOWN_KIND = 0.4
# Between these the words alone leave doubt, and the sentence's meaning is asked for.
_DOUBTFUL = (0.08, 0.80)
_CODE = ("danger_model.py", "danger_examples.py")
Progress = Callable[[int, int], None]


class TrainedDangers:
    """Rules and the model for this content, which is read when it is there, else fitted and kept.

    Safe to use from several threads.
    """

    def __init__(
        self,
        rules: Dangers,
        taxonomy: Taxonomy,
        duties: Mapping[str, Duty],
        folder: Path,
        embedder: Embedder | None,
        *,
        content: Path = FILE,
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
        self._recent: Recent[Danger | None] = Recent()
        lessons = danger_examples.lessons(danger_examples.load(rules.keys, content), rules, taxonomy, duties)
        path = folder / f"dangers-{_fingerprint(lessons, library)}.joblib"
        if path.exists():
            self._model: DangerModel = DangerModel.load(path, rules.spelling)
            return
        vectors = None
        if library and embedder:
            vectors = library.vectors([lesson.text for lesson in lessons], embedder, progress=progress)
        self._model = DangerModel.fit(lessons, rules.spelling, vectors)
        self._model.save(path)

    @property
    def dimensions(self) -> int:
        """How long a vector must be, 0 when none is of use."""
        return len(self._space.directions) if self._space else 0

    def find(self, text: str, vector: Array | None = None) -> Danger | None:
        """The gravest danger the text tells of, or None.

        `vector` is the projected vector of the text where it is known; else the embedder is asked when the words
        leave doubt, and when it does not answer the words decide alone.
        """
        if vector is not None:
            return self._judged(text, vector)
        return self._recent.get(text, lambda: self._judged(text, None))

    def _judged(self, text: str, vector: Array | None) -> Danger | None:
        if self._space is None:
            vector = None
        told = list(self.rules.all(text))
        if told and told[0].confidence >= OUTRIGHT:
            return told[0]
        beginning_of_text = text[:MOST_TEXT]
        judged = self._model.judge(beginning_of_text, vector)
        helpless = False
        if vector is None and _DOUBTFUL[0] < judged.danger < _DOUBTFUL[1]:
            meant = self._vector(beginning_of_text)
            helpless = meant is None and self._space is not None
            judged = judged if meant is None else self._model.judge(beginning_of_text, meant)
        found = self._weighed(text, told, judged)
        if helpless:
            raise Passing(found)
        return found

    def _weighed(self, text: str, told: list[Danger], judged: Doubt) -> Danger | None:
        letter = len(text) >= LETTER
        alarm, doubt = (LETTER_ALARM, LETTER_DOUBT) if letter else (ALARM, DOUBT)
        for danger in told:
            if danger.confidence >= OUTRIGHT or judged.danger >= doubt:
                return danger
        if judged.danger < alarm or not any(c.isalnum() for c in text):
            return None
        kind = judged.kind if judged.kind_confidence >= KNOWN_KIND else UNCLEAR
        evidence = self._model.evidence(text[:MOST_TEXT], judged.kind)
        return self.rules.of(kind, evidence, round(judged.danger, 4))

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
        digest.update(Path(__file__).with_name(name).read_bytes())
    for lesson in lessons:
        digest.update(f"{lesson}\n".encode())
    if library:
        digest.update(library.space.mean.tobytes() + library.space.directions.tobytes())
    return f"{digest.hexdigest()[:12]}-{library.space.embedder if library else 'words-only'}"
