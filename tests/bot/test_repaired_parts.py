"""Each repair beside the code it replaces: the same result for whatever is thrown at them."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("rasa", reason="Rasa is installed in bot/'s environment only")

from components.repairs import action_limits, conversations, events, failures, forms, graph_runs, rules, slots
from components.repairs.repair import Repair
from rasa.core.actions.action import ActionExtractSlots
from rasa.core.actions.forms import FormAction
from rasa.core.agent import Agent
from rasa.core.policies.rule_policy import RULES, RULES_FOR_LOOP_UNHAPPY_PATH, RulePolicy
from rasa.core.tracker_store import FailSafeTrackerStore, InMemoryTrackerStore, SQLTrackerStore
from rasa.engine.exceptions import GraphRunError
from rasa.engine.runner.dask import DaskGraphRunner
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import (
    ActionExecuted,
    ActionExecutionRejected,
    ActionReverted,
    ActiveLoop,
    AllSlotsReset,
    BotUttered,
    ConversationPaused,
    ConversationResumed,
    DefinePrevUserUtteredFeaturization,
    EntitiesAdded,
    Event,
    FollowupAction,
    LoopInterrupted,
    Restarted,
    SessionStarted,
    SlotSet,
    UserUtteranceReverted,
    UserUttered,
)
from rasa.shared.core.trackers import DialogueStateTracker

from tests.bot.small_rasa import BOT, agent

DOMAIN = Domain.load(str(BOT / "domain"))
FORMS = DOMAIN.form_names
ACTIONS = ["action_listen", "action_x", *FORMS]


def one_event(rng: random.Random, *, back: bool) -> Event:
    made: list[Callable[[], Event]] = [
        lambda: ActionExecuted(rng.choice(ACTIONS)),
        lambda: ActionExecuted("action_listen"),
        lambda: UserUttered("说", {"name": rng.choice(["report", "greet", "affirm"])}, [{"entity": "option"}]),
        lambda: SlotSet(rng.choice(["report_draft", "said_before", "requested_slot"]), rng.choice([None, 1, {"a": 1}])),
        lambda: ActiveLoop(rng.choice([None, *FORMS])),
        lambda: ActionExecutionRejected(rng.choice(FORMS)),
        lambda: LoopInterrupted(rng.random() < 0.5),
        lambda: FollowupAction(rng.choice(ACTIONS)),
        lambda: BotUttered("好"),
        lambda: DefinePrevUserUtteredFeaturization(False),
        lambda: EntitiesAdded([{"entity": "option", "value": 2}]),
    ]
    seldom: list[Callable[[], Event]] = [
        Restarted,
        SessionStarted,
        AllSlotsReset,
        ConversationPaused,
        ConversationResumed,
        *([UserUtteranceReverted, ActionReverted] if back else []),
    ]
    return rng.choice(seldom)() if rng.random() < 0.06 else rng.choice(made)()


def conversation(seed: int, *, back: bool = True) -> DialogueStateTracker:
    rng = random.Random(seed)
    tracker = DialogueStateTracker("web:a", DOMAIN.slots)
    for _ in range(rng.randrange(60)):
        tracker.update(one_event(rng, back=back), DOMAIN)
    return tracker


def insides(tracker: DialogueStateTracker) -> dict[str, Any]:
    """Every field of a tracker, so that none is forgotten."""
    made = {key: value for key, value in vars(tracker).items() if key not in ("slots", "events")}
    for key in ("latest_message", "latest_bot_utterance"):
        made[key] = made[key] and made[key].as_dict() | {"timestamp": 0}
    made["slots"] = {name: (type(slot), dict(vars(slot).items())) for name, slot in tracker.slots.items()}
    made["events"] = [id(event) for event in tracker.events]
    made["most"] = tracker.events.maxlen
    made.pop("_stored_version", None)
    return made


def theirs(repair: Repair) -> Any:
    """Rasa's own, whatever is in place."""
    assert not repair.is_in
    return getattr(repair.owner, repair.name)


