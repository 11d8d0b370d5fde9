"""The judge in use, which takes up another model while it works.

Whoever put a model to use need not restart anything: at most every two seconds a call looks whether the pointer file
changed; then the new model is loaded beside the old one, which goes on judging until the new one is ready. A model
that cannot be loaded or no longer fits the categories never gets in the way: at the start the one that ships judges
in its place, later the one that judged before.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from kb.kept_models import SHIPPED, KeptModels
from kb.learned import ModelError
from kb.referrals import Duty
from kb.taxonomy import Taxonomy
from kb.training import Judge
from kb.vectors import Embedder
from kb.verdict import Ranked, Verdict

LOOK_AFTER = 2.0
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Models:
    """Everything that can judge: the learned models, and how to get at the one that ships."""

    kept: KeptModels
    shipped: Callable[[], Judge]
    taxonomy: Taxonomy
    duties: Mapping[str, Duty]
    embedder: Embedder | None

    def judge(self, number: int) -> Judge:
        """The model of that number. Raises ModelError when it cannot be loaded or does not fit the categories."""
        if number == SHIPPED:
            return self.shipped()
        learned = self.kept.load(number, self.embedder)
        if learned.about.embedder is not None and learned.embedder is None:
            raise ModelError(f"{learned.folder}: learned with the embedder {learned.about.embedder}, which is not here")
        return learned.judge(self.taxonomy, self.duties)

    def learned(self) -> tuple[int, Judge | None, str | None]:
        """Number and judge of the learned model in use, (0, None, None) when the one that ships is.

        Where the one that was put to use cannot be used, the last says why.
        """
        try:
            number = self.kept.in_use()
            return number, self.judge(number) if number else None, None
        except ModelError as wrong:
            return SHIPPED, None, str(wrong)

    def in_use(self) -> tuple[int, Judge, str | None]:
        """Number and judge in use, and why it is not the one that was put to use, where it is not."""
        number, judge, why = self.learned()
        return number, judge or self.shipped(), why


class CurrentJudge:
    """Judges by the model in use. Safe to use from several threads."""

    def __init__(self, models: Models, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._models, self._clock = models, clock
        self._changing = threading.Lock()
        self._looked, self._seen = clock(), self._signature()
        _, self._judge, why = models.in_use()
        if why:
            log.error("the model in use cannot be used, the one that ships judges instead: %s", why)

    def judge(self, text: str) -> Verdict:
        """As `kb.training.Judge.judge`."""
        self._look()
        return self._judge.judge(text)

    def rank_all(self, texts: Sequence[str]) -> list[tuple[Ranked, ...]]:
        """As `kb.training.Judge.rank_all`."""
        self._look()
        return self._judge.rank_all(texts)

    def _look(self) -> None:
        if self._clock() - self._looked < LOOK_AFTER or not self._changing.acquire(blocking=False):
            return
        self._looked = self._clock()
        signature = self._signature()
        if signature == self._seen:
            self._changing.release()
            return
        self._seen = signature
        threading.Thread(target=self._change, name="new model of categories", daemon=True).start()

    def _change(self) -> None:
        try:
            number = self._models.kept.in_use()
            self._judge = self._models.judge(number)
            log.info("another model of categories is in use: %s", number or "the one that ships")
        except ModelError as wrong:
            log.error("the new model cannot be used, the old one goes on: %s", wrong)
        except Exception as wrong:  # noqa: BLE001 - whatever it is, the old model must go on judging
            log.error("the new model cannot be used, the old one goes on: %s", type(wrong).__name__)
        finally:
            self._changing.release()

    def _signature(self) -> tuple[int, int, int] | None:
        try:
            found = self._models.kept.pointer.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_ino, found.st_size
