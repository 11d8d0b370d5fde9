"""The assistant's own sentences, from its content: which of them a message is, in whatever way it is said."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache

import yaml

from kb import words
from kb.content_files import CONTENT

# What is asked for, and the sentences that ask for it.
QUESTIONS: dict[str, tuple[str, ...]] = {
    "description": (
        *("report.ask_description", "repair.again_report_description", "report.angry"),
        *("feelings.upset", "feelings.abuse", "feelings.abuse_short"),
    ),
    "detail": ("report.ask_detail", "repair.again_report_detail"),
    "category": (
        *("report.ask_category", "report.ask_category_unsure", "report.ask_category_again"),
        "repair.again_report_category",
    ),
    "place": (
        *("report.ask_place", "report.ask_place_again", "report.ask_place_more", "report.ask_compound"),
        *("report.which_place", "report.place_or_pin", "repair.again_report_place"),
    ),
    "since": ("report.ask_since", "repair.again_report_since"),
    "contact": ("report.ask_contact", "report.change_contact_how", "repair.again_report_contact"),
    # of one kind of problem only, see kb/content/questions
    "more": (),
}
# Not an answer, and as it may be: the machine is busy.
WAIT = ("chat.please_wait", "chat.busy")
# Never to be heard in a conversation that goes as it should.
FAILURES = ("repair.sorry", "chat.gave_up")


@dataclass(frozen=True)
class Sentences:
    """The words files as patterns. `details` are the questions about details."""

    words: words.Words
    details: tuple[str, ...] = ()
    _patterns: dict[str, re.Pattern[str]] = field(default_factory=dict, compare=False)

    def has(self, key: str) -> bool:
        """Whether there is such a sentence."""
        return self.words.has(key)

    def is_said(self, key: str, text: str) -> bool:
        """Whether the text contains that sentence, with anything in its gaps."""
        if key not in self._patterns:
            sayings = self.words.variations.get(key, (self.words.sentences[key],))
            self._patterns[key] = re.compile("|".join(map(_pattern, sayings)), re.DOTALL)
        return self._patterns[key].search(text) is not None

    def any_said(self, keys: tuple[str, ...], text: str) -> bool:
        """Whether it contains one of them."""
        return any(self.is_said(key, text) for key in keys)

    def asked(self, text: str) -> frozenset[str]:
        """What the text asks for: keys of `QUESTIONS`."""
        found = {kind for kind, keys in QUESTIONS.items() if self.any_said(keys, text)}
        detail = (
            any(one in text for one in self.details) and "since" not in found
        )  # since when is asked in the same words
        return frozenset(found | ({"more"} if detail else set()))


def _pattern(sentence: str) -> str:
    """A sentence whose gaps may hold anything. One that is a part of it does not count for the whole."""
    parts = re.split(r"\{\w+\}", sentence.strip())
    return ".{0,200}?".join(re.escape(part) for part in parts)


@lru_cache(maxsize=1)
def shipped() -> Sentences:
    """Of the project's own content."""
    details = []
    for path in sorted((CONTENT / "questions").glob("*.yml")):
        read = yaml.safe_load(path.read_text(encoding="utf-8"))
        details += [one["ask"] for one in read.get("questions", ())]
    return Sentences(words.load(), tuple(details))
