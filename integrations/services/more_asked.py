"""Asking what matters for a problem of this kind only, as `kb.questions` has it, and hearing the answer."""

from __future__ import annotations

from dataclasses import dataclass, replace

from integrations.services.describing import Describing
from integrations.services.utterances import Heard, Stance, Utterance
from kb.questions import UNKNOWN, Answer, Library, Question, read, tapped
from kb.report import Draft
from kb.taxonomy import UNLISTED, Urgency

# An answer with so much more beside it tells other things too.
MORE_THAN_AN_ANSWER = 8


@dataclass(frozen=True, kw_only=True)
class MoreAsked:
    """The part of the intake for questions by category. Who is in danger is not asked, but helped."""

    library: Library
    describing: Describing

    def next(self, draft: Draft) -> Draft:
        """The draft with the question that comes next, if any is worth asking."""
        return replace(draft, more=found.id if (found := self._next(draft)) else None)

    def question(self, draft: Draft) -> Question | None:
        """The question that waits."""
        return self.library.by_id.get(draft.more or "")

    def named(self, draft: Draft) -> list[tuple[Question, str]]:
        """What was answered, in the order in which it was asked, for the card and the ticket."""
        known = self.library.by_id
        return [(known[name], value) for name, value in draft.answers.items() if value and name in known]

    def answered(self, draft: Draft, said: Utterance) -> Heard:
        """The draft after an answer in words; what is no answer is more about the problem, and is not asked again."""
        question = self.question(draft)
        if question is None:
            return Heard(self.describing.told(replace(draft, more=None), said.text, said.words))
        if said.stance is Stance.UNSURE:
            return Heard(draft.answered(question.id, UNKNOWN))
        answer = read(self.library, question, said.text, self.describing.now(), yes=said.yes)
        if answer is None:
            told = self.describing.told(draft.answered(question.id, UNKNOWN), said.text, said.words)
            return Heard(told, remarks=("report.noted",))
        after = self._with(draft, question, answer)
        if len(said.text) > len(answer.value) + MORE_THAN_AN_ANSWER:
            after = self.describing.told(after, said.text, said.words)
        return Heard(after)

    def tapped(self, draft: Draft, value: str) -> Heard | None:
        """The draft after a tap, `value` being 'room_temperature:unknown'; None for a button of before."""
        name, _, choice = value.partition(":")
        question = self.library.by_id.get(name)
        answer = tapped(question, choice) if question and draft.more == name else None
        return Heard(self._with(draft, question, answer)) if question and answer else None

    def corrected(self, draft: Draft, text: str, right: str) -> Draft | None:
        """The draft with an answer that is named by its label or its value put right; None where none is meant."""
        for question, value in self.named(draft):
            if question.label not in text and value not in text:
                continue
            if (answer := read(self.library, question, right, self.describing.now())) and answer.value:
                return replace(self._with(draft, question, answer), more=draft.more)
        return None

    def _next(self, draft: Draft) -> Question | None:
        leaf = self.library.tree.leaves.get(draft.category or "")
        busy = draft.question or draft.join or draft.refer_to or draft.category_options or draft.unclear
        if leaf is None or busy or leaf.code == UNLISTED or leaf.entry.urgency is Urgency.CRITICAL:
            return None
        if self.describing.understanding.dangers.find(draft.description):
            return None
        place, locating = draft.place, self.describing.locating
        known = {fact.kind for fact in locating.facts(place)} if place else set()
        return self.library.next(
            leaf.code,
            draft.description,
            draft.answers,
            now=self.describing.now(),
            since=draft.since is not None and (draft.since.begin is not None or draft.since.precision == "vague"),
            known=known,
        )

    def _with(self, draft: Draft, question: Question, answer: Answer) -> Draft:
        draft = draft.answered(question.id, answer.value)
        if answer.since:
            draft = replace(draft, since=answer.since)
        if answer.leaf:
            chosen = replace(draft, category=answer.leaf, category_confidence=1.0, category_options=())
            draft = chosen if chosen.category == draft.category else replace(chosen, known_issue=None, join=None)
        if answer.tell:
            draft = draft.told(answer.tell)
        return draft
