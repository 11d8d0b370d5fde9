"""The judge in use, which takes up another model while it works.

How it notices and loads another one is in `kb/following.py`. A model that cannot be loaded or no longer fits the
categories never gets in the way: at the start the one that ships judges in its place, later the one that judged
before.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from kb.following import LOOK_AFTER, Following
from kb.kept_models import SHIPPED, KeptModels
from kb.learned import ModelError
from kb.recent import Recent
from kb.referrals import Duty
from kb.taxonomy import Taxonomy
from kb.training import Judge
from kb.vectors import Embedder
from kb.verdict import Ranked, Verdict

__all__ = ["LOOK_AFTER", "CurrentJudge", "Models"]
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


class CurrentJudge(Following[Judge]):
    """Judges by the model in use. Safe to use from several threads."""

    def __init__(self, models: Models, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._models = models
        self._recent: Recent[Verdict] = Recent()
        self._read_by: Judge | None = None
        super().__init__(models.kept.pointer, self._first, what="model of categories", clock=clock)

    def judge(self, text: str) -> Verdict:
        """As `kb.training.Judge.judge`; the last texts are remembered."""
        judge = self._now()
        if judge is not self._read_by:  # what another model made of them is of no use
            self._read_by = judge
            self._recent.forget()
        return self._recent.get((id(judge), text), lambda: judge.judged(text))

    def rank_all(self, texts: Sequence[str]) -> list[tuple[Ranked, ...]]:
        """As `kb.training.Judge.rank_all`."""
        return self._now().rank_all(texts)

    @property
    def _judge(self) -> Judge:
        return self._value

    def _first(self) -> Judge:
        _, judge, why = self._models.in_use()
        if why:
            log.error("the model in use cannot be used, the one that ships judges instead: %s", why)
        return judge

    def _load(self) -> tuple[str, Judge]:
        number = self._models.kept.in_use()
        return str(number or "the one that ships"), self._models.judge(number)
