"""Not looking for slots where nothing fills them.

After each message, and again when a form begins, Rasa goes through all mappings of all slots. Ours are filled by
actions alone: each has one mapping of the kind `custom`, without an action of its own. That is found out once.
"""

from __future__ import annotations

from typing import Any, List

from rasa.core.actions.action import ActionExtractSlots
from rasa.core.channels.channel import OutputChannel
from rasa.core.nlg import NaturalLanguageGenerator
from rasa.shared.core.constants import (
    ACTION_VALIDATE_SLOT_MAPPINGS,
    DEFAULT_SLOT_NAMES,
    MAPPING_TYPE,
    SlotMappingType,
)
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import Event
from rasa.shared.core.trackers import DialogueStateTracker

from components.repairs.repair import Repair


def _looking(own: Any) -> Any:
    async def run(
        self: ActionExtractSlots,
        output_channel: OutputChannel,
        nlg: NaturalLanguageGenerator,
        tracker: DialogueStateTracker,
        domain: Domain,
    ) -> List[Event]:
        if _filled_by_actions_alone(domain):
            return []
        found: List[Event] = await own(self, output_channel, nlg, tracker, domain)
        return found

    return run


def _filled_by_actions_alone(domain: Domain) -> bool:
    known = domain.__dict__.get("_slots_by_actions")
    if known is None:
        known = domain.__dict__["_slots_by_actions"] = ACTION_VALIDATE_SLOT_MAPPINGS not in domain.user_actions and all(
            mapping.get(MAPPING_TYPE) == str(SlotMappingType.CUSTOM) and set(mapping) == {MAPPING_TYPE}
            for slot in domain.slots
            if slot.name not in DEFAULT_SLOT_NAMES
            for mapping in slot.mappings
        )
    return bool(known)


REPAIRS = [Repair(ActionExtractSlots, "run", "13487835d751b652", _looking)]
