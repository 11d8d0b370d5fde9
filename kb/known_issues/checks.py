"""Whether what an entry names is there: its category in the tree, its districts and streets among the official ones."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from kb.known_issues.issue import KnownIssue
from kb.places.gazetteer import Division, Gazetteer
from kb.taxonomy import Taxonomy

Problem = tuple[str, str]
"""(key, what is wrong and what would do)."""


def problems(issue: KnownIssue, taxonomy: Taxonomy, gazetteer: Gazetteer | None = None) -> Iterator[Problem]:
    """What the entry names that is not there; an issue with such a name would never be shown."""
    if issue.category not in taxonomy.names:
        yield "category", f"no category {issue.category!r}"
    if gazetteer is None:
        return
    for name in issue.districts:
        if gazetteer.district(name) is None:
            yield "districts", _unknown("district", name, _names(gazetteer, "district"))
    for name in issue.streets:
        found = _streets(gazetteer, name)
        if not found:
            yield "streets", _unknown("street", name, _names(gazetteer, "street"))
        elif issue.districts and found.isdisjoint(issue.districts):
            yield "streets", f"{name} lies in {'、'.join(sorted(found))}, not in {'、'.join(issue.districts)}"


def _streets(gazetteer: Gazetteer, name: str) -> set[str]:
    """The districts that have a street of today with this official name."""
    entries = (one for one in gazetteer.named(name) if isinstance(one, Division))
    streets = (one for one in entries if one.level == "street" and one.code and one.name == name)
    return {above.name for one in streets if (above := gazetteer.district_of(one))}


def _names(gazetteer: Gazetteer, level: str) -> list[str]:
    return [one.name for one in gazetteer.divisions.values() if one.level == level]


def _unknown(level: str, name: str, known: list[str]) -> str:
    like = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    perhaps = f"; perhaps {'、'.join(like)}" if like else ""
    return f"no {level} {name!r}, write the official name{perhaps}"
