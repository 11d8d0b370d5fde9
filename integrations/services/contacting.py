"""How the citizen wants to be reached: a checked number, none at all, kept from everybody else, or right here."""

from __future__ import annotations

from dataclasses import dataclass, replace

from integrations.services.describing import reached
from integrations.services.utterances import Heard, Outcome, Stance, Utterance
from kb import phones
from kb.contact_wishes import ContactWishes, Wish
from kb.phones import Fault
from kb.report import Ask, Contact, Draft, next_ask
from kb.text import declines

_SAID_WRONG = {
    Fault.SHORT: "report.phone_short",
    Fault.LONG: "report.phone_long",
    Fault.PREFIX: "report.phone_prefix",
    Fault.LANDLINE: "report.phone_landline",
    Fault.OTHER: "report.phone_looks_wrong",
}


@dataclass(frozen=True, kw_only=True)
class Contacting:
    """The part of the intake that reads answers to the question for a number, and wishes made at any time."""

    wishes: ContactWishes

    def answered(self, draft: Draft, said: Utterance) -> Heard | None:
        """The draft after an answer to the question; None where it speaks of something else."""
        if found := phones.find_all(said.text, self.wishes.local):
            return self._given(draft, found, said.text)
        if wished := self.wished(draft, said.text, asked=True):
            return wished
        if wrong := phones.wrong(said.text):
            gaps = {"figures": wrong.by, "begins": wrong.begins}
            return Heard(draft, remarks=(_SAID_WRONG[wrong.fault],), gaps=gaps)
        if Wish.LEAVE in self.wishes.heard(said.text):
            return Heard(draft, remarks=("report.phone_please",))
        if said.stance in (Stance.NO, Stance.UNSURE) or declines(said.text):
            return Heard(without(draft))
        if said.stance is Stance.YES:
            return Heard(draft, remarks=("report.phone_please",))
        return None

    def wished(self, draft: Draft, text: str, *, asked: bool = False) -> Heard | None:
        """The draft after a wish such as 匿名吧 or 把电话删了, with one sentence of what it means; None for none.

        `asked`: the question for the contact waits, so that 就在这里联系 is its answer.
        """
        wished = self.wishes.heard(text)
        if Wish.HERE in wished and (asked or draft.contact is not None):
            return Heard(replace(without(draft), contact=Contact.HERE), remarks=("report.reached_here",))
        if Wish.CONFIDENTIAL in wished:
            kept = replace(draft, confidential=True, editing=None)
            if Wish.ANONYMOUS in wished:
                return Heard(replace(without(kept), confidential=True), remarks=("report.kept_secret",))
            return Heard(kept, remarks=("report.kept_secret",))
        if Wish.DELETE in wished and draft.phone:
            return Heard(without(draft), remarks=("report.phone_deleted",))
        if wished & {Wish.ANONYMOUS, Wish.DELETE}:
            return Heard(without(draft), remarks=("report.stays_unknown",))
        return None

    def confirmed(self, draft: Draft) -> Heard:
        """The card is right: who has left no contact by then, leaves none."""
        draft = draft if draft.contact else without(draft)
        return Heard(draft, Outcome.FILE if next_ask(draft) is Ask.CONFIRMATION else Outcome.ASK)

    def secret(self, draft: Draft) -> Heard:
        """The button for leaving a number that nobody else shall see: the number itself is still to come."""
        kept = replace(draft, confidential=True)
        remarks = ("report.kept_secret",) if kept.phone else ("report.phone_please",)
        return Heard(replace(kept, editing=None) if kept.phone else kept, remarks=remarks)

    def _given(self, draft: Draft, found: tuple[str, ...], text: str) -> Heard:
        kept = replace(reached(draft, found), editing=None)
        if Wish.CONFIDENTIAL in self.wishes.heard(text):
            return Heard(replace(kept, confidential=True), remarks=("report.kept_secret",))
        return Heard(kept)


def without(draft: Draft) -> Draft:
    """The draft of somebody who leaves no number."""
    return replace(draft, contact=Contact.ANONYMOUS, phone=None, other_phone=None, editing=None)
