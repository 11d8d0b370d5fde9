"""Before a message is taken for an answer: whether it says again what was said, or turns to another matter."""

from __future__ import annotations

from dataclasses import dataclass, replace

from integrations.services.intake import Heard, Intake, Utterance, new_draft
from kb import repairs
from kb.report import Ask, Draft
from kb.understanding import Understanding
from kb.verdict import Decision

# While these are asked, a message is nearly always their answer or a correction: only its own words lead away.
_ANSWERED_IN_WORDS = frozenset({Ask.DESCRIPTION, Ask.DETAIL, Ask.PLACE, Ask.CATEGORY, Ask.CONFIRMATION})
# A message as short as this is an answer, whatever it sounds like.
SHORT = 8


@dataclass(frozen=True, kw_only=True)
class Repairing:
    """The use case."""

    understanding: Understanding
    intake: Intake

    def before_intake(self, draft: Draft, asked: Ask | None, said: Utterance) -> Heard | None:
        """What to make of a message that answers nothing; None where intake is to hear it as it is.

        Another matter is kept for after this report (`Draft.later`; '' where it is still to be told). Who is in danger
        is heard first: then this report is the one that waits.
        """
        if said.option or said.pin or not said.text or not draft.description:
            return None
        if repairs.said_before(said.words, draft.description):
            return Heard(draft, remarks=("repair.noted_again",))
        other = repairs.shipped().another(said.text)
        if other is None:
            other = self._other_problem(draft, asked, said.text)
        if other is None:
            return None
        if other in draft.later:
            return Heard(draft, remarks=("repair.noted_again",))
        if self._dangerous(other) and not self._dangerous(draft.description):
            return self._first(draft, other)
        return Heard(replace(draft, later=(*draft.later, other)), remarks=("repair.parked",))

    def _other_problem(self, draft: Draft, asked: Ask | None, text: str) -> str | None:
        """A message that tells of a problem of its own where something else was asked, as the cuts between problems
        see it."""
        if asked in _ANSWERED_IN_WORDS or asked is None or len(text) < SHORT:
            return None
        if self._dangerous(text) and not self._dangerous(draft.description) and self._elsewhere(draft, text):
            return text
        parts = self.understanding.problems(f"{draft.description}。{text}")
        return text if len(parts) > 1 and repairs.same(parts[-1]) == repairs.same(text) else None

    def _elsewhere(self, draft: Draft, text: str) -> bool:
        """Whether the words alone surely belong to another category than the report's."""
        found = self.understanding.classify(text)
        return found.decision is Decision.FILE and found.code != draft.category

    def _first(self, draft: Draft, other: str) -> Heard:
        """The dangerous matter in place of the one that was being told, which comes after it with its place."""
        fresh = replace(new_draft(), contact=draft.contact, phone=draft.phone)
        heard = self.intake.hear(fresh, Ask.DESCRIPTION, Utterance(other))
        if heard.draft.place is None and not heard.draft.place_options:  # at the same place, where none is named
            heard = replace(heard, draft=replace(heard.draft, place=draft.place))
        waiting = draft.description
        if draft.place and draft.place.text and draft.place.text not in waiting:
            waiting = f"{waiting}\n{draft.place.text}"
        later = (*heard.draft.later, waiting, *draft.later)
        return replace(heard, draft=replace(heard.draft, later=later), remarks=("repair.danger_first", *heard.remarks))

    def _dangerous(self, text: str) -> bool:
        return bool(text) and self.understanding.dangers.find(text) is not None
