"""Where Rasa keeps conversations: what goes in comes out, a long one does not grow, and nobody writes over another."""

from __future__ import annotations

import asyncio
import json
import random
import sqlite3
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("rasa", reason="Rasa is installed in bot/'s environment only")

import sqlalchemy as sa
from components import dialogues
from components.dialogues import LEAST, MOST, DialogueStore, OutOfDate, folded
from rasa.core.tracker_store import SQLTrackerStore, TrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import (
    ActionExecuted,
    ActionExecutionRejected,
    ActiveLoop,
    BotUttered,
    Event,
    LoopInterrupted,
    SlotSet,
    UserUttered,
)
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.utils.endpoints import EndpointConfig

from tests.bot.small_rasa import BOT, plain

DOMAIN = Domain.load(str(BOT / "domain"))
FORM = "report_form"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "trackers.db"


@pytest.fixture
def store(path: Path) -> DialogueStore:
    return DialogueStore(DOMAIN, host=f"sqlite:///{path}")


def turn(number: int, rng: random.Random) -> list[Event]:
    """What one message of a citizen leaves behind."""
    said: list[Event] = [
        ActionExecuted("action_listen"),
        UserUttered(f"第{number}句", {"name": "report", "confidence": 0.9}, [], message_id=f"m{number}"),
        SlotSet("said_before", number),
    ]
    if rng.random() < 0.4:
        said += [ActionExecuted(FORM), ActiveLoop(FORM), SlotSet("requested_slot", rng.choice(["report_place", None]))]
    if rng.random() < 0.2:
        said += [ActionExecutionRejected(FORM)]
    if rng.random() < 0.2:
        said += [LoopInterrupted(True)]
    if rng.random() < 0.2:
        said += [ActiveLoop(None), SlotSet("requested_slot", None)]
    if rng.random() < 0.5:
        said += [SlotSet("report_draft", rng.choice([{"id": f"d{number}", "text": "路灯"}, None]))]
    return [*said, ActionExecuted("action_x"), BotUttered("好", {"custom": {"text": f"答{number}"}})]


def conversation(turns: int, seed: int = 1, sender: str = "web:a") -> DialogueStateTracker:
    rng = random.Random(seed)
    tracker = DialogueStateTracker(sender, DOMAIN.slots)
    for number in range(turns):
        for event in turn(number, rng):
            tracker.update(event, DOMAIN)
    return tracker


def state(tracker: DialogueStateTracker) -> dict[str, Any]:
    """Everything about a conversation that decides what follows."""
    loop = tracker.active_loop
    return {
        "slots": tracker.current_slot_values(),
        "loop": loop and (loop.name, loop.is_interrupted, loop.rejected),
        "latest": tracker.latest_message and plain(tracker.latest_message),
        "said": tracker.latest_bot_utterance and plain(tracker.latest_bot_utterance),
        "action": tracker.latest_action_name,
        "followup": tracker.followup_action,
        "paused": tracker.is_paused(),
    }


def run(work: Any) -> Any:
    return asyncio.run(work)


# -- in and out -----------------------------------------------------------------------------------------------------


def test_who_never_spoke_is_nobody(store: DialogueStore, path: Path) -> None:
    assert run(store.retrieve("web:a")) is None
    assert run(store.get_or_create_tracker("web:a", append_action_listen=False)).events.__len__() == 0
    with sqlite3.connect(path) as db:
        assert db.execute("SELECT count(*) FROM dialogues").fetchone() == (0,), "kept before anything was said"


def test_what_was_said_comes_back_as_it_was(store: DialogueStore) -> None:
    tracker = conversation(5)
    run(store.save(tracker))

    found = run(store.retrieve("web:a"))

    assert [plain(event) for event in found.events] == [plain(event) for event in tracker.events]
    assert [event.timestamp for event in found.events] == [event.timestamp for event in tracker.events]
    assert state(found) == state(tracker)
    assert run(store.retrieve("web:b")) is None
    assert list(run(store.keys())) == ["web:a"]


def test_it_is_what_rasas_own_store_gives(store: DialogueStore, tmp_path: Path) -> None:
    own = SQLTrackerStore(DOMAIN, dialect="sqlite", db=str(tmp_path / "own.db"))
    for seed in range(6):
        tracker = conversation(8, seed, f"web:{seed}")
        for one in (store, own):
            run(one.save(tracker))
        mine, theirs = (run(one.retrieve(f"web:{seed}")) for one in (store, own))
        assert [plain(event) for event in mine.events] == [plain(event) for event in theirs.events]
        assert state(mine) == state(theirs)


