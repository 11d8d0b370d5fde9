"""Anger in a citizen's words: met with action, and with half a sentence at most where a complaint stands inside."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kb.feelings import words
from kb.feelings.words import AngerWords

LONGEST = 4000


@dataclass(frozen=True)
class Anger:
    """The rules. All words stand in `content/feelings/words.yml`."""

    words: AngerWords

    def angry(self, text: str) -> bool:
        """Whether the words are said in anger."""
        return bool(self.words.angry.search(text[:LONGEST]))

    def of_a_ticket(self, text: str) -> bool:
        """Whether they are about something that was filed before."""
        return bool(self.words.ticket.search(text[:LONGEST]))


def load(path: Path = words.FILE) -> Anger:
    """Read the rules. Raises ContentError naming file, line, key and value."""
    return Anger(words.load(path)[1])
