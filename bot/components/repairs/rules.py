"""Looking for a rule among those that may still fit, and no further back than the longest rule reaches.

For each prediction Rasa makes a state of every step of the conversation, from its first word on, and holds every rule
against every one of them, turning each rule around anew each time. A rule says nothing of what lies before its first
step, so the states before that are not made; and rules are turned around once. Nor are rules looked for by the words
of a message where all of them want intents.
"""

from __future__ import annotations

import json
from typing import Any, Dict, List, Optional, Set, Text, Tuple

from rasa.core.featurizers.tracker_featurizers import MaxHistoryTrackerFeaturizer
from rasa.core.policies.policy import SupportedData
from rasa.core.policies.rule_policy import RULES, RULES_FOR_LOOP_UNHAPPY_PATH, RulePolicy
from rasa.shared.core.constants import ACTION_LISTEN_NAME, PREVIOUS_ACTION, SHOULD_NOT_BE_SET, USER
from rasa.shared.core.domain import Domain, State
from rasa.shared.core.events import ActionExecuted
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.nlu.constants import ACTION_NAME, INTENT

from components.repairs.repair import Repair

Wanted = Tuple[Tuple[Text, Text, Any], ...]
"""What a state must have: (part of the state, key, value)."""
Steps = Tuple[Tuple[bool, Wanted], ...]
"""A rule, its last step first: (whether an action goes before it, what must be)."""


def _steps(key: Text) -> Steps:
    states: List[State] = json.loads(key)
    return tuple((bool(state.get(PREVIOUS_ACTION)), _wanted(state)) for state in reversed(states))


def _wanted(state: State) -> Wanted:
    return tuple(
        (part, key, tuple(value) if isinstance(value, list) else value)
        for part, values in state.items()
        for key, value in values.items()
        if value  # Rasa looks at nothing else
    )


def _fits(step: Tuple[bool, Wanted], state: State) -> bool:
    after_action, wanted = step
    if not (after_action and state.get(PREVIOUS_ACTION)):
        return not after_action and not state.get(PREVIOUS_ACTION)
    for part, key, value in wanted:
        found = state.get(part, {}).get(key)
        if value == SHOULD_NOT_BE_SET:
            if found and found != SHOULD_NOT_BE_SET:
                return False
        elif found != value:
            return False
    return True


def _rules_of(policy: RulePolicy, lookup: Dict[Text, Text]) -> Dict[Text, Steps]:
    """Its rules turned around. Only a loaded model's: in training rules come and go."""
    kept = policy.__dict__.setdefault("_turned_around", {})
    known = kept.get(id(lookup))
    if known is None or known[0] is not lookup or len(known[1]) != len(lookup):
        known = kept[id(lookup)] = (lookup, {key: _steps(key) for key in lookup})
    return known[1]


def _get_possible_keys(self: RulePolicy, lookup: Dict[Text, Text], states: List[State]) -> Set[Text]:
    left = list(_rules_of(self, lookup).items())
    for back, state in enumerate(reversed(states)):
        left = [(key, steps) for key, steps in left if back >= len(steps) or _fits(steps[back], state)]
        if not any(len(steps) > back + 1 for _, steps in left):
            break
    return {key for key, _ in left}


def _bounded(own: Any) -> Any:
    def _prediction_states(
        self: RulePolicy,
        tracker: DialogueStateTracker,
        domain: Domain,
        use_text_for_last_user_input: bool = False,
        rule_only_data: Optional[Dict[Text, Any]] = None,
    ) -> List[State]:
        featurizer = self.featurizer
        if (
            type(featurizer) is not MaxHistoryTrackerFeaturizer
            or featurizer.max_history is not None
            or self.supported_data() is SupportedData.ML_DATA
        ):
            return own(self, tracker, domain, use_text_for_last_user_input, rule_only_data)
        states = _latest_states(tracker, domain, _longest(self))
        featurizer._choose_last_user_input([states], use_text_for_last_user_input)
        return states

    return _prediction_states


def _longest(policy: RulePolicy) -> int:
    """How many states the longest rule has. One more is made, so that none looks like a conversation's beginning."""
    lookups = [policy.lookup.get(name) or {} for name in (RULES, RULES_FOR_LOOP_UNHAPPY_PATH)]
    return 1 + max((len(steps) for one in lookups for steps in _rules_of(policy, one).values()), default=0)


def _latest_states(tracker: DialogueStateTracker, domain: Domain, most: int) -> List[State]:
    """The last states of `domain.states_for_tracker_history(tracker)`, at most so many."""
    events = tracker.applied_events()
    left_out = sum(isinstance(event, ActionExecuted) for event in events) + 1 - most
    states, made = tracker.init_copy(), []
    for event in events:
        if isinstance(event, ActionExecuted):
            left_out -= 1
            if left_out < 0:
                made.append(domain.get_active_state(states))
        states.update(event)
    return [*made, domain.get_active_state(states)]


def _without_text(own: Any) -> Any:
    def _find_action_from_rules(
        self: RulePolicy, tracker: DialogueStateTracker, domain: Domain, use_text_for_last_user_input: bool
    ) -> Tuple[Optional[Text], Optional[Text], bool]:
        if use_text_for_last_user_input and _hears_intents_only(self):
            return None, None, False
        return own(self, tracker, domain, use_text_for_last_user_input)

    return _find_action_from_rules


def _hears_intents_only(policy: RulePolicy) -> bool:
    """Whether no rule could fit a message taken by its words: what follows listening wants an intent in each."""
    lookups = [policy.lookup.get(name) or {} for name in (RULES, RULES_FOR_LOOP_UNHAPPY_PATH)]
    key = tuple((id(one), len(one)) for one in lookups)
    kept = policy.__dict__.get("_intents_only")
    if kept is None or kept[0] != key:
        found = all(_wants_intent(steps[0]) for one in lookups for steps in _rules_of(policy, one).values() if steps)
        kept = policy.__dict__["_intents_only"] = (key, found)
    return bool(kept[1])


def _wants_intent(step: Tuple[bool, Wanted]) -> bool:
    wanted = {(part, key): value for part, key, value in step[1]}
    after_listening = wanted.get((PREVIOUS_ACTION, ACTION_NAME)) == ACTION_LISTEN_NAME
    if step[0] and not after_listening:
        return True
    return bool(wanted.get((USER, INTENT), SHOULD_NOT_BE_SET) != SHOULD_NOT_BE_SET)


REPAIRS = [
    Repair(RulePolicy, "_find_action_from_rules", "be6da6ee0f5429bd", _without_text),
    Repair(RulePolicy, "_get_possible_keys", "2915fd81711e194c", lambda _own: _get_possible_keys),
    Repair(RulePolicy, "_prediction_states", "ed9b82bed2f26ad7", _bounded),
]
