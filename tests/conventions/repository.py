"""The repository as the conventions see it: its YAML files by topic, and its files by name."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
LEFT_OUT = {".git", ".venv", ".tools", ".peers", "var", "node_modules", "__pycache__", ".mypy_cache", ".ruff_cache"}
# What Rasa brings itself.
BUILT_IN_INTENTS = {"nlu_fallback"}
BUILT_IN_SLOTS = {"requested_slot"}


def read(folder: str) -> Iterator[dict[str, Any]]:
    """Every YAML file of a folder."""
    for path in sorted((ROOT / folder).glob("*.yml")):
        yield yaml.safe_load(path.read_text(encoding="utf-8"))


def domain(key: str) -> dict[str, Any]:
    """Everything the domain files declare under that key, by name."""
    found: dict[str, Any] = {}
    for file in read("bot/domain"):
        declared = file.get(key) or {}
        found |= declared if isinstance(declared, dict) else dict.fromkeys(declared)
    return found


def rules() -> list[dict[str, Any]]:
    """Every rule."""
    return [rule for file in read("bot/rules") for rule in file["rules"]]


def steps(key: str) -> set[str]:
    """The names that stand under 'intent' or 'action' in the rules."""
    return {step[key] for rule in rules() for step in rule["steps"] if key in step}


def active_loop(rule: dict[str, Any]) -> str | None:
    """The form in which the rule applies; None outside of any."""
    return next((one["active_loop"] for one in rule.get("condition") or () if "active_loop" in one), None)


def spoken() -> dict[str, list[str]]:
    """What people say, by intent."""
    return {
        one["intent"]: [line.removeprefix("- ").strip() for line in one["examples"].splitlines() if line.strip()]
        for file in read("data/nlu")
        for one in file["nlu"]
        if "intent" in one
    }


def source(*folders: str) -> str:
    """All Python code of the folders as one text."""
    paths = (path for folder in folders for path in sorted((ROOT / folder).rglob("*.py")))
    return "\n".join(path.read_text(encoding="utf-8") for path in paths)


def files() -> list[Path]:
    """Every file that belongs to the repository: what git knows or would know, else what lies there."""
    asked = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    known = [ROOT / name for name in asked.stdout.decode().split("\0") if name] if asked.returncode == 0 else []
    return [path for path in known if path.is_file()] or list(_lying_there(ROOT))


def _lying_there(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.is_dir() and path.name not in LEFT_OUT:
            yield from _lying_there(path)
        elif path.is_file():
            yield path
