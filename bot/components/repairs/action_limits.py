"""A conversation in which too much was done at once goes on with the next message.

Rasa stops after ten actions without listening, and leaves it at that: no action has listened, so the next message
finds the limit reached, and so does every other one. Nobody answers this citizen ever again. Here what counts is what
was done since the citizen spoke.
"""

from __future__ import annotations

from typing import Any

from rasa.core.processor import MessageProcessor
from rasa.shared.core.constants import ACTION_LISTEN_NAME, ACTION_SESSION_START_NAME
from rasa.shared.core.events import ActionExecuted, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from components.repairs.repair import Repair


def _since_the_citizen_spoke(_own: Any) -> Any:
    def is_action_limit_reached(
        self: MessageProcessor, tracker: DialogueStateTracker, should_predict_another_action: bool
    ) -> bool:
        if not should_predict_another_action:
            return False
        done = 0
        for event in reversed(tracker.events):
            if isinstance(event, UserUttered):
                break
            if isinstance(event, ActionExecuted):
                if event.action_name in (ACTION_LISTEN_NAME, ACTION_SESSION_START_NAME):
                    break
                done += 1
        return done >= self.max_number_of_predictions

    return is_action_limit_reached


REPAIRS = [Repair(MessageProcessor, "is_action_limit_reached", "954b13237ba8071d", _since_the_citizen_spoke)]
