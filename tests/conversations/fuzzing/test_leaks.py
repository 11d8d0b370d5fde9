"""That a leak is found where there is one, and none where there is none."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from integrations.bootstrap import Services
from integrations.services.records import Said
from integrations.settings import Settings
from tests.builders import conversation
from tests.conversations.fuzzing import markers, storing, watching
from tests.conversations.fuzzing.leaks import Ledger

LEDGER_SEED = 4
MINE, OTHERS = markers.of(LEDGER_SEED, 0), markers.of(LEDGER_SEED, 1)
TICKET = "4817 2093 5562"


@pytest.fixture
def ledger() -> Ledger:
    made = Ledger({0: MINE, 1: OTHERS})
    made.filed(1, TICKET)
    return made


def message(text: str = "好的", card: dict[str, Any] | None = None, *titles: str) -> dict[str, Any]:
    return {"seq": 1, "text": text, "options": [{"number": 1, "title": one} for one in titles], "card": card}


def leaks(ledger: Ledger, one: dict[str, Any]) -> list[str]:
    return list(ledger.in_message(0, one))


@pytest.mark.parametrize("marker", [OTHERS.word, *OTHERS.personal])
def test_something_of_others_is_found_in_text_button_and_card(ledger: Ledger, marker: str) -> None:
    card = {"kind": "confirm", "rows": [{"label": "问题", "value": f"路灯坏了{marker}"}]}
    for one in (message(f"您的{marker}。"), message("哪个", None, f"是{marker}"), message(card=card)):
        assert leaks(ledger, one), one


@pytest.mark.parametrize("marker", [MINE.word, *MINE.personal])
def test_what_is_ones_own_is_no_leak(ledger: Ledger, marker: str) -> None:
    assert leaks(ledger, message(marker, {"kind": "confirm", "title": marker}, marker)) == []


def test_the_title_of_an_incident_may_be_somebodys_words_but_nothing_personal(ledger: Ledger) -> None:
    def offered(title: str, place: str = "书院路") -> dict[str, Any]:
        item = {"title": title, "rows": [{"label": "地点", "value": place}]}
        return message(card={"kind": "incidents", "items": [item]})

    assert leaks(ledger, offered(f"路灯坏了{OTHERS.word}")) == []
    assert all(leaks(ledger, offered(f"路灯坏了{one}")) for one in OTHERS.personal)
    assert leaks(ledger, offered("路灯坏了", f"书院路{OTHERS.word}"))
    other_card = {"kind": "progress", "items": [{"title": OTHERS.word}]}
    assert leaks(ledger, message(card=other_card))


def test_a_number_that_was_said_may_be_repeated_but_nothing_shown_of_its_ticket(ledger: Ledger) -> None:
    assert leaks(ledger, message(f"查不到{TICKET}"))
    assert ledger.somebody_elses(0, 0.5) == TICKET.replace(" ", "")
    assert leaks(ledger, message(f"查不到{TICKET}")) == []
    assert leaks(ledger, message(card={"kind": "progress", "number": TICKET.replace(" ", "\u00a0")}))
    assert leaks(ledger, message(card={"kind": "confirm", "rows": [{"label": "问题", "value": f"查{TICKET}"}]})) == []
    assert list(ledger.in_message(1, message(TICKET, {"kind": "ticket", "number": TICKET}))) == []


def test_nobody_is_given_a_number_of_their_own_to_look_for(ledger: Ledger) -> None:
    assert ledger.somebody_elses(1, 0.0) is None


def test_in_logs_nobodys_markers_may_stand(ledger: Ledger) -> None:
    assert list(ledger.anybodys(f"turn: {MINE.word}")) == [MINE.word]
    assert list(ledger.anybodys("turn: conversation=3768c2d6b6004562a3690545a394a4a6 seq=2 13900000000")) == []


@pytest.mark.parametrize(
    ("line", "failure"),
    [
        ("2026-11-22 11:20:10,783 INFO uvicorn.error Started server process [13449]", False),
        ("2026-11-22 11:20:10,783 WARNING integrations.web.app left for the next sweep", False),
        ("2026-11-22 11:20:10,783 ERROR integrations.web.chat turn failed: conversation=x", True),
        (
            'ERROR    rasa.core.channels.rest  - {"text": "7 characters", "event": "rest.message.received.failure"}',
            True,
        ),
        (
            'ERROR    rasa.core.channels.rest  - {"text": "7 characters", "event": "rest.message.received.timeout"}',
            False,
        ),
        ("Traceback (most recent call last):", True),
        ("sqlalchemy.exc.OperationalError: (sqlite3.OperationalError) database is locked", True),
    ],
)
def test_an_error_in_a_log_is_told_from_a_logger_that_is_called_so(line: str, *, failure: bool) -> None:
    assert watching.is_failure(line) is failure


def test_logs_are_read_with_those_that_were_put_aside(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs/gateway.log").write_bytes(b"new\n\xff\n")
    (tmp_path / "logs/gateway.log.1").write_text("old\n", encoding="utf-8")
    found = list(watching.log_lines(tmp_path))
    assert found == [("gateway.log", "new"), ("gateway.log", "\ufffd"), ("gateway.log.1", "old")]


def test_the_parts_of_a_system_are_found_with_their_memory() -> None:
    with subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE) as child:
        assert sys.executable in watching.children(os.getpid())[child.pid]
        watch = watching.Watch(os.getpid())
        watch.look()
        watch.look()
        assert child.stdin is not None
        child.stdin.close()
        child.wait(10)
        assert watching.memory_mb(child.pid) == 0.0
    warm, most = watch.grown()[f"other {child.pid}"]
    assert 0 < warm <= most


def test_what_was_stored_is_looked_through(
    settings: Settings, services: Services, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JIESU_DATABASE_URL", settings.sql_url)
    mine, others = conversation(services, "one"), conversation(services, "two")
    owners = {mine.id: 0, others.id: 1}
    _remembered(settings, services, f"web:{mine.id}", "[]")
    services.conversing.accept(others.id, "12345678", Said(f"路灯坏了{OTHERS.phone}"))
    assert list(storing.leaks(settings.data_dir, ledger, owners)) == []
    (waiting,) = storing.unanswered(settings.data_dir, owners)
    assert "is pending" in waiting and "citizen 1" in waiting

    services.conversing.accept(mine.id, "12345678", Said(f"路灯坏了{OTHERS.phone}"))
    _remembered(settings, services, f"web:{mine.id}", json.dumps([{"text": OTHERS.name}]))
    found = list(storing.leaks(settings.data_dir, ledger, owners))
    assert len(found) == 2 and "line 2" in found[0] and "Rasa's memory" in found[1]


def _remembered(settings: Settings, services: Services, sender: str, data: str) -> None:
    """Write Rasa's memory of a conversation as Rasa's process does, which tests of ours do not run."""
    engine = storing.memory(settings.data_dir, services.engine)
    with engine.begin() as db:
        db.exec_driver_sql("CREATE TABLE IF NOT EXISTS dialogues (sender_id VARCHAR(255) PRIMARY KEY, data TEXT)")
        db.exec_driver_sql("DELETE FROM dialogues")
        insert = text("INSERT INTO dialogues (sender_id, data) VALUES (:sender, :data)")
        db.execute(insert, {"sender": sender, "data": data})
