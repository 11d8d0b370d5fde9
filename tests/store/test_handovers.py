"""Hand-overs as rows: what an older version left, one open wish for each conversation, order, and measured waits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, insert, text
from sqlalchemy.exc import IntegrityError

from integrations.services.handover_records import Done, What
from integrations.services.records import Hearing, Sender
from integrations.store import database
from integrations.store.handover_tables import handovers
from kb.handover.states import Reason, State
from tests import stores

AT = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
UnitOfWork = Callable[[], AbstractContextManager[Any]]


@pytest.fixture
def engine(tmp_path: Path, empty_tables: str) -> Iterator[Engine]:
    with stores.database_url(tmp_path, template=empty_tables) as url:
        made = database.connect(url)
        yield made
        made.dispose()


@pytest.fixture
def work(engine: Engine) -> UnitOfWork:
    return database.unit_of_work(engine)


def mine(tx: Any, address: str = "citizen-1") -> str:
    return str(tx.conversations.open(channel="web", address=address, now=AT).id)


def test_what_an_older_version_left_goes_on(tmp_path: Path) -> None:
    with stores.database_url(tmp_path) as url:
        engine = database.connect(url)
        database.migrate(engine, "0010_followup")
        with engine.begin() as db:
            db.execute(text("INSERT INTO citizens (id, created_at) VALUES ('z', '2026-11-01 00:00:00')"))
            for name in ("a", "b"):
                db.execute(
                    text(
                        "INSERT INTO conversations (id, channel, address, citizen_id, last_seq, created_at)"
                        f" VALUES ('{name}', 'web', '{name}', 'z', 0, '2026-11-01 00:00:00')"
                    )
                )
            for conversation, taken in (("a", "'2026-11-20 01:00:00'"), ("a", "NULL"), ("a", "NULL"), ("b", "NULL")):
                db.execute(
                    text(
                        "INSERT INTO handovers (conversation_id, context, asked_at, taken_at)"
                        f" VALUES ('{conversation}', '{{}}', '2026-11-20 00:00:00', {taken})"
                    )
                )
        database.migrate(engine)
        with database.unit_of_work(engine)() as tx:
            assert [(one.conversation_id, one.reason) for one in tx.handovers.waiting()] == [
                ("a", Reason.ASKED),
                ("b", Reason.ASKED),
            ]
            assert tx.handovers.taken() == []
        engine.dispose()


def test_a_promised_call_is_not_lost_by_going_back(tmp_path: Path) -> None:
    with stores.database_url(tmp_path) as url:
        engine = database.connect(url)
        database.migrate(engine, "0011_handover")
        with engine.begin() as db:
            db.execute(text("INSERT INTO citizens (id, created_at) VALUES ('z', '2026-11-01 00:00:00')"))
            db.execute(
                text(
                    "INSERT INTO conversations (id, channel, address, citizen_id, last_seq, created_at)"
                    " VALUES ('a', 'web', 'a', 'z', 0, '2026-11-01 00:00:00')"
                )
            )
            db.execute(
                text(
                    "INSERT INTO call_backs (conversation_id, state, reason, about, shown, wanted, asked_at)"
                    " VALUES ('a', 'open', 'asked', '', '', '', '2026-11-01 00:00:00')"
                )
            )
        with pytest.raises(RuntimeError, match="1 calls"):
            database.migrate(engine, "base")
        engine.dispose()


def test_the_store_itself_holds_one_open_wish_for_each_conversation(engine: Engine, work: UnitOfWork) -> None:
    with work() as tx:
        conversation = mine(tx)
        first = tx.handovers.add(conversation, {}, AT)
        assert tx.handovers.add(conversation, {"other": 1}, AT + timedelta(hours=1)) == first
    with pytest.raises(IntegrityError), engine.begin() as db:
        db.execute(insert(handovers).values(conversation_id=conversation, context={}, asked_at=AT))
    with work() as tx:
        tx.handovers.close(first.id, before=State.WAITING, after=State.ENDED, at=AT)
        assert tx.handovers.add(conversation, {}, AT).id != first.id


def test_who_is_ahead_is_counted_as_the_queue_is_read(work: UnitOfWork) -> None:
    reasons = [Reason.ASKED, Reason.DANGER, Reason.ASKED, Reason.DISTRESS, Reason.NOT_UNDERSTOOD]
    with work() as tx:
        for n, reason in enumerate(reasons):
            tx.handovers.add(mine(tx, f"c-{n}"), {}, AT + timedelta(minutes=n // 2), reason=reason)
        queue = tx.handovers.waiting()
        assert [tx.handovers.ahead(one) for one in queue] == list(range(len(reasons)))
        assert [one.reason for one in queue[:2]] == [Reason.DANGER, Reason.DISTRESS]


def test_a_change_counts_only_from_the_state_that_it_names(work: UnitOfWork) -> None:
    later = AT + timedelta(minutes=5)
    with work() as tx:
        number = tx.handovers.add(mine(tx), {}, AT).id
        how = {"at": AT, "lease_until": later, "seq": 3}
        assert tx.handovers.take(number, by="王芳", **how)
        assert not tx.handovers.take(number, by="李强", **how)
        assert not tx.handovers.renew(number, by="李强", lease_until=later)
        assert not tx.handovers.close(number, before=State.WAITING, after=State.ENDED, at=AT)
        assert tx.handovers.lapsed(later) and not tx.handovers.lapsed(later - timedelta(seconds=1))
        assert tx.handovers.requeue(number) and not tx.handovers.requeue(number)
        (waits,) = tx.handovers.waiting()
        assert (waits.taken_by, waits.lease_until, waits.taken_seq) == (None, None, 3)


def test_the_wait_that_is_measured_ends_with_the_first_clerk(work: UnitOfWork) -> None:
    with work() as tx:
        number = tx.handovers.add(mine(tx), {}, AT).id
        for minutes in (4, 30):
            at = AT + timedelta(minutes=minutes)
            tx.handovers.take(number, by="王芳", at=at, lease_until=at, seq=1)
            tx.handovers.requeue(number)
        assert list(tx.handovers.waits(AT)) == [(AT, AT + timedelta(minutes=4))]
        assert list(tx.handovers.waits(AT + timedelta(minutes=5))) == []


def test_the_trail_takes_a_key_once(work: UnitOfWork) -> None:
    with work() as tx:
        conversation = mine(tx)
        done = Done(conversation, What.SAY, "clerk:王芳", AT, key="say:1")
        assert tx.handovers.record(done) is True
        assert tx.handovers.record(done) is False
        assert tx.handovers.record(Done(mine(tx, "citizen-2"), What.SAY, "clerk:王芳", AT, key="say:1")) is True
        assert len(tx.handovers.recent()) == 2


def test_masking_leaves_lines_that_wait_and_what_others_said(work: UnitOfWork) -> None:
    said = {"text": "电话13812345678"}
    with work() as tx:
        conversation = mine(tx)
        for sender, state in (
            (Sender.CITIZEN, Hearing.ANSWERED),
            (Sender.NOTICE, None),
            (Sender.CITIZEN, Hearing.PENDING),
        ):
            tx.conversations.append(conversation, sender=sender, body=said, at=AT, state=state)
        tx.conversations.mask(conversation, after=0)
        texts = [line.body["text"] for line in tx.conversations.lines(conversation)]
        assert texts == ["电话138****5678", "电话13812345678", "电话13812345678"]
        tx.conversations.settle(conversation, [3], Hearing.ANSWERED, keep=True)
        assert tx.conversations.line(conversation, 3).body == said
        tx.conversations.mask(conversation, after=2)
        assert tx.conversations.line(conversation, 3).body["text"] == "电话138****5678"
