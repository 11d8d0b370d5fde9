"""Looking a ticket up."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from rasa_sdk.events import SlotSet

from actions.memory import Memory
from actions.step import Events, Step
from integrations.services.following_up import Found, Lookup
from integrations.services.records import Bubble
from kb import ticket_number

_TAIL = re.compile(r"(?<![0-9])([0-9]{4})(?![0-9])")


class HearProgress(Step):
    """`validate_progress_form`: find the ticket, ask for the number or the phone's last digits where needed."""

    def name(self) -> str:
        return "validate_progress_form"

    def take(self, memory: Memory) -> tuple[Iterable[Bubble], Events]:
        if memory.interrupts("progress_form") and not ticket_number.find(memory.text):
            return (), []
        known = memory.slots.get("progress_number")
        tail = None
        if memory.requested == "progress_phone" and known:
            found = _TAIL.search(unicodedata.normalize("NFKC", memory.text))
            if not found:
                return self._ask("followup.need_phone_again", str(known), "progress_phone")
            tail = found.group(1)
        number = known if tail else memory.option or ticket_number.find(memory.text)
        if number:
            lookup = self.services.following_up.by_number(memory.conversation_id, str(number), tail)
        elif memory.requested == "progress_number":
            return self._end(Lookup(Found.MISTYPED))
        else:
            lookup = self.services.following_up.own(memory.conversation_id)
        if lookup.found is Found.NEED_PHONE:
            return self._ask("followup.need_phone", str(number), "progress_phone")
        if lookup.found is Found.NONE_YET:
            return self._ask("followup.none_yet", None, "progress_number")
        return self._end(lookup)

    def _ask(self, key: str, number: str | None, slot: str) -> tuple[list[Bubble], Events]:
        events = [SlotSet("progress_number", number), SlotSet("requested_slot", slot)]
        return [self.services.speech.say(key)], events

    def _end(self, lookup: Lookup) -> tuple[list[Bubble], Events]:
        speech = self.services.speech
        if lookup.complaint:
            bubble = speech.progress(
                lookup.complaint, lookup.people, now=self.services.clock(), request_id=lookup.request_id
            )
        elif lookup.found is Found.LIST:
            bubble = speech.own_tickets(lookup.own)
        else:
            bubble = speech.say(f"followup.{lookup.found}")
        return [bubble], [SlotSet("progress_number", None), SlotSet("requested_slot", None)]
