"""A memory that cannot be read is a failure, not an empty memory.

Rasa wraps the tracker store: when it does not answer, the conversation goes on with an empty memory and is kept in
this process alone. A citizen whose report is half told would be greeted as a stranger. Without the wrapping the turn
fails, the gateway sees an empty answer, and the message is heard again when the store is back.
"""

from __future__ import annotations

from typing import Any, Optional

from rasa.core.agent import Agent
from rasa.core.tracker_store import TrackerStore
from rasa.shared.core.domain import Domain

from components.repairs.repair import Repair


def _honest(own: Any) -> Any:
    def _create_tracker_store(store: Optional[TrackerStore], domain: Domain) -> TrackerStore:
        if store is None:
            return own(store, domain)
        store.domain = domain
        return store

    return _create_tracker_store


REPAIRS = [Repair(Agent, "_create_tracker_store", "97499b594b45581b", _honest)]