def test_turn_by_turn_is_as_all_at_once(store: DialogueStore) -> None:
    whole = conversation(12)
    run(store.save(DialogueStateTracker("web:a", DOMAIN.slots)))
    for event in whole.events:
        tracker = run(store.get_or_create_tracker("web:a", append_action_listen=False))
        tracker.update(event, DOMAIN)
        run(store.save(tracker))

    assert state(run(store.retrieve("web:a"))) == state(whole)


# -- a long conversation --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(40))
def test_a_long_conversation_keeps_its_state_and_its_last_turns(store: DialogueStore, seed: int) -> None:
    rng = random.Random(seed)
    whole = DialogueStateTracker("web:a", DOMAIN.slots)
    for number in range(3 * MOST):
        tracker = run(store.get_or_create_tracker("web:a", append_action_listen=False))
        for event in turn(number, rng):
            tracker.update(event, DOMAIN)
            whole.update(event, DOMAIN)
        run(store.save(tracker))
        kept = run(store.retrieve("web:a"))
        assert state(kept) == state(whole), f"after turn {number}"
        turns = [event for event in kept.events if isinstance(event, UserUttered)]
        assert min(number + 1, LEAST) <= len(turns) <= MOST
        latest = [event for event in whole.events if isinstance(event, UserUttered)][-len(turns) :]
        assert [one.text for one in turns] == [one.text for one in latest]


def test_rules_see_the_listening_before_the_first_turn_that_is_kept() -> None:
    events = folded(conversation(MOST + 1), DOMAIN)
    first = next(number for number, event in enumerate(events) if isinstance(event, UserUttered))

    assert isinstance(events[first - 1], ActionExecuted)
    assert events[first - 1].action_name == "action_listen"
    assert not any(isinstance(event, ActionExecuted) for event in events[: first - 1])


@pytest.mark.parametrize("rejected", [False, True])
def test_a_form_that_was_open_before_stays_open_and_rejected_or_not(rejected: bool) -> None:
    tracker = DialogueStateTracker("web:a", DOMAIN.slots)
    tracker.update(ActiveLoop(FORM))
    if rejected:
        tracker.update(ActionExecutionRejected(FORM))
    for number in range(MOST + 2):
        tracker.update(ActionExecuted("action_listen"))
        tracker.update(UserUttered(str(number), {"name": "greet"}))

    kept = DialogueStateTracker.from_events("web:a", folded(tracker, DOMAIN), DOMAIN.slots)

    assert (kept.active_loop_name, kept.is_active_loop_rejected) == (FORM, rejected)


def test_ten_thousand_turns_weigh_no_more_than_twenty() -> None:
    rng = random.Random(7)
    kept: list[Event] = []
    most: list[int] = []
    for number in range(10_000):
        tracker = DialogueStateTracker.from_events("web:a", [*kept, *turn(number, rng)], DOMAIN.slots)
        kept = folded(tracker, DOMAIN)
        if number < 20 or number > 9_900:
            most.append(len(json.dumps([event.as_dict() for event in kept], ensure_ascii=False)))

    assert max(most[20:]) <= 1.25 * max(most[:20])


def test_what_is_read_and_written_stays_small(store: DialogueStore, path: Path) -> None:
    rng = random.Random(7)
    weights: list[int] = []

    async def talk() -> None:
        for number in range(120):
            tracker = await store.get_or_create_tracker("web:a", append_action_listen=False)
            for event in turn(number, rng):
                tracker.update(event, DOMAIN)
            await store.save(tracker)
            with sqlite3.connect(path) as db:
                weights.append(db.execute("SELECT sum(length(data)) FROM dialogues").fetchone()[0])

    run(talk())

    assert max(weights[20:]) <= 1.25 * max(weights[:20])
    with sqlite3.connect(path) as db:
        assert db.execute("SELECT count(*) FROM dialogues").fetchone() == (1,)


# -- several at once ------------------------------------------------------------------------------------------------


def test_who_works_on_an_old_memory_is_refused_and_changes_nothing(path: Path) -> None:
    one, other = (DialogueStore(DOMAIN, host=f"sqlite:///{path}") for _ in range(2))
    run(one.save(conversation(1)))
    mine, theirs = run(one.retrieve("web:a")), run(other.retrieve("web:a"))
    for tracker, text in ((mine, "先到"), (theirs, "后到")):
        tracker.update(ActionExecuted("action_listen"))
        tracker.update(UserUttered(text, {"name": "greet"}))

    run(one.save(mine))
    with pytest.raises(OutOfDate):
        run(other.save(theirs))

    assert run(other.retrieve("web:a")).latest_message.text == "先到"
    mine.update(SlotSet("said_before", "x"))
    run(one.save(mine))  # who wrote last may go on without reading again
    assert run(other.retrieve("web:a")).get_slot("said_before") == "x"


