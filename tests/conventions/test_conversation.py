"""What the bot hears, decides and does fits together, name for name."""

import re
from collections import Counter

from actions.memory import INTERRUPTIONS, STANCE_OF_INTENT
from actions.server import STEPS
from integrations.services.rating import Question
from kb.report import Ask
from kb.text import folded
from tests.conventions.repository import (
    BUILT_IN_INTENTS,
    BUILT_IN_SLOTS,
    active_loop,
    domain,
    rules,
    source,
    spoken,
    steps,
)

BUTTON_ONLY = {"choose", "rate"}
# Fewer examples than this, and an intent is known by a few phrases only.
FEWEST_EXAMPLES = 60
ACTIONS = {step.name(step) for step in STEPS}


def test_every_intent_people_say_is_declared_and_every_declared_one_is_said() -> None:
    assert set(spoken()) == set(domain("intents")) - BUTTON_ONLY


def test_every_intent_has_examples_enough_and_no_sentence_twice() -> None:
    examples = spoken()
    counts = {intent: len({folded(text) for text in texts}) for intent, texts in examples.items()}
    assert {intent: count for intent, count in counts.items() if count < FEWEST_EXAMPLES} == {}
    said = Counter(text for texts in examples.values() for text in texts)
    assert {text: times for text, times in said.items() if times > 1} == {}


def test_examples_vary_in_length_and_beginning() -> None:
    for intent, texts in spoken().items():
        beginnings = Counter(text[:2] for text in texts)
        assert len(beginnings) >= FEWEST_EXAMPLES // 2, intent
        assert max(beginnings.values()) <= len(texts) / 3, (intent, beginnings.most_common(1))
        assert len({len(text) for text in texts}) >= 8, intent


def test_every_intent_has_a_rule_for_when_nothing_goes_on() -> None:
    ruled = {s["intent"] for rule in rules() if active_loop(rule) is None for s in rule["steps"] if "intent" in s}
    assert set(domain("intents")) - ruled == set()


def test_every_rule_is_about_a_declared_intent() -> None:
    assert steps("intent") - set(domain("intents")) <= BUILT_IN_INTENTS


def test_every_intent_that_answers_a_form_is_declared() -> None:
    answers = set(re.findall(r"\"(rate_\w+|affirm|deny|unsure)\"", source("actions")))
    assert answers | set(STANCE_OF_INTENT) | BUTTON_ONLY <= set(domain("intents"))


def test_every_payload_of_a_button_is_a_declared_intent() -> None:
    code = source("actions", "integrations/services")
    intents = set(re.findall(r"intent=\"(\w+)\"", code)) | set(re.findall(r"payload\(\"(\w+)\"", code))
    replies = [variant for variants in domain("responses").values() for variant in variants]
    intents |= {button["payload"].lstrip("/") for one in replies for button in one.get("buttons") or ()}
    assert intents - set(domain("intents")) == set()


def test_every_slot_is_used_and_every_slot_used_is_declared() -> None:
    code = source("actions")
    used = {name for name in domain("slots") if f'"{name}"' in code} | {*Ask} | {*Question}
    assert set(domain("slots")) == used
    named = set(re.findall(r"(?:SlotSet|slots\.get|get_slot)\(\"(\w+)\"", code))
    assert named - BUILT_IN_SLOTS - set(domain("slots")) == set()


def test_every_slot_that_is_written_is_read_or_names_a_forms_question() -> None:
    read = set(re.findall(r"(?:slots\.get|get_slot)\(\"(\w+)\"", source("actions")))
    questions = {slot for form in domain("forms").values() for slot in form["required_slots"]}
    assert set(domain("slots")) - read - questions == set()


def test_a_forms_slots_are_its_questions_in_their_order() -> None:
    forms = {name: form["required_slots"] for name, form in domain("forms").items()}
    assert forms["report_form"] == [ask.value for ask in Ask]
    assert forms["feedback_form"] == [question.value for question in Question]
    assert {slot for slots in forms.values() for slot in slots} <= set(domain("slots"))


def test_every_action_is_declared_and_every_declared_one_can_run() -> None:
    assert set(domain("actions")) == ACTIONS


def test_every_action_is_in_a_rule_or_belongs_to_a_form() -> None:
    default = {"action_not_understood"}  # also the policy's fallback
    of_forms = {f"validate_{form}" for form in domain("forms")}
    assert ACTIONS - of_forms - steps("action") <= default
    assert of_forms <= ACTIONS
    assert steps("action") <= ACTIONS | set(domain("responses")) | set(domain("forms"))


def test_every_response_is_used() -> None:
    assert {name for name in steps("action") if name.startswith("utter_")} == set(domain("responses"))


def test_every_follow_up_is_a_form_or_an_action() -> None:
    named = set(re.findall(r"FollowupAction\(\"(\w+)\"", source("actions")))
    assert named <= ACTIONS | {"action_listen"} | set(domain("forms"))


def test_what_interrupts_a_form_is_what_a_rule_takes_over() -> None:
    taken: dict[str, set[str]] = {form: set() for form in domain("forms")}
    for rule in rules():
        if (form := active_loop(rule)) is not None:
            taken[form] |= {step["intent"] for step in rule["steps"] if "intent" in step}
    assert taken == {form: set(intents) for form, intents in INTERRUPTIONS.items()}


def test_the_entity_of_a_button_is_declared() -> None:
    assert set(domain("entities")) == set(re.findall(r"entities\.get\(\"(\w+)\"", source("actions")))
