"""What a message says, by everything that reads words: the conversation and `jiesu classify` both ask here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from kb.clauses import problem_text
from kb.request_types import Verdict as RequestVerdict
from kb.screening import Reason, Screening, Tag
from kb.splitting import split_problems
from kb.taxonomy import Taxonomy
from kb.urgency import OUTRIGHT, Danger
from kb.verdict import Decision, Ranked, Verdict

# So sure must a tag of the screening be before it changes what is asked next. It never drops anything.
SURE = 0.55
# So many problems are taken one by one; what is told beyond them stays with the last.
MOST_PROBLEMS = 5


class Categoriser(Protocol):
    """What `kb.training.TrainedClassifier` does."""

    def judge(self, text: str) -> Verdict: ...

    def rank_all(self, texts: Sequence[str]) -> Sequence[Sequence[Ranked]]: ...


class Alarm(Protocol):
    """What recognises danger to life or limb."""

    def find(self, text: str) -> Danger | None: ...


class RequestTypes(Protocol):
    """What `kb.request_types.RequestTypeClassifier` does."""

    def judge(self, text: str) -> RequestVerdict: ...


@dataclass(frozen=True, slots=True)
class Classified:
    """Where a problem belongs and what follows. `about` are the words without frame and background.

    `code` is the leaf; `refer_to` the duty of another authority that it is, with the decision REFER. Danger is filed
    at once, unless it is another authority's and no unit of ours would deal with it.
    """

    about: str
    verdict: Verdict
    danger: Danger | None
    code: str
    decision: Decision

    @property
    def refer_to(self) -> str | None:
        return self.verdict.refer_to if self.decision is Decision.REFER else None


@dataclass(frozen=True, slots=True)
class Understood:
    """A whole message: where it belongs, what is wanted, and what staff should doubt."""

    classified: Classified
    request: RequestVerdict
    tags: tuple[Tag, ...]


@dataclass(frozen=True)
class Understanding:
    """Reads messages. Safe to use from several threads."""

    taxonomy: Taxonomy
    categories: Categoriser
    dangers: Alarm
    request_types: RequestTypes
    screening: Screening

    def read(self, text: str) -> Understood:
        """Everything there is to say of the text."""
        classified = self.classify(text)
        tags = self.screening.tag(text, out_of_scope=classified.decision is Decision.REFER)
        return Understood(classified, self.request_types.judge(text), tags)

    def classify(self, text: str) -> Classified:
        """Where the problem belongs."""
        about = problem_text(text)
        verdict, danger = self.categories.judge(about), self.dangers.find(text)
        code, decision = verdict.best.code, verdict.decision
        if danger and not (decision is Decision.REFER and danger.leaf is None):
            # words that say it outright, or a category that is not sure, leave the danger to say whose it is
            if danger.leaf and (danger.confidence >= OUTRIGHT or decision is not Decision.FILE):
                code = danger.leaf
            decision = Decision.FILE
        return Classified(about, verdict, danger, code, decision)

    def problems(self, text: str) -> tuple[str, ...]:
        """The problems of a message, each a text of its own; one text in nearly every message.

        A part of the same category as another is no problem of its own.
        """
        parts = split_problems(text, ranks=self.categories.rank_all, same=self._same)
        last = MOST_PROBLEMS - 1
        return parts if len(parts) <= MOST_PROBLEMS else (*parts[:last], "\n".join(parts[last:]))

    def _same(self, one: str, other: str) -> bool:
        first, second = self.classify(one), self.classify(other)
        return (first.refer_to or first.code) == (second.refer_to or second.code)

    def empty_words(self, text: str) -> Reason | None:
        """Why a text says nothing to act on: abuse and nothing else, or no meaning. None for all others.

        Danger outweighs every such doubt.
        """
        if self.dangers.find(text):
            return None
        for tag in self.screening.tag(text):
            if tag.confidence >= SURE and tag.reason in (Reason.MALICE, Reason.MEANINGLESS):
                return tag.reason
        return None
