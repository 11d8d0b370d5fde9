"""What the citizens' page says around the conversation: `content/page/<language>/<topic>.yml`, with named gaps.

The folder's name is the language's BCP 47 tag. `elder.yml` holds plainer words for 长辈模式 under whole keys
('topic.key'). Where a language lacks a sentence, the first language's stands in for it.
"""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kb.content_files import CONTENT, ContentError, read_mapping, shown

FOLDER = CONTENT / "page"
FIRST = "zh-Hans"
ELDER = "elder"


@dataclass(frozen=True)
class Frame:
    """One language's sentences by 'topic.key', `elder` those that 长辈模式 puts in their place."""

    language: str
    sentences: Mapping[str, str]
    elder: Mapping[str, str]

    def of(self, topics: Sequence[str]) -> tuple[dict[str, str], dict[str, str]]:
        """The sentences of these topics, and the plainer ones for them."""
        chosen = tuple(f"{topic}." for topic in topics)
        return (
            {key: text for key, text in self.sentences.items() if key.startswith(chosen)},
            {key: text for key, text in self.elder.items() if key.startswith(chosen)},
        )

    def say(self, key: str, **gaps: object) -> str:
        """One sentence with its gaps filled. Raises KeyError for an unknown one: a fault of the program."""
        return self.sentences[key].format(**gaps)


@dataclass(frozen=True)
class PageWords:
    """The frames by language, the first language first."""

    frames: Mapping[str, Frame]

    @property
    def languages(self) -> tuple[str, ...]:
        return tuple(self.frames)

    @property
    def topics(self) -> tuple[str, ...]:
        """All topics, in the order of their names."""
        return tuple(sorted({key.partition(".")[0] for key in self.frames[FIRST].sentences}))

    def frame(self, language: str | None) -> Frame:
        """The frame of that language, of the first where there is none."""
        return self.frames.get(language or FIRST, self.frames[FIRST])

    def best(self, accepted: str) -> str:
        """The language for an Accept-Language header: the first wish that we have, else the first language."""
        for wish in _wishes(accepted):
            if found := _match(wish, self.languages):
                return found
        return FIRST


def load(folder: Path = FOLDER) -> PageWords:
    """Read every language. Raises ContentError naming file, line and key."""
    first = _read(folder / FIRST, FIRST, None)
    frames = {FIRST: first}
    for path in sorted(one for one in folder.iterdir() if one.is_dir() and one.name != FIRST):
        frames[path.name] = _read(path, path.name, first)
    return PageWords(frames)


def _read(folder: Path, language: str, first: Frame | None) -> Frame:
    sentences, elder = dict[str, str](), dict[str, str]()
    for path in sorted(folder.glob("*.yml")):
        raw = read_mapping(path)
        for key, value in raw.items():
            at = f"{shown(path)}:{raw.line}: {key}"
            if not isinstance(value, str) or not value.strip():
                raise ContentError(f"{at}: expected a sentence, found {value!r}")
            whole = key if path.stem == ELDER else f"{path.stem}.{key}"
            (elder if path.stem == ELDER else sentences)[whole] = value.strip()
            gaps(value, at)
            if first and path.stem != ELDER and (whole not in first.sentences):
                raise ContentError(f"{at}: {FIRST} has no such sentence")
    for whole, text in elder.items():
        if whole not in sentences:
            raise ContentError(f"{shown(folder / 'elder.yml')}:1: {whole}: there is no such sentence to put it for")
        if not gaps(text) <= gaps(sentences[whole]):
            raise ContentError(f"{shown(folder / 'elder.yml')}:1: {whole}: it has gaps that {sentences[whole]!r} lacks")
    for whole, text in sentences.items():
        if first and gaps(text) != gaps(first.sentences[whole]):
            raise ContentError(f"{shown(folder)}:1: {whole}: other gaps than {first.sentences[whole]!r}")
    return Frame(language, {**(first.sentences if first else {}), **sentences}, elder)


def gaps(sentence: str, at: str = "") -> set[str]:
    """The names of its gaps. Raises ContentError, said to stand `at`, where they cannot be read."""
    try:
        names = {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}
    except ValueError as wrong:
        raise ContentError(f"{at}: {wrong}") from wrong
    if not all(name.isidentifier() for name in names):
        raise ContentError(f"{at}: a gap needs a name, found {sentence!r}")
    return names


def _wishes(accepted: str) -> list[str]:
    """The tags of the header, most wanted first; what cannot be read is left out."""
    found: list[tuple[float, int, str]] = []
    for place, one in enumerate(accepted.split(",")[:20]):
        tag, _, weight = one.strip().partition(";q=")
        try:
            wanted = float(weight) if weight else 1.0
        except ValueError:
            continue
        if tag and wanted > 0:
            found.append((-wanted, place, tag))
    return [tag for _, _, tag in sorted(found)]


# Regions that write Chinese in traditional characters where the tag does not name the script.
_TRADITIONAL = frozenset({"tw", "hk", "mo"})


def _match(tag: str, languages: Sequence[str]) -> str | None:
    parts = tag.lower().split("-")
    if parts[0] == "zh":
        hant = "hant" in parts or ("hans" not in parts and bool(_TRADITIONAL & set(parts)))
        parts = ["zh", "hant" if hant else "hans"]
    by_tag = {one.lower(): one for one in languages}
    for length in range(len(parts), 0, -1):
        if found := by_tag.get("-".join(parts[:length])):
            return found
    return None
