"""Checking an action's answer without checking the rule itself every time.

Rasa hands a constant JSON schema to `jsonschema.validate` for each action call, which first checks that the schema is
a valid schema: about 33 ms. Here the validator is made once. A bad answer is still refused, by the same exception with
the same hint.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Dict, Text

from jsonschema import ValidationError
from jsonschema.exceptions import best_match
from jsonschema.protocols import Validator
from jsonschema.validators import validator_for
from rasa.core.actions.action import RemoteAction
from rasa.shared.constants import DOCS_BASE_URL

from components.repairs.repair import Repair

# Events that hold nothing but these, with a name that is a word, are good by the schema.
_PLAIN = {
    "slot": {"event", "timestamp", "name", "value"},
    "followup": {"event", "timestamp", "name"},
}


@lru_cache(maxsize=1)
def _validator() -> Validator:
    schema = RemoteAction.action_response_format_spec()
    kind = validator_for(schema)
    kind.check_schema(schema)
    return kind(schema)


def _is_surely_good(result: Any) -> bool:
    """Whether it is one of the plain answers that nearly all are. False says nothing."""
    if type(result) is not dict:
        return False
    events, responses = result.get("events", []), result.get("responses", [])
    return (
        type(events) is list
        and type(responses) is list
        and all(type(one) is dict for one in responses)
        and all(type(one) is dict and _is_plain(one) for one in events)
    )


def _is_plain(event: Dict[Text, Any]) -> bool:
    keys = _PLAIN.get(event.get("event"))  # type: ignore[arg-type]
    return (
        keys is not None
        and event.keys() <= keys
        and type(event.get("timestamp")) in (type(None), int, float)
        and type(event.get("name")) is str
        and ("value" in event or event["event"] != "slot")
    )


def _validate_action_result(self: RemoteAction, result: Dict[Text, Any]) -> bool:
    """True, or the ValidationError that Rasa's own check would raise."""
    if _is_surely_good(result):
        return True
    error = best_match(_validator().iter_errors(result))
    if error is None:
        return True
    error.message += (
        ". Failed to validate Action server response from API, make sure your response from the Action endpoint "
        f"is valid. For more information about the format visit {DOCS_BASE_URL}/custom-actions"
    )
    raise ValidationError.create_from(error)


REPAIRS = [
    Repair(RemoteAction, "_validate_action_result", "f8cdb4be68123961", lambda _own: _validate_action_result),
]
