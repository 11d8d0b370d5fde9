"""Both kinds of backends, one process each for all tests here."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.backends import KINDS, Backend, running


@pytest.fixture(scope="session")
def running_backends(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Backend]]:
    folder = tmp_path_factory.mktemp("backends")
    with running("demo", folder) as demo, running("other", folder) as other:
        yield {"demo": demo, "other": other}


@pytest.fixture(params=sorted(KINDS))
def geo(request: pytest.FixtureRequest, running_backends: dict[str, Backend]) -> Iterator[Backend]:
    """A running backend of each kind in turn, with nothing ordered."""
    backend = running_backends[request.param]
    yield backend
    backend.clear()
    backend.forget()
