"""The rules as Rasa's own policy applies them: what puts a conversation right comes back to the form it came from.

To be run by the Python of `bot/`; skipped where Rasa is not installed. Nothing is learned here but the rules, which
takes seconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("rasa", reason="Rasa is installed in bot/'s environment only")

from rasa.core.policies.rule_policy import RulePolicy
from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import (
    ActionExecuted,
    ActionExecutionRejected,
    ActiveLoop,
    Event,
    SlotSet,
    UserUttered,
)
from rasa.shared.core.generator import TrainingDataGenerator
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.importers.importer import TrainingDataImporter

ROOT = Path(__file__).resolve().parents[2]
FORMS = {"report_form": "report_place", "progress_form": "progress_number", "feedback_form": "rating_solved"}
RIGHT = {
    "undo": "action_undo",
    "misheard": "action_misheard",
    "why_asked": "action_why_asked",
    "hold_on": "action_hold_on",
    "ask_question": "action_answer_question",
    "greet": "action_smalltalk",
    "thanks": "action_smalltalk",
}


@pytest.fixture(scope="module")
def domain() -> Domain:
    return Domain.load([str(path) for path in sorted((ROOT / "bot/domain").glob("*.yml"))])


@pytest.fixture(scope="module")
def policy(domain: Domain, tmp_path_factory: pytest.TempPathFactory) -> RulePolicy:
    """The policy with our rules; contradictions between rules are refused here."""
    importer = TrainingDataImporter.load_from_dict(
        {}, None, str(ROOT / "bot/domain"), [str(path) for path in sorted((ROOT / "bot/rules").glob("*.yml"))]
    )
    trackers = TrainingDataGenerator(
        importer.get_stories(), domain, use_story_concatenation=False, augmentation_factor=0
    ).generate()
    config = {
        **RulePolicy.get_default_config(),
        "core_fallback_threshold": 0.3,
        "core_fallback_action_name": "action_not_understood",
    }
    made = RulePolicy(
        config,
        LocalModelStorage(tmp_path_factory.mktemp("rules")),
        Resource("rules"),
        ExecutionContext(GraphSchema({}), "rules"),
    )
    made.train(trackers, domain)
    return made


def predicted(policy: RulePolicy, domain: Domain, events: list[Event]) -> tuple[str, Any]:
    tracker = DialogueStateTracker.from_events("web:1", events, domain.slots)
    prediction = policy.predict_action_probabilities(tracker, domain)
    best = max(range(len(prediction.probabilities)), key=prediction.probabilities.__getitem__)
    return domain.action_names_or_texts[best], prediction


def _said(intent: str) -> list[Event]:
    return [ActionExecuted("action_listen"), UserUttered("x", {"name": intent, "confidence": 1.0})]


def _inside(form: str) -> list[Event]:
    """A conversation in which that form has asked its question."""
    begins = {"report_form": "report", "progress_form": "check_progress", "feedback_form": "rate"}[form]
    asked = [ActionExecuted(form), ActiveLoop(form), SlotSet("requested_slot", FORMS[form])]
    return [*_said(begins), *asked]


def _cases() -> Iterator[Any]:
    for form in FORMS:
        for intent, action in RIGHT.items():
            yield pytest.param(form, intent, action, id=f"{intent} in {form}")


@pytest.mark.parametrize(("form", "intent", "action"), _cases())
def test_it_speaks_and_comes_back_to_the_form_which_listens(
    policy: RulePolicy, domain: Domain, form: str, intent: str, action: str
) -> None:
    events = [*_inside(form), *_said(intent)]
    assert predicted(policy, domain, events)[0] == form, "the form looks first whether it is an answer"
    events.append(ActionExecutionRejected(form))
    assert predicted(policy, domain, events)[0] == action
    events.append(ActionExecuted(action))
    name, prediction = predicted(policy, domain, events)
    assert name == form
    events += [*(prediction.optional_events or ()), ActionExecuted(form), SlotSet("requested_slot", FORMS[form])]
    assert predicted(policy, domain, events)[0] == "action_listen"
    answer = [*events, *_said("inform")]
    assert predicted(policy, domain, answer)[0] == form, "the next words are the form's again"


@pytest.mark.parametrize("intent", ["undo", "misheard", "why_asked", "hold_on"])
def test_it_speaks_where_nothing_goes_on(policy: RulePolicy, domain: Domain, intent: str) -> None:
    events = _said(intent)
    assert predicted(policy, domain, events)[0] == RIGHT[intent]
    assert predicted(policy, domain, [*events, ActionExecuted(str(RIGHT[intent]))])[0] == "action_listen"
