"""Hearing with the open question at hand, and without making others wait.

Rasa's components see a message without its conversation. Which question is open tells much of what a short answer
means, so it is put into the message's metadata, where `OpenQuestion` reads it. And where a sentence's vector is wanted,
it is fetched in a thread of its own: Rasa hears other citizens meanwhile, and then this one again.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Dict, Optional, Text

from rasa.core.channels.channel import UserMessage
from rasa.core.processor import MessageProcessor
from rasa.shared.core.constants import REQUESTED_SLOT
from rasa.shared.core.trackers import DialogueStateTracker

from components.repairs.repair import Repair
from components.vector_service import later, service

OPEN_QUESTION = "open_question"
_threads = ThreadPoolExecutor(8, "vectors")


def _made(own: Any) -> Any:
    async def parse_message(
        self: MessageProcessor,
        message: UserMessage,
        tracker: Optional[DialogueStateTracker] = None,
        only_output_properties: bool = True,
    ) -> Dict[Text, Any]:
        asked = tracker.get_slot(REQUESTED_SLOT) if tracker is not None and tracker.active_loop else None
        if asked:
            message.metadata = {**(message.metadata or {}), OPEN_QUESTION: asked}
        with later() as wanted:
            parsed = await own(self, message, tracker, only_output_properties)
        if wanted:
            loop = asyncio.get_running_loop()
            if await loop.run_in_executor(_threads, service().fetch, wanted[0]) is not None:
                parsed = await own(self, message, tracker, only_output_properties)
        return parsed

    return parse_message


REPAIRS = [Repair(MessageProcessor, "parse_message", "b98d8e49b9f2c433", _made)]
