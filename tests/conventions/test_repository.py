"""Files: what stands in them, how long they are, and what they must never name."""

import ast
from pathlib import Path

import pytest
import typer

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
    assert found == [], "\n".join(found)


def _operations() -> str:
    return (ROOT / "docs/operations.md").read_text(encoding="utf-8")


def test_every_setting_is_documented() -> None:
    text = _operations()
    assert [name for name in (f"JIESU_{field.upper()}" for field in Settings.model_fields) if name not in text] == []


def test_every_command_is_documented() -> None:
    text = _operations()
    assert [name for name in _names(app) if f"jiesu {name}" not in text] == []
    for group in app.registered_groups:
        said = " ".join(line for line in text.splitlines() if f"jiesu {group.name}" in line)
        assert [name for name in _names(group.typer_instance) if name not in said] == [], group.name


def _names(commands: typer.Typer | None) -> list[str]:
    known = commands.registered_commands if commands else []
    return [(one.name or one.callback.__name__).replace("_", "-") for one in known if one.callback]
