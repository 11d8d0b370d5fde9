"""Making the classifier that fits the content as it is now: fitted once for each state of the content, then kept."""

from __future__ import annotations

from pathlib import Path

from kb.examples import fingerprint, samples
from kb.taxonomy import Taxonomy
from kb.verdict import Verdict


def model_path(taxonomy: Taxonomy, folder: Path) -> Path:
    """Where the model for this content is or will be kept."""
    return folder / f"categories-{fingerprint(samples(taxonomy))}.joblib"


class TrainedClassifier:
    """The model for this content: read on first use when it is there, else fitted and kept."""

    def __init__(self, taxonomy: Taxonomy, folder: Path) -> None:
        # Imported here because it brings the numeric libraries, which the gateway and the worker do without.
        from kb.classifier import Classifier

        path = model_path(taxonomy, folder)
        if path.exists():
            self._model = Classifier.load(path)
        else:
            self._model = Classifier.fit(samples(taxonomy))
            self._model.save(path)

    def judge(self, text: str) -> Verdict:
        """The ranking and what to do with it."""
        return self._model.judge(text)
