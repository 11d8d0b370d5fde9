"""What is put right in Rasa 3.6.21 while it runs: what a turn costs, and where a conversation would be lost.

Each module repairs one thing and says what and why; `install` puts all of them in. `JIESU_RASA_REPAIRS=off` leaves
Rasa as it came, for comparing.
"""

from __future__ import annotations

import logging
import os
from typing import List

from components.repairs import (
    action_answers,
    action_calls,
    action_limits,
    conversations,
    debug_words,
    events,
    failures,
    forms,
    graph_runs,
    logged_words,
    parse_message,
    rules,
    slots,
)
from components.repairs.repair import Repair

logger = logging.getLogger(__name__)

SWITCH = "JIESU_RASA_REPAIRS"


def repairs() -> List[Repair]:
    """All of them, in no particular order: none needs another."""
    modules = (
        action_answers,
        action_calls,
        action_limits,
        conversations,
        debug_words,
        events,
        failures,
        forms,
        graph_runs,
        logged_words,
        parse_message,
        rules,
        slots,
    )
    return [repair for module in modules for repair in module.REPAIRS]


def install() -> List[Repair]:
    """Put them in; gives those that could not be. Doing so twice changes nothing."""
    if os.environ.get(SWITCH, "on").lower() in ("off", "0", "false", "no"):
        logger.warning("%s is off: Rasa runs as it came", SWITCH)
        return []
    return [repair for repair in repairs() if not repair.put_in()]
