"""Comparing a backend's services and what they ask for with our categories and what we send."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kb.taxonomy import Taxonomy

# How much of two names must be the same for one to be proposed for the other.
ALIKE = 0.25


@dataclass(frozen=True, slots=True)
class Mapped:
    """One category at level 1: the services that its leaves go to, whether they are offered, and one that is like it.

    `services` are (code, the backend's name or None where it does not offer it); `proposal` is (code, name) or None.
    """

    code: str
    name: str
    services: tuple[tuple[str, str | None], ...]
    proposal: tuple[str, str] | None = None

    @property
    def whole(self) -> bool:
        """Every leaf goes to a service that is there."""
        return all(name is not None for _, name in self.services)


@dataclass(frozen=True, slots=True)
class Asked:
    """An attribute that services require: our name for what we send there (None: we never send it)."""

    attribute: str
    services: tuple[str, ...]
    ours: str | None
    always: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """What came of it."""

    categories: tuple[Mapped, ...]
    unused: tuple[tuple[str, str], ...]
    required: tuple[Asked, ...]
    unknown: tuple[str, ...]

    @property
    def fine(self) -> bool:
        """Nothing of ours would be refused for its service or for an attribute that we never send."""
        return all(one.whole for one in self.categories) and all(one.ours for one in self.required)


# What every request has; the other attributes go only where something is known.
ALWAYS = frozenset({"reference", "category", "request_type", "urgency", "main_unit", "due"})


def compare(
    taxonomy: Taxonomy,
    service_of: Callable[[str], str],
    services: Sequence[Mapping[str, Any]],
    definitions: Mapping[str, Iterable[Mapping[str, Any]]],
    sent: Mapping[str, str],
) -> Comparison:
    """`services` and `definitions` (by service code) as the backend lists them; `sent` are our attributes' codes."""
    offered = {str(one["service_code"]): str(one.get("service_name") or "") for one in services}
    words = {str(one["service_code"]): _words(one) for one in services}
    by_level: dict[str, dict[str, None]] = {}
    for leaf in taxonomy:
        by_level.setdefault(leaf.level1_code, {})[service_of(leaf.code)] = None
    used = {code for codes in by_level.values() for code in codes}
    categories = []
    for level1, codes in by_level.items():
        name = taxonomy.names[level1]
        pairs = tuple((code, offered.get(code)) for code in codes)
        missing = any(there is None for _, there in pairs)
        best = max(words, key=lambda code: _alike(name, words[code]), default=None) if missing else None
        proposal = (best, offered[best]) if best and _alike(name, words[best]) >= ALIKE else None
        categories.append(Mapped(level1, name, pairs, proposal))
    unused = tuple((code, name) for code, name in offered.items() if code not in used)
    return Comparison(tuple(categories), unused, _required(definitions, sent), _unknown(definitions, sent))


def _required(definitions: Mapping[str, Iterable[Mapping[str, Any]]], sent: Mapping[str, str]) -> tuple[Asked, ...]:
    ours = {code: name for name, code in sent.items() if code}
    asked: dict[str, list[str]] = {}
    for service, attributes in definitions.items():
        for one in attributes:
            if str(one.get("required")).lower() == "true":
                asked.setdefault(str(one.get("code")), []).append(service)
    return tuple(
        Asked(code, tuple(services), ours.get(code), ours.get(code) in ALWAYS) for code, services in asked.items()
    )


def _unknown(definitions: Mapping[str, Iterable[Mapping[str, Any]]], sent: Mapping[str, str]) -> tuple[str, ...]:
    known = {str(one.get("code")) for attributes in definitions.values() for one in attributes}
    return tuple(code for code in sent.values() if code and code not in known) if definitions else ()


def _words(service: Mapping[str, Any]) -> str:
    return " ".join(str(service.get(key) or "") for key in ("service_name", "keywords", "description"))


def _alike(name: str, words: str) -> float:
    """The part of the name's pairs of letters that stand in the words."""
    pairs = {name[i : i + 2] for i in range(len(name) - 1)} or {name}
    return sum(pair in words for pair in pairs) / len(pairs)
