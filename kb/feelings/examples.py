"""How people tell of distress, and how they talk alike without it: what the model learns from.

`content/feelings/examples.yml` holds both. Beside them the model learns from the examples of the categories, of other
authorities' duties and of what is said to the assistant (`data/nlu`), which tell of none, save those duties to which
people turn in distress.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from kb.content_files import CONTENT, ContentError, read_mapping, shown
from kb.danger_examples import NONE, Lesson
from kb.examples import read_examples
from kb.feelings.distress import Feelings, Kind
from kb.referrals import Duty
from kb.taxonomy import Taxonomy
from kb.text import folded

FILE = CONTENT / "feelings" / "examples.yml"
LONGEST = 200
# One in so many of these examples is enough to know what complaints and requests sound like.
EVERY = 3
EVERY_SAID = 8
# What is said to the assistant, by intent; only a city's own installation may be without it.
TALK = Path(__file__).parents[2] / "data" / "nlu"
_SAID = re.compile(r"^ {4,}- (.+?)\s*$", re.MULTILINE)
# To these people turn in distress, so that their examples are neither one nor the other.
IN_DISTRESS = frozenset(
    {"police", "fire_rescue", "ambulance", "marine_rescue", "mental_help", "youth", "women", "civil_affairs", "health"}
)


def rows(path: Path = FILE) -> Iterator[tuple[str, str]]:
    """(text, kind or NONE) of the whole file. Raises ContentError naming file, key and text."""
    raw = read_mapping(path)
    at = f"{shown(path)}:{raw.line}"
    if set(raw) != {*Kind, NONE}:
        wrong = sorted(set(raw) ^ {*Kind, NONE})[0]
        raise ContentError(f"{at}: {wrong}: expected exactly {', '.join((*Kind, NONE))}")
    seen: set[str] = set()
    for kind, texts in raw.items():
        if not isinstance(texts, list) or not texts:
            raise ContentError(f"{at}: {kind}: expected a list of sentences, found {texts!r}"[:200])
        for text in texts:
            if not isinstance(text, str) or not 2 <= len(text) <= LONGEST:
                raise ContentError(f"{at}: {kind}: expected a sentence of 2 to {LONGEST} characters, found {text!r}")
            if folded(text) in seen:
                raise ContentError(f"{at}: {kind}: {text!r} stands in this file twice")
            seen.add(folded(text))
            yield text, kind


def talk(folder: Path = TALK) -> list[str]:
    """The sentences of Rasa's training files, without entities; none where there are no such files."""
    texts = [one for path in sorted(folder.glob("*.yml")) for one in _SAID.findall(path.read_text(encoding="utf-8"))]
    return [text for text in texts if 2 <= len(text) <= LONGEST and "[" not in text and "{" not in text]


def lessons(taxonomy: Taxonomy, duties: Mapping[str, Duty], rules: Feelings, path: Path = FILE) -> list[Lesson]:
    """Everything the model learns from, no text twice. What the rules find in another example is left out."""
    found = {folded(text): Lesson(text, kind, own=True) for text, kind in rows(path)}
    ordinary = [text for text, _ in read_examples(taxonomy)]
    ordinary += [text for duty in duties.values() if duty.key not in IN_DISTRESS for text in duty.examples]
    for text in (*ordinary[::EVERY], *talk()[::EVERY_SAID]):
        if folded(text) not in found and rules.find(text) is None:
            found[folded(text)] = Lesson(text, NONE, own=False)
    return list(found.values())