def ours(repair: Repair) -> Any:
    return repair.made(theirs(repair))


# -- trackers -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("back", [False, True])
def test_a_copy_is_the_copy_that_rasa_makes(back: bool) -> None:
    (repair,) = conversations.REPAIRS
    copy, own = ours(repair), theirs(repair)
    for seed in range(300):
        tracker = conversation(seed, back=back)
        if seed % 3 == 0:
            tracker.clear_followup_action()  # as the processor does before it runs the action
        assert insides(copy(tracker)) == insides(own(tracker)), seed


def test_what_happens_to_a_copy_does_not_happen_to_the_conversation() -> None:
    for seed in range(60):
        tracker = conversation(seed, back=False)
        before = insides(tracker)
        made = conversations.twin(tracker)
        rng = random.Random(seed)
        for _ in range(12):
            event = one_event(rng, back=False)
            if not isinstance(event, (EntitiesAdded, DefinePrevUserUtteredFeaturization)):  # these change the message
                made.update(event)
        assert insides(tracker) == before


def test_a_conversation_that_goes_back_is_copied_in_rasas_own_way() -> None:
    (repair,) = conversations.REPAIRS
    asked: list[Any] = []
    copied = repair.made(lambda tracker: asked.append(tracker))
    tracker = conversation(1, back=False)
    tracker.update(UserUtteranceReverted())

    copied(tracker)

    assert asked == [tracker]


def test_a_forms_temporary_tracker_is_the_one_that_rasa_makes() -> None:
    (repair,) = forms.REPAIRS
    temporary, own = ours(repair), theirs(repair)
    form = FormAction(FORMS[0], None)
    for seed in range(200):
        tracker = conversation(seed)
        more = [one_event(random.Random(seed + 1), back=False) for _ in range(3)]
        mine, other = temporary(form, tracker, list(more), DOMAIN), own(form, tracker, list(more), DOMAIN)
        left, right = insides(mine), insides(other)
        # those that are made on the way are no others' objects
        for one in (left, right):
            one.pop("events")
        assert left == right, seed
        assert [event.as_dict() | {"timestamp": 0} for event in mine.events] == [
            event.as_dict() | {"timestamp": 0} for event in other.events
        ]


# -- events ---------------------------------------------------------------------------------------------------------


def test_every_kind_of_event_is_found_and_an_unknown_one_is_refused() -> None:
    (repair,) = events.REPAIRS
    resolve, own = ours(repair), theirs(repair)
    for name in ("user", "action", "slot", "bot", "active_loop", "followup", "rewind", "session_started", "form"):
        assert resolve(name) is resolve(name) is own(name)
    assert resolve("topic") is None
    assert resolve("nothing", SlotSet) is SlotSet
    with pytest.raises(ValueError, match="Unknown event"):
        resolve("nothing")


# -- the graph ------------------------------------------------------------------------------------------------------


def test_a_graph_gives_what_dask_makes_it_give(small_model: Path) -> None:
    from rasa.core.channels.channel import UserMessage
    from rasa.engine.constants import PLACEHOLDER_MESSAGE, PLACEHOLDER_TRACKER

    (repair,) = graph_runs.REPAIRS
    run, own = ours(repair), theirs(repair)
    processor = agent(small_model, None, None).processor
    assert processor is not None
    runner = processor.graph_runner
    assert isinstance(runner, DaskGraphRunner)
    nlu, core = processor.model_metadata.nlu_target, processor.model_metadata.core_target
    for text in ("你好", "路灯坏了", "/greet", '/choose{"option": "a:1"}', ""):
        inputs = {PLACEHOLDER_MESSAGE: [UserMessage(text)], PLACEHOLDER_TRACKER: conversation(3)}
        mine, other = (way(runner, inputs=inputs, targets=[nlu])[nlu][0].as_dict() for way in (run, own))
        assert mine == other
    for seed in range(40):
        tracker = conversation(seed, back=False)
        tracker.update(ActionExecuted("action_listen"))
        tracker.update(UserUttered("x", {"name": "report"}))
        inputs = {PLACEHOLDER_TRACKER: tracker}
        mine, other = (vars(way(runner, inputs=inputs, targets=[core])[core]) for way in (run, own))
        assert {k: v for k, v in mine.items() if k != "events"} == {k: v for k, v in other.items() if k != "events"}


