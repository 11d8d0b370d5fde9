"""Rasa's own environment, where it is there; every test ends with Rasa as it came."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bot"))
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))


@pytest.fixture
def repaired() -> Iterator[None]:
    """All repairs in place; Rasa's own code comes back after the test."""
    from components import repairs

    left_out = repairs.install()
    assert left_out == [], [one.where for one in left_out]
    yield
    for one in repairs.repairs():
        one.take_out()


@pytest.fixture(scope="session")
def small_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of the real domain and rules without understanding, trained once."""
    from tests.bot import small_rasa

    return small_rasa.train(tmp_path_factory.mktemp("small"))
