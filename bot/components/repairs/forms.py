"""A form's temporary tracker: a copy with some events more, in place of the whole conversation once more."""

from __future__ import annotations

from typing import Any, List

from rasa.core.actions.forms import FormAction
from rasa.shared.core.constants import REQUESTED_SLOT
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, ActionReverted, Event, Restarted, SlotSet, UserUtteranceReverted
from rasa.shared.core.trackers import DialogueStateTracker

from components.repairs.conversations import twin
from components.repairs.repair import Repair

_BEGINS_ANEW = (Restarted, ActionReverted, UserUtteranceReverted)


def _adding(own: Any) -> Any:
    def _temporary_tracker(
        self: FormAction, current_tracker: DialogueStateTracker, additional_events: List[Event], domain: Domain
    ) -> DialogueStateTracker:
        known = {slot.name for slot in domain.slots}
        if current_tracker.slots.keys() != known or any(isinstance(e, _BEGINS_ANEW) for e in current_tracker.events):
            return own(self, current_tracker, additional_events, domain)
        made = twin(current_tracker)
        made._max_event_history = None
        asked = SlotSet(REQUESTED_SLOT, self.get_slot_to_fill(current_tracker))
        for event in (asked, ActionExecuted(self.name()), *additional_events):
            made.update(event)
        return made

    return _temporary_tracker


REPAIRS = [Repair(FormAction, "_temporary_tracker", "381bc4b6e07fc205", _adding)]
