"""Answering questions: the entry that surely answers, a few to choose from, or an honest "I do not know"."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kb.answers.entries import Answer
from kb.request_types import RequestType
from kb.understanding import Understanding

if TYPE_CHECKING:
    from kb.answers.finding import Answers

# So many are offered where none is sure.
OFFERED = 3


@dataclass(frozen=True, slots=True)
class Reply:
    """`answer` is given where it is sure; `near` are the likeliest others, none where nothing was asked."""

    answer: Answer | None = None
    near: tuple[Answer, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Answering:
    """The use case. `answers` gives the entries in use."""

    answers: Callable[[], Answers]
    understanding: Understanding

    def reply(self, text: str) -> Reply:
        """What to say to a question in the citizen's words."""
        found = self.answers().find(text, self.understanding.read(text), limit=OFFERED + 1)
        near = tuple(match.answer for match in found.matches if match.answer is not found.answer)
        return Reply(found.answer, near[:OFFERED])

    def surely(self, text: str) -> Answer | None:
        """The entry that surely answers words that came as a complaint: who asks is answered before any form.

        None where they are no 咨询 by their kind (路灯坏了怎么没人管 only looks like one), or speak of a danger.
        """
        if not text.strip() or self.understanding.request_types.judge(text).type is not RequestType.QUESTION:
            return None
        return None if self.understanding.dangers.find(text) else self.reply(text).answer

    def named(self, answer_id: str) -> Answer | None:
        """The entry of that id; None when there is none any more."""
        return self.answers().get(answer_id)
