"""`jiesu doctor` on the desk: a citizen who waits for nobody, and a call that was promised and not made."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from integrations.bootstrap import Services
from integrations.running import doctor
from integrations.settings import Settings
from kb.content_files import ContentError
from kb.handover import desk
from kb.handover.windows import Window
from tests.builders import PHONE, conversation
from tests.fakes import FakeClock


@pytest.fixture
def manned(settings: Settings, clock: FakeClock) -> Settings:
    """Always somebody there, for the check has no other clock than the real one."""
    clock.now = datetime.now(UTC)
    return settings.model_copy(update={"desk_hours": "always"})


def test_hours_clerks_and_queue_are_shown(services: Services, manned: Settings) -> None:
    check = doctor._desk(manned)
    assert (check.state, check.do) == ("ok", "`jiesu staff token NAME` makes a clerk's token")
    services.staff_access.issue("王芳")
    services.handing_over.ask(conversation(services).id, {})
    check = doctor._desk(manned)
    assert (check.state, check.found) == ("ok", "open, 1 clerks with a token, 1 wait, 0 calls to make")


def test_who_waits_for_nobody_is_a_warning(services: Services, manned: Settings, clock: FakeClock) -> None:
    clock.move(minutes=-20)
    services.handing_over.ask(conversation(services).id, {})
    check = doctor._desk(manned)
    assert check.state == "warn" and "the longest 20 minutes" in check.found


def test_a_night_is_no_wait_where_nobody_is_there(services: Services, settings: Settings, clock: FakeClock) -> None:
    clock.now = datetime.now(UTC) - timedelta(hours=9)
    services.handing_over.ask(conversation(services).id, {})
    check = doctor._desk(settings.model_copy(update={"desk_hours": "never"}))
    assert check.state == "ok" and check.found.startswith("never open")


def test_a_promised_call_whose_time_is_over_is_a_warning(services: Services, manned: Settings) -> None:
    now = datetime.now(UTC)
    window = Window(now - timedelta(hours=2), now - timedelta(hours=1))
    services.calling_back.promise(conversation(services).id, PHONE, window=window)
    check = doctor._desk(manned)
    assert check.state == "warn" and "1 past their time" in check.found and PHONE not in check.found


def test_a_mistake_in_the_hours_is_bad_and_named(
    services: Services, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ContentError("kb/content/desk.yml:7: monday: …")

    monkeypatch.setattr(desk, "load", broken)
    check = doctor._desk(settings)
    assert check.state == "bad" and Path("kb/content/desk.yml").name in check.found
