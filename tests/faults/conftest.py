"""The fault matrix: real processes and sockets, both backends, whichever database the run is about."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from integrations.bootstrap import Services
from integrations.settings import Settings
from tests.backends import KINDS, Backend, running
from tests.faults.tally import TALLY, Tally


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Show what went in and what came out."""
    if lines := TALLY.lines():
        terminalreporter.write_sep("=", "complaints in, tickets out")
        for line in lines:
            terminalreporter.write_line(line)


@pytest.fixture
def tally() -> Tally:
    return TALLY


@pytest.fixture(scope="session")
def running_backends(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Backend]]:
    folder = tmp_path_factory.mktemp("backends")
    with running("demo", folder) as demo, running("other", folder) as other:
        # Nothing that is sent here takes longer than this to show.
        patient = folder / "mapping.yml"
        mapping = yaml.safe_load(demo.mapping_file.read_text(encoding="utf-8"))
        patient.write_text(yaml.safe_dump({**mapping, "shows_after_seconds": 1}, allow_unicode=True), encoding="utf-8")
        demo.mapping_file = patient
        yield {"demo": demo, "other": other}


# The other backend only in the whole matrix: it is asked after tokens, which takes its time.
@pytest.fixture(params=[kind if kind == "demo" else pytest.param(kind, marks=pytest.mark.faults) for kind in KINDS])
def geo(request: pytest.FixtureRequest, running_backends: dict[str, Backend]) -> Iterator[Backend]:
    backend = running_backends[request.param]
    yield backend
    backend.clear()
    backend.forget()


@pytest.fixture
def folder(tmp_path: Path, settings: Settings, services: Services) -> Path:
    """Where the workers of this test keep what they keep."""
    return tmp_path
