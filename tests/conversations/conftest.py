"""One running system for all conversations, and what they came to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conversations.hearing import transcription_service
from tests.conversations.stage import Stage
from tests.conversations.summary import Outcomes, told
from tests.system import RunningSystem

_OUTCOMES = pytest.StashKey[Outcomes]()


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSystem]:
    with transcription_service() as url:
        running = RunningSystem(tmp_path_factory.mktemp("system"), JIESU_TRANSCRIBE_URL=url)
        running.start()
        yield running
        running.stop()


@pytest.fixture(scope="session")
def stage(system: RunningSystem) -> Iterator[Stage]:
    """Where conversations are played, several at a time."""
    made = Stage(system)
    yield made
    made.close()


@pytest.fixture(scope="session")
def outcomes(request: pytest.FixtureRequest) -> Outcomes:
    """What the conversations of this run came to; told at its end."""
    return request.config.stash.setdefault(_OUTCOMES, Outcomes())


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if outcomes := config.stash.get(_OUTCOMES, None):
        terminalreporter.section("conversations")
        for line in told(outcomes):
            terminalreporter.write_line(line)