def test_two_that_begin_the_same_conversation_are_one_too_many(path: Path) -> None:
    one, other = (DialogueStore(DOMAIN, host=f"sqlite:///{path}") for _ in range(2))
    run(one.save(conversation(1)))

    with pytest.raises(OutOfDate):
        run(other.save(conversation(1, seed=2)))


def test_what_was_erased_meanwhile_does_not_come_back(store: DialogueStore, path: Path) -> None:
    run(store.save(conversation(3)))
    tracker = run(store.retrieve("web:a"))
    with sqlite3.connect(path) as db:
        db.execute("DELETE FROM dialogues")
    tracker.update(ActionExecuted("action_listen"))

    with pytest.raises(OutOfDate):
        run(store.save(tracker))

    assert run(store.retrieve("web:a")) is None


def test_many_write_at_once_each_their_own(path: Path) -> None:
    stores = [DialogueStore(DOMAIN, host=f"sqlite:///{path}") for _ in range(3)]

    async def talk(number: int) -> None:
        for _ in range(5):
            one = stores[number % 3]
            tracker = await one.get_or_create_tracker(f"web:{number}", append_action_listen=False)
            tracker.update(UserUttered("x", {"name": "greet"}))
            await one.save(tracker)

    async def everybody() -> None:
        await asyncio.gather(*(talk(number) for number in range(12)))

    run(everybody())

    for number in range(12):
        kept = run(stores[0].retrieve(f"web:{number}"))
        assert sum(isinstance(event, UserUttered) for event in kept.events) == 5


# -- what was there before ------------------------------------------------------------------------------------------


def test_a_conversation_that_rasas_own_store_kept_goes_on_and_moves_over(path: Path) -> None:
    own = SQLTrackerStore(DOMAIN, dialect="sqlite", db=str(path))
    for sender in ("web:a", "web:b"):
        run(own.save(conversation(4, sender=sender)))
    store = DialogueStore(DOMAIN, host=f"sqlite:///{path}")

    tracker = run(store.retrieve("web:a"))
    assert state(tracker) == state(conversation(4))
    tracker.update(ActionExecuted("action_listen"))
    tracker.update(UserUttered("还在", {"name": "greet"}))
    run(store.save(tracker))

    assert run(store.retrieve("web:a")).latest_message.text == "还在"
    with sqlite3.connect(path) as db:
        left = db.execute("SELECT sender_id, count(*) > 0 FROM events GROUP BY sender_id").fetchall()
    assert left == [("web:b", 1)], "the old rows of who has moved over are gone, the others' are not"
    assert run(store.retrieve("web:b")) is not None


def test_rasa_makes_it_from_its_endpoints_file(path: Path) -> None:
    given = EndpointConfig.from_dict({"type": "components.dialogues.DialogueStore", "url": f"sqlite:///{path}"})

    made = TrackerStore.create(given, DOMAIN)

    assert isinstance(made, DialogueStore)
    assert made.domain is DOMAIN


def test_a_database_that_does_not_answer_is_an_error(tmp_path: Path) -> None:
    broken = tmp_path / "trackers.db"
    store = DialogueStore(DOMAIN, host=f"sqlite:///{broken}")
    store._engine.dispose()
    broken.write_bytes(b"this is no database" * 1000)
    for more in ("-wal", "-shm"):
        broken.with_name(broken.name + more).unlink(missing_ok=True)

    with pytest.raises(sa.exc.DBAPIError):
        run(store.retrieve("web:a"))
    with pytest.raises(sa.exc.DBAPIError):
        run(store.save(conversation(1)))


def test_what_is_written_is_plain_json_and_the_file_forgets_what_is_deleted(store: DialogueStore, path: Path) -> None:
    run(store.save(conversation(2)))
    with sqlite3.connect(path) as db:
        row = db.execute("SELECT version, at, data FROM dialogues").fetchone()
        mode = db.execute("PRAGMA journal_mode").fetchone()[0]
    assert row[0] == 1
    assert [one["event"] for one in json.loads(row[2])][:2] == ["action", "user"]
    assert mode == "wal"
    with store._engine.connect() as db:
        assert db.exec_driver_sql("PRAGMA secure_delete").scalar() == 1
        assert db.exec_driver_sql("PRAGMA synchronous").scalar() == 2
    assert dialogues.LEAST < dialogues.MOST
