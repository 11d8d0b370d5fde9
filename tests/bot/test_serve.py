"""Starting Rasa: the token is handed over whole, whatever it begins with."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest

pytest.importorskip("rasa", reason="Rasa is installed in bot/'s environment only")
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bot"))

import serve
from components import repairs


@pytest.mark.parametrize("token", ["abc", "-abc", "--help"])
def test_any_token_is_handed_to_rasa_in_one_word(token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[list[str]] = []
    rasa = ModuleType("rasa.__main__")
    rasa.main = lambda: started.append(list(sys.argv))  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "rasa.__main__", rasa)
    monkeypatch.setattr(repairs, "install", list)
    monkeypatch.setattr(sys, "argv", ["serve.py", "run"])
    monkeypatch.setenv("JIESU_RASA_TOKEN", token)

    serve.main()

    assert started == [["serve.py", "run", f"--auth-token={token}"]]
