"""What a citizen wants with a message: 咨询, 求助, 投诉, 举报, 建议 or 表扬.

The words to learn it from stand in `content/request_types.yml`; `kb.request_type_model` learns it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from kb.content_files import CONTENT, ContentError, Mapped, read_mapping, shown
from kb.text import folded

PATH = CONTENT / "request_types.yml"


class RequestType(StrEnum):
    """The six kinds; the values are the words citizens and the hotline use."""

    QUESTION = "咨询"
    HELP = "求助"
    COMPLAINT = "投诉"
    REPORT = "举报"
    SUGGESTION = "建议"
    PRAISE = "表扬"


# Kinds that become a case for a unit. They are weighed together against the others, because taking a complaint
# for a question loses it, while the reverse costs one look.
CASES = frozenset({RequestType.HELP, RequestType.COMPLAINT, RequestType.REPORT})


@dataclass(frozen=True, slots=True)
class Verdict:
    """The likeliest kind and how likely it is, 0 to 1."""

    type: RequestType
    confidence: float


@dataclass(frozen=True, slots=True)
class Content:
    """What the file holds: (text, type) rows to learn from, and tell-tale words by the name of their cue."""

    rows: tuple[tuple[str, RequestType], ...]
    cues: Mapping[str, tuple[str, ...]]


def load(path: Path = PATH) -> Content:
    """The examples and cues. Raises ContentError naming file, line, key and value."""
    raw = read_mapping(path)
    if unknown := sorted(set(raw) - {"cues", "examples"}):
        raise ContentError(f"{shown(path)}:{raw.line}: {unknown[0]}: expected only 'cues' and 'examples'")
    cues = {str(name): _texts(raw["cues"], name, path) for name in _mapping(raw, "cues", path)}
    found: dict[str, str] = {}
    rows = []
    for name in _mapping(raw, "examples", path):
        if name not in set(RequestType):
            raise ContentError(f"{shown(path)}:{raw['examples'].line}: examples: no request type {name!r}")
        for text in _texts(raw["examples"], name, path):
            key = folded(text)
            if key in found:
                raise ContentError(
                    f"{shown(path)}:{raw['examples'].line}: {text!r} stands under {found[key]} and {name}"
                )
            found[key] = name
            rows.append((text, RequestType(name)))
    if missing := [kind for kind in RequestType if kind not in raw["examples"]]:
        raise ContentError(f"{shown(path)}:{raw['examples'].line}: examples: no examples of {missing[0]!r}")
    return Content(tuple(rows), cues)


def _mapping(raw: Mapped, key: str, path: Path) -> Mapped:
    value = raw.get(key)
    if not isinstance(value, Mapped) or not value:
        raise ContentError(f"{shown(path)}:{raw.line}: {key}: expected keys and lists, found {value!r}"[:200])
    return value


def _texts(raw: Mapped, key: str, path: Path) -> tuple[str, ...]:
    texts = raw[key]
    if not isinstance(texts, list) or not texts:
        raise ContentError(f"{shown(path)}:{raw.line}: {key}: expected a list of texts, found {texts!r}"[:200])
    for text in texts:
        if not isinstance(text, str) or not folded(text):
            raise ContentError(f"{shown(path)}:{raw.line}: {key}: expected a text, found {text!r}")
    return tuple(texts)
