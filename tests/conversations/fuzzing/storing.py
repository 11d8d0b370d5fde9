"""What a run has left behind: lines, complaints, Rasa's memory. Each is one conversation's alone."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from sqlalchemy import Engine, create_engine, inspect, select, text

from integrations.store import database
from integrations.store.tables import complaints, lines
from tests.conversations.fuzzing.leaks import Ledger

LEFT = ("pending", "failed")


def connect(folder: Path) -> Engine:
    """The database of a running system with that data folder."""
    url = os.environ.get("JIESU_DATABASE_URL") or f"sqlite:///{folder / 'jiesu.db'}"
    return database.connect(url.replace("postgresql://", "postgresql+psycopg://", 1))


def memory(folder: Path, engine: Engine) -> Engine:
    """Where Rasa keeps what it remembers."""
    return create_engine(f"sqlite:///{folder / 'trackers.db'}") if engine.dialect.name == "sqlite" else engine


def leaks(folder: Path, ledger: Ledger, owners: Mapping[str, int]) -> Iterator[str]:
    """What of others stands with a conversation; `owners` has the citizen of each conversation."""
    engine = connect(folder)
    with engine.connect() as db:
        for row in db.execute(select(lines)):
            if (citizen := owners.get(row.conversation_id)) is not None:
                for leak in ledger.in_message(citizen, row.body):
                    yield f"{leak} stands in line {row.seq} ({row.sender}) of citizen {citizen}"
        for row in db.execute(select(complaints)):
            if (citizen := owners.get(row.conversation_id)) is not None:
                told = json.dumps([row.description, row.place, row.answers], ensure_ascii=False)
                for leak in ledger.foreign(citizen, told):
                    yield f"{leak} stands in a complaint of citizen {citizen}"
    kept = memory(folder, engine)
    assert inspect(kept).has_table("dialogues"), "Rasa's memory is not where it was"
    with kept.connect() as db:
        for sender, data in db.execute(text("SELECT sender_id, data FROM dialogues")):
            citizen = next((who for conversation, who in owners.items() if conversation in sender), None)
            if citizen is not None:
                known = json.dumps(json.loads(data), ensure_ascii=False)
                for leak in ledger.foreign(citizen, known, personal_only=True):
                    yield f"{leak} stands in Rasa's memory of citizen {citizen}"
    engine.dispose()
    kept.dispose()


def unanswered(folder: Path, owners: Mapping[str, int]) -> Iterator[str]:
    """Lines that were never answered, or given up; and citizens' lines without any answer of their own."""
    engine = connect(folder)
    with engine.connect() as db:
        answered = Counter(tuple(row) for row in db.execute(select(lines.c.conversation_id, lines.c.answers)))
        for row in db.execute(select(lines).where(lines.c.sender == "citizen")):
            where = f"line {row.seq} of citizen {owners.get(row.conversation_id)}"
            if row.state in LEFT:
                yield f"{where} is {row.state} after {row.attempts} tries"
            elif not answered[(row.conversation_id, row.turn or row.seq)]:
                yield f"{where} has no answer"
    engine.dispose()


def tickets(folder: Path, conversation: str) -> list[Mapping[str, object]]:
    """The complaints that were filed in a conversation, as rows."""
    engine = connect(folder)
    with engine.connect() as db:
        found = db.execute(select(complaints).where(complaints.c.conversation_id == conversation)).mappings().all()
    engine.dispose()
    return [dict(one) for one in found]
