"""What the stage does in the store of the running system: hours pass, and a hand-over is found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from integrations.bootstrap import Services
from integrations.services.records import Said
from integrations.settings import Settings
from tests.builders import conversation
from tests.conversations import stage as stages
from tests.conversations import talking
from tests.conversations.script import conversations
from tests.conversations.stage import Stage


@dataclass
class Standing:
    """A system of which only the store is needed."""

    folder: Path
    url: str = "http://nowhere"
    department: str = "http://nowhere"


@pytest.fixture
def stage(settings: Settings, services: Services, monkeypatch: pytest.MonkeyPatch) -> Stage:
    monkeypatch.setenv("JIESU_DATABASE_URL", settings.sql_url)
    system: Any = Standing(settings.data_dir)
    return Stage(system)


def test_hours_pass_for_this_conversation_only(stage: Stage, services: Services) -> None:
    mine, others = conversation(services, "one"), conversation(services, "two")
    services.conversing.accept(mine.id, "12345678", Said("路灯坏了"))
    before = [line.at for line in services.conversing.history(mine.id)]
    untouched = [line.at for line in services.conversing.history(others.id)]

    stage.silence(mine.id, 20.5)

    assert [line.at for line in services.conversing.history(mine.id)] == [at - timedelta(hours=20.5) for at in before]
    assert [line.at for line in services.conversing.history(others.id)] == untouched


def test_a_person_at_the_desk_needs_somebody_who_asked(
    stage: Stage, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stages, "HANDED_OVER_SECONDS", 0.1)
    mine, others = conversation(services, "one"), conversation(services, "two")
    services.handing_over.ask(others.id, {})
    with pytest.raises(AssertionError, match="nobody has been asked"):
        stage.desk(mine.id, "take", "")


def test_a_conversation_that_does_not_go_as_written_is_told_as_it_failed(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here because nothing answers at all."""
    monkeypatch.setattr(talking, "PENDING_SECONDS", 0.1)
    with pytest.raises(AssertionError, match="does not answer"):
        stage.played(next(one for one in conversations() if not one.script.issue))
    stage.close()
