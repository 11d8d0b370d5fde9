"""Files: what stands in them, how long they are, and what they must never name."""

import ast
from pathlib import Path

import pytest

from integrations.cli import app
from integrations.settings import Settings
from tests.conventions.repository import ROOT, files

MODULES = [path for folder in ("kb", "actions", "integrations") for path in sorted((ROOT / folder).rglob("*.py"))]
# Spelled in pieces, so that this file does not find itself.
FORBIDDEN = ["/" + "work" + "/", "/" + "root" + "/", "pypi" + ".org", "files" + ".pythonhosted", "registry" + ".npmjs"]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_module_says_what_it_is_for_and_is_short(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(text)), "no docstring"
    assert text.count("\n") <= 400, "more than 400 lines"


def test_no_file_names_a_machine_or_a_registry() -> None:
    found = []
    for path in files():
        raw = path.read_bytes()
        if b"\0" in raw[:8000]:
            continue
        text = raw.decode("utf-8", errors="replace")
        found += [f"{path.relative_to(ROOT)}: {word}" for word in FORBIDDEN if word in text]
    assert found == []


def _operations() -> str:
    return (ROOT / "docs/operations.md").read_text(encoding="utf-8")


def test_every_setting_is_documented() -> None:
    text = _operations()
    assert [name for name in (f"JIESU_{field.upper()}" for field in Settings.model_fields) if name not in text] == []


def test_every_command_is_documented() -> None:
    text = _operations()
    names = [one.name or one.callback.__name__ for one in app.registered_commands if one.callback]
    for group in app.registered_groups:
        inner = group.typer_instance.registered_commands if group.typer_instance else []
        names += [f"{group.name} {one.name or one.callback.__name__}" for one in inner if one.callback]
    assert [name for name in names if f"jiesu {name}" not in text] == []