def test_an_input_that_is_called_like_a_node_is_refused(small_model: Path) -> None:
    (repair,) = graph_runs.REPAIRS
    processor = agent(small_model, None, None).processor
    assert processor is not None
    name = next(iter(processor.graph_runner._graph_schema.nodes))  # type: ignore[attr-defined]
    for way in (ours(repair), theirs(repair)):
        with pytest.raises(GraphRunError, match="clashes"):
            way(processor.graph_runner, inputs={"anything": name}, targets=[name])


# -- rules ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def policy(small_model: Path) -> RulePolicy:
    processor = agent(small_model, None, None).processor
    assert processor is not None
    found = next(
        node._component
        for node in processor.graph_runner._instantiated_nodes.values()  # type: ignore[attr-defined]
        if isinstance(node._component, RulePolicy)
    )
    assert isinstance(found, RulePolicy)
    return found


def said(seed: int) -> DialogueStateTracker:
    """A conversation as rules meet it: cut short at the beginning or long, listening or in the middle of a turn."""
    rng = random.Random(seed)
    tracker = conversation(seed, back=False)
    if rng.random() < 0.7:
        tracker.update(ActionExecuted("action_listen"))
        tracker.update(UserUttered("x", {"name": rng.choice(DOMAIN.intents)}))
    if rng.random() < 0.4:
        tracker.update(ActionExecuted(rng.choice(ACTIONS)))
    return tracker


def test_rules_predict_what_they_predicted_before(policy: RulePolicy) -> None:
    trackers = [said(seed) for seed in range(250)]
    before = [policy._predict(tracker.copy(), DOMAIN) for tracker in trackers]
    for repair in rules.REPAIRS:
        assert repair.put_in()
    try:
        after = [policy._predict(tracker.copy(), DOMAIN) for tracker in trackers]
    finally:
        for repair in rules.REPAIRS:
            repair.take_out()

    for (mine, source), (other, own_source) in zip(after, before, strict=False):
        assert mine.probabilities == other.probabilities
        assert [type(event) for event in mine.events] == [type(event) for event in other.events]
        assert (mine.is_no_user_prediction, mine.hide_rule_turn) == (other.is_no_user_prediction, other.hide_rule_turn)
        if own_source in policy.lookup[RULES]:
            assert source == own_source
    chosen = {max(range(len(one.probabilities)), key=one.probabilities.__getitem__) for one, _ in after}
    assert len(chosen) > 8, "a poor test"


def test_a_rule_fits_where_rasa_says_it_fits(policy: RulePolicy) -> None:
    keys = {repair.name: repair for repair in rules.REPAIRS}["_get_possible_keys"]
    find, own = ours(keys), theirs(keys)
    for seed in range(120):
        states = policy._prediction_states(said(seed), DOMAIN)
        for name in (RULES, RULES_FOR_LOOP_UNHAPPY_PATH):
            assert find(policy, policy.lookup[name], states) == own(policy, policy.lookup[name], states)


def test_states_are_the_last_ones_and_more_than_any_rule_has(policy: RulePolicy) -> None:
    made = {repair.name: repair for repair in rules.REPAIRS}["_prediction_states"]
    states, own = ours(made), theirs(made)
    longest = max(len(policy._rule_key_to_state(key)) for key in policy.lookup[RULES])
    lengths = set()
    for seed in range(120):
        mine, whole = states(policy, said(seed), DOMAIN), own(policy, said(seed), DOMAIN)
        assert mine == whole[-len(mine) :]
        assert len(mine) in (len(whole), longest + 1)
        lengths.add(len(whole) > longest + 1)
    assert lengths == {True, False}


