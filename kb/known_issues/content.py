"""The entries that ship: every YAML file in `content/known_issues`."""

from __future__ import annotations

from pathlib import Path

from kb.content_files import CONTENT, ContentError, as_model, read_yaml, shown
from kb.known_issues.checks import problems
from kb.known_issues.issue import KnownIssue
from kb.places.gazetteer import Gazetteer
from kb.taxonomy import Taxonomy

FOLDER = CONTENT / "known_issues"


def load(taxonomy: Taxonomy, folder: Path = FOLDER, gazetteer: Gazetteer | None = None) -> tuple[KnownIssue, ...]:
    """Every entry of every file; with a gazetteer names of districts and streets are checked too.

    Raises ContentError naming file, line, key and value.
    """
    found: dict[str, KnownIssue] = {}
    for path in sorted(folder.glob("*.yml")):
        for raw in read_yaml(path) or ():
            issue = as_model(KnownIssue, raw, path)
            for key, what in problems(issue, taxonomy, gazetteer):
                raise ContentError(f"{shown(path)}:{raw.line}: {key}: {what}")
            if issue.id in found:
                raise ContentError(f"{shown(path)}:{raw.line}: id: {issue.id} is given twice")
            found[issue.id] = issue
    return tuple(found.values())
