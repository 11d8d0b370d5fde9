"""Distress is answered before everything else: a sentence, the numbers to call, and a person who is asked to come.

What the rules find is answered in the transaction that stores the message, whether or not the dialogue can be reached;
what only the model finds is answered by the dialogue's next step. The matter beside it is taken in all the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from integrations.services.handing_over import HandingOver
from integrations.services.ports import Clock, Transaction, UnitOfWork
from integrations.services.records import Bubble, Sender
from integrations.services.speech import Speech
from kb.feelings.distress import Distress, Kind
from kb.handover.states import Reason
from kb.normalising import plain

CARD = "care"
"""The kind of card under such an answer."""

# So many lines back a former answer of this kind is looked for.
LOOK_BACK = 60
# The numbers on the card, by what somebody suffers; the first one first.
MIND, AMBULANCE, POLICE, FIRE = ("mind", "12356"), ("ambulance", "120"), ("police", "110"), ("fire", "119")
WOMEN, YOUNG = ("women", "12338"), ("young", "12355")
NUMBERS: dict[str, tuple[tuple[str, str], ...]] = {
    "own_life": (MIND, AMBULANCE, POLICE),
    "own_life_now": (AMBULANCE, POLICE, MIND),
    "other_life": (MIND, POLICE, AMBULANCE),
    "other_life_now": (POLICE, FIRE, AMBULANCE),
    "alone": (POLICE, FIRE, AMBULANCE),
    "violence": (POLICE, AMBULANCE),
    "violence_other": (POLICE, AMBULANCE),
    "grief": (MIND,),
    "despair": (MIND,),
}


class Feels(Protocol):
    """What recognises distress: the rules of `kb.feelings.distress`, or those and a model."""

    def find(self, text: str, *, command: bool = False) -> Distress | None: ...


@dataclass(frozen=True, slots=True)
class Care:
    """What is said at once. `whole`: nothing else was said, so nothing else is to be answered."""

    bubble: Bubble
    whole: bool


@dataclass(frozen=True, kw_only=True)
class Caring:
    """The use case. `rules` are quick and always there; `feelings` may also ask a model."""

    unit_of_work: UnitOfWork
    handing_over: HandingOver
    speech: Speech
    clock: Clock
    rules: Feels
    feelings: Callable[[], Feels] = field(repr=False)

    def urgent(self, text: str) -> bool:
        """Whether the words are answered at once, so that nobody should let them wait."""
        return self.rules.find(plain(text).text) is not None

    def at_once(self, tx: Transaction, conversation_id: str, text: str, now: datetime) -> Care | None:
        """The answer to words of distress that are just being stored; None for all others."""
        found = self.rules.find(plain(text).text)
        return self._answer(tx, conversation_id, text, found, now) if found else None

    def later(self, conversation_id: str, text: str, *, command: bool = False) -> Care | None:
        """The answer to distress that the rules have missed; None where they have not, and where there is none.

        `command`: the dialogue takes the words for a command, so that the model must be nearly sure.
        """
        heard = plain(text).text
        if not heard or self.rules.find(heard) or (found := self.feelings().find(heard, command=command)) is None:
            return None
        with self.unit_of_work() as tx:
            return self._answer(tx, conversation_id, text, found, self.clock())

    # -- saying it -------------------------------------------------------------------------------------------

    def _answer(self, tx: Transaction, conversation_id: str, text: str, found: Distress, now: datetime) -> Care | None:
        """A clerk who has the conversation reads what is said; the numbers are told once all the same."""
        held = self.handing_over.held(tx, conversation_id)
        said = self._said_before(tx, conversation_id)
        self.handing_over.call(tx, conversation_id, Reason.DISTRESS, text)
        if held and said:  # a clerk is speaking with them, and the numbers have been told
            return None
        key = _key(found)
        words = self.speech.words.say
        if said:
            ways = self.speech.words.ways("feelings.again")
            told = ways[(len(said) - 1) % len(ways)]
            if key.endswith("_now") and f"feelings.{key}" not in said:
                told = words(f"feelings.{key}")
        else:
            told = words(f"feelings.{key}") + self._more(found)
            if not held:
                told += words(self._person(now))
        if found.matter and not held:
            told += words("feelings.matter")
        return Care(Bubble(told, (), self._card(found, key)), whole=not (found.matter or held))

    def _person(self, now: datetime) -> str:
        desk = self.handing_over.desk
        if desk.is_open(now):
            return "feelings.person"
        return "feelings.person_later" if desk.opens(now) else "feelings.person_note"

    def _more(self, found: Distress) -> str:
        words = self.speech.words.say
        if found.young:
            return words("feelings.young")
        return words("feelings.women") if found.woman else ""

    def _card(self, found: Distress, key: str) -> dict[str, object]:
        words = self.speech.words.say
        numbers = NUMBERS[key]
        if found.young:
            numbers = (*numbers, YOUNG)
        elif found.woman:
            numbers = (*numbers, WOMEN)
        rows = [{"label": words(f"feelings.row_{who}"), "value": number} for who, number in numbers]
        return {"kind": CARD, "title": words("feelings.card_title"), "said": f"feelings.{key}", "rows": rows}

    def _said_before(self, tx: Transaction, conversation_id: str) -> list[str]:
        """The sentences of this kind that the conversation has heard lately, the oldest first."""
        last = tx.conversations.last_seq(conversation_id)
        lines = tx.conversations.lines(conversation_id, after=max(0, last - LOOK_BACK), limit=LOOK_BACK)
        cards = [line.body.get("card") or {} for line in lines if line.sender is not Sender.CITIZEN]
        return [str(card.get("said")) for card in cards if card.get("kind") == CARD]


def _key(found: Distress) -> str:
    if found.kind is Kind.VIOLENCE and found.other:
        return "violence_other"
    if found.now and found.kind in (Kind.OWN_LIFE, Kind.OTHER_LIFE):
        return f"{found.kind}_now"
    return found.kind.value
