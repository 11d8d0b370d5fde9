"""Calling an action with what it needs, over a connection that is kept.

Rasa sends the whole conversation from its first word and the whole domain with each call, and opens a connection for
it. What our actions read is small (`actions/memory.py`): the slots, the latest message, and what has happened since
the citizen spoke. The SDK wants the key `domain` to be there; empty will do.
"""

from __future__ import annotations

import asyncio
import weakref
from typing import Any, Dict, List, Text

import aiohttp
import rasa
from rasa.core.actions.action import RemoteAction
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import Event, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.utils.endpoints import EndpointConfig

from components.repairs.repair import Repair

# So many of the citizen's turns go along: the one that is answered, and those it may refer to.
TURNS = 3
# What the intents beyond these were like is of no use to anybody.
RANKED = 5
# Shorter than the time for which the action server keeps an idle connection, so that none is used that is just closed.
KEEP_SECONDS = 20.0


def _action_call_format(self: RemoteAction, tracker: DialogueStateTracker, _domain: Domain) -> Dict[Text, Any]:
    loop = tracker.active_loop
    return {
        "next_action": self.name(),
        "sender_id": tracker.sender_id,
        "tracker": {
            "sender_id": tracker.sender_id,
            "slots": tracker.current_slot_values(),
            "latest_message": _message(tracker),
            "latest_event_time": tracker.events[-1].timestamp if tracker.events else None,
            "followup_action": tracker.followup_action,
            "paused": tracker.is_paused(),
            "events": [_short(event.as_dict()) for event in _latest(tracker)],
            "latest_input_channel": tracker.get_latest_input_channel(),
            "active_loop": {"name": loop.name, "is_interrupted": loop.is_interrupted, "rejected": loop.rejected}
            if loop
            else {},
            "latest_action": tracker.latest_action,
            "latest_action_name": tracker.latest_action_name,
        },
        "domain": {},
        "version": rasa.__version__,
    }


def _message(tracker: DialogueStateTracker) -> Dict[Text, Any]:
    """As `tracker.current_state` has it, without what only featurizers want."""
    if tracker.latest_message is None:
        return {}
    understood: Dict[Text, Any] = tracker.latest_message.parse_data
    short = {key: value for key, value in understood.items() if key not in ("text_tokens", "response_selector")}
    if "intent_ranking" in short:
        short["intent_ranking"] = short["intent_ranking"][:RANKED]
    return {**short, "entities": tracker.latest_message.entities}


def _latest(tracker: DialogueStateTracker) -> List[Event]:
    """The events of the last turns, oldest first."""
    latest: List[Event] = []
    turns = 0
    for event in reversed(tracker.events):
        latest.append(event)
        turns += isinstance(event, UserUttered)
        if turns == TURNS:
            break
    return latest[::-1]


def _short(event: Dict[Text, Any]) -> Dict[Text, Any]:
    """Slots stand in the tracker already, and what was understood of a message in the latest one."""
    if event["event"] == "user":
        understood = event["parse_data"]
        event["parse_data"] = {key: understood[key] for key in ("intent", "entities") if key in understood}
    elif event["event"] == "slot":
        event["value"] = None
    elif event["event"] == "bot":
        event["data"] = {}
    return event


class _Kept:
    """A session in the shape of `async with session:` that stays open when the block ends."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def __aenter__(self) -> aiohttp.ClientSession:
        return self._session

    async def __aexit__(self, *_: object) -> None:
        return None


# One for each loop: a session belongs to the loop it was made in.
_sessions: "weakref.WeakKeyDictionary[Any, Dict[int, aiohttp.ClientSession]]" = weakref.WeakKeyDictionary()


def _kept(own: Any) -> Any:
    def session(self: EndpointConfig) -> _Kept:
        mine = _sessions.setdefault(asyncio.get_running_loop(), {})
        kept = mine.get(id(self))
        if kept is None or kept.closed:
            kept = own(self)
            kept._connector._keepalive_timeout = KEEP_SECONDS
            mine[id(self)] = kept
        return _Kept(kept)

    return session


REPAIRS = [
    Repair(RemoteAction, "_action_call_format", "428795b944f22edb", lambda _own: _action_call_format),
    Repair(EndpointConfig, "session", "e55aa13d9d4fb4bc", _kept),
]
