"""What interrupts a form has a rule there that speaks first: otherwise Rasa would ask the form again and again."""

from pathlib import Path

import pytest
import yaml

from actions.memory import INTERRUPTIONS
from tests.conventions.repository import ROOT


def _rules() -> dict[tuple[str, str], str]:
    """The first action by (form that is open, intent)."""
    found: dict[tuple[str, str], str] = {}
    for path in sorted(Path(ROOT / "bot/rules").glob("*.yml")):
        for rule in yaml.safe_load(path.read_text(encoding="utf-8")).get("rules", ()):
            forms = [one["active_loop"] for one in rule.get("condition", ()) if one.get("active_loop")]
            intents = [step["intent"] for step in rule["steps"] if "intent" in step]
            actions = [step["action"] for step in rule["steps"] if "action" in step]
            if forms and intents and actions:
                found[forms[0], intents[0]] = actions[0]
    return found


@pytest.mark.parametrize(
    ("form", "intent"), [(form, intent) for form in sorted(INTERRUPTIONS) for intent in sorted(INTERRUPTIONS[form])]
)
def test_an_interruption_is_spoken_to_before_the_form_goes_on(form: str, intent: str) -> None:
    action = _rules().get((form, intent))
    assert action is not None, f"no rule says what {intent} does while {form} goes on"
    assert action != form
