"""What the assistant says: sentences by topic in `content/words/<topic>.yml`, with named gaps."""

from __future__ import annotations

import string
from dataclasses import dataclass
from pathlib import Path

from kb.content_files import CONTENT, ContentError, read_mapping, shown

FOLDER = CONTENT / "words"


class UnknownWords(KeyError):
    """Asked for a sentence or a gap that no file has: a fault of the program, found by the tests."""


@dataclass(frozen=True)
class Words:
    """All sentences by 'topic.key'."""

    sentences: dict[str, str]

    def say(self, key: str, **gaps: object) -> str:
        """The sentence with its gaps filled. Raises UnknownWords when the sentence or a gap's value is missing."""
        try:
            sentence = self.sentences[key]
        except KeyError as missing:
            raise UnknownWords(f"no sentence {key!r} in {shown(FOLDER)}") from missing
        try:
            return sentence.format(**gaps)
        except KeyError as missing:
            raise UnknownWords(f"sentence {key!r} has a gap {missing} that was not filled") from missing

    def has(self, key: str) -> bool:
        """Whether there is such a sentence."""
        return key in self.sentences

    def gaps(self, key: str) -> set[str]:
        """The names of the sentence's gaps."""
        return {name for _, name, _, _ in string.Formatter().parse(self.sentences[key]) if name}


def load(folder: Path = FOLDER) -> Words:
    """Read every file. Raises ContentError naming file, line and key."""
    found: dict[str, str] = {}
    for path in sorted(folder.glob("*.yml")):
        raw = read_mapping(path)
        for key, sentence in raw.items():
            if not isinstance(sentence, str) or not sentence.strip():
                raise ContentError(f"{shown(path)}:{raw.line}: {key}: expected a sentence, found {sentence!r}")
            try:
                gaps = [name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None]
            except ValueError as wrong:
                raise ContentError(f"{shown(path)}:{raw.line}: {key}: {wrong}") from wrong
            if not all(name.isidentifier() for name in gaps):
                raise ContentError(f"{shown(path)}:{raw.line}: {key}: a gap needs a name, found {sentence!r}")
            found[f"{path.stem}.{key}"] = sentence.strip()
    return Words(found)
