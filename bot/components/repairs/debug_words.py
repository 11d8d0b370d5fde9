"""Not preparing words for a debug log that nobody keeps.

Rasa copies slots, events and messages to the ground for its debug lines, before it is known whether anybody wants
them; and to warn of an intent that the domain does not know it writes out two whole domains for each message. Where
such lines are not kept (they must not be: they hold what citizens said) the copies are left out.
"""

from __future__ import annotations

import copy
import logging
from types import ModuleType
from typing import Any, Text

import rasa.core.actions.forms
import rasa.core.policies.rule_policy
import rasa.core.processor
from rasa.shared.core.domain import Domain

from components.repairs.repair import Repair


class _OnlyForDebugging:
    """`copy` in a module that copies deeply for its debug lines and for nothing else."""

    def __getattr__(self, name: str) -> Any:
        return getattr(copy, name)

    @staticmethod
    def deepcopy(value: Any) -> Any:
        return copy.deepcopy(value) if logging.getLogger("rasa").isEnabledFor(logging.DEBUG) else value


def _noting(own: Any) -> Any:
    def is_empty(self: Domain) -> bool:
        found = self.__dict__.get("_is_empty")
        if found is None:
            found = self.__dict__["_is_empty"] = own(self)
        return found

    return is_empty


def _quiet(module: ModuleType, digest: Text) -> Repair:
    return Repair(module, "copy", digest, lambda _own: _OnlyForDebugging(), source=module)


REPAIRS = [
    _quiet(rasa.core.processor, "f42dfbf26e2ffcb6"),
    _quiet(rasa.core.actions.forms, "7cb6c30550116597"),
    _quiet(rasa.core.policies.rule_policy, "952d1a13906511ac"),
    Repair(Domain, "is_empty", "884be90ef485f1d2", _noting),
]