# -- slots ----------------------------------------------------------------------------------------------------------


def test_slots_that_only_actions_fill_are_not_looked_for() -> None:
    (repair,) = slots.REPAIRS
    own: list[Any] = []

    async def theirs_is_asked(*args: Any) -> list[Any]:
        own.append(args)
        return ["found"]

    run = repair.made(theirs_is_asked)
    action = ActionExtractSlots(None)

    def found(domain: Domain) -> Any:
        return asyncio.run(run(action, None, None, conversation(1), domain))

    assert found(DOMAIN) == []
    assert own == []
    for mapping in ("type: from_text", "type: custom\n        action: action_x"):
        other = Domain.from_yaml(f"slots:\n  a:\n    type: text\n    mappings:\n      - {mapping}\n")
        assert found(other) == ["found"]
    checked = Domain.from_yaml("actions: [action_validate_slot_mappings]\n")
    assert found(checked) == ["found"]


def test_rasa_itself_finds_nothing_in_ours_either() -> None:
    (repair,) = slots.REPAIRS
    for seed in range(30):
        assert asyncio.run(theirs(repair)(ActionExtractSlots(None), None, None, conversation(seed), DOMAIN)) == []


# -- failures -------------------------------------------------------------------------------------------------------


def test_a_store_is_not_wrapped_in_one_that_forgets(tmp_path: Path) -> None:
    (repair,) = failures.REPAIRS
    store = SQLTrackerStore(DOMAIN, dialect="sqlite", db=str(tmp_path / "x.db"))
    other = Domain.empty()

    assert isinstance(Agent._create_tracker_store(store, DOMAIN), FailSafeTrackerStore), "Rasa has changed"
    assert repair.put_in()
    try:
        assert Agent._create_tracker_store(store, other) is store
        assert store.domain is other
        inside = Agent._create_tracker_store(None, DOMAIN)
    finally:
        repair.take_out()
    assert isinstance(inside, FailSafeTrackerStore)
    assert isinstance(inside._tracker_store, InMemoryTrackerStore)


# -- the limit of actions ---------------------------------------------------------------------------------------------


class Processor:
    max_number_of_predictions = 10


def after(done: int, *, spoken: int = 0, since: int = 0, listened: bool = True) -> DialogueStateTracker:
    """So many actions since listening, then `spoken` messages that nobody listened for, then `since` actions."""
    tracker = DialogueStateTracker("web:a", DOMAIN.slots)
    if listened:
        tracker.update(ActionExecuted("action_listen"))
    tracker.update(UserUttered("说"))
    for _ in range(done):
        tracker.update(ActionExecuted("action_x"))
    for _ in range(spoken):
        tracker.update(UserUttered("在吗"))
    for _ in range(since):
        tracker.update(ActionExecuted("action_x"))
    return tracker


@pytest.mark.parametrize("go_on", [True, False])
@pytest.mark.parametrize("listened", [True, False])
@pytest.mark.parametrize("done", [0, 9, 10, 11])
def test_the_limit_is_rasas_own_within_a_turn(done: int, listened: bool, go_on: bool) -> None:
    (repair,) = action_limits.REPAIRS
    tracker = after(done, listened=listened)
    assert ours(repair)(Processor, tracker, go_on) == theirs(repair)(Processor, tracker, go_on)


def test_who_was_stopped_is_heard_with_the_next_message() -> None:
    (repair,) = action_limits.REPAIRS
    stopped = after(10, spoken=1)
    assert theirs(repair)(Processor, stopped, True), "Rasa has changed"
    assert not ours(repair)(Processor, stopped, True)
    assert not ours(repair)(Processor, after(10, spoken=1, since=9), True)
    assert ours(repair)(Processor, after(10, spoken=1, since=10), True), "there is a limit for this turn too"
