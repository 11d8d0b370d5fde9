"""Cutting text into words with the city's names among them.

An own jieba tokenizer: jieba's dictionary and its way of finding the likeliest cut, with the gazetteer's names as
further words. Nothing of jieba's process-wide state is touched, and the words lie in a trie instead of a table of
all their prefixes, which is a tenth of the memory.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from itertools import compress
from typing import Any

import jieba
import marisa_trie
import numpy as np

from kb.places.gazetteer import LONGEST_NAME, Division, Gazetteer

PLACE = "PLACE"
_LONGEST_WORD = 8
# How often a name of the gazetteer counts as seen, by its length: long ones are hardly ever meant otherwise.
_SEEN = {1: 1, 2: 300, 3: 8_000}
_SEEN_LONG = 40_000
# Words of the dictionary that swallow the end of a road's name: 宾川路+灯坏了, 大同街+上.
_SWALLOW = frozenset(
    {"路上", "路边", "路口", "路段", "路面", "路灯", "路旁", "路中", "路东", "路西", "路南", "路北"}
    | {"街上", "街边", "街口", "街头", "街道", "道口"}
)


# jieba's parts of speech of names.
_NAMES = ("ns", "nr", "nz", "nt", "x")


@dataclass(frozen=True, slots=True)
class Token:
    """One word: characters `start` to `end`. `tag` is jieba's part of speech, or PLACE for a name."""

    start: int
    end: int
    text: str
    tag: str


class Words:
    """jieba's dictionary: how often each word was seen, and its part of speech."""

    def __init__(self) -> None:
        with jieba.Tokenizer().get_dict_file() as stream:
            cells = stream.read().decode("utf-8").split()
        # One after the other: word, count, part of speech. Of a word that is there twice the last counts.
        all_words, counts, tags = cells[::3], cells[1::3], cells[2::3]
        short = [len(word) <= _LONGEST_WORD for word in all_words]
        words = list(compress(all_words, short))
        self._trie = marisa_trie.Trie(words)
        keys = np.fromiter(map(self._trie.key_id, words), dtype=np.uint32, count=len(words))
        self._seen = np.zeros(len(self._trie), dtype=np.uint32)
        self._seen[keys] = np.fromiter(map(int, counts), dtype=np.uint32, count=len(counts))[short]
        self.total = int(self._seen.sum(dtype=np.uint64))
        self._tags = tuple(sorted(set(tags)))
        numbers = {tag: number for number, tag in enumerate(self._tags)}
        self._tag = np.zeros(len(self._trie), dtype=np.uint16)
        self._tag[keys] = np.fromiter(map(numbers.__getitem__, tags), dtype=np.uint16, count=len(tags))[short]

    def starting(self, text: str) -> list[str]:
        """Every word of the dictionary with which the text begins."""
        return list(self._trie.prefixes(text))

    def seen(self, word: str) -> int:
        """How often the word was seen; 0 for none of the dictionary."""
        key = self._trie.get(word)
        return 0 if key is None else int(self._seen[key])

    def tag(self, word: str) -> str:
        """Part of speech, `x` for no word of the dictionary."""
        key = self._trie.get(word)
        return "x" if key is None else self._tags[self._tag[key]]


@cache
def words() -> Words:
    """The dictionary, read once in a process."""
    return Words()


class PlaceTokenizer(jieba.Tokenizer):  # type: ignore[misc]
    """jieba with the gazetteer's names as further words."""

    def __init__(self, gazetteer: Gazetteer) -> None:
        super().__init__()
        self._gazetteer, self._words = gazetteer, words()
        self._log_total = math.log(self._words.total)
        self.initialized = True  # the dictionary is read above; jieba's own cache in the common temporary folder is not

    def get_DAG(self, sentence: str) -> dict[int, list[int]]:
        """For each character, where the words end that begin there."""
        graph: dict[int, list[int]] = {}
        for start in range(len(sentence)):
            ends = {start}
            ends.update(start + len(w) - 1 for w in self._words.starting(sentence[start : start + _LONGEST_WORD]))
            ends.update(start + len(n) - 1 for n in self._gazetteer.starting(sentence[start : start + LONGEST_NAME]))
            graph[start] = sorted(ends)
        return graph

    def calc(self, sentence: str, DAG: dict[int, list[int]], route: dict[int, Any]) -> None:
        """The likeliest way from each character to the end."""
        route[len(sentence)] = (0.0, 0)
        for start in range(len(sentence) - 1, -1, -1):
            route[start] = max(
                (self._weight(sentence[start : end + 1]) - self._log_total + route[end + 1][0], end)
                for end in DAG[start]
            )

    def _weight(self, word: str) -> float:
        seen = self._words.seen(word)
        if word in _SWALLOW:
            seen = 1
        if len(word) > 1 and word in self._gazetteer:
            seen = max(seen, _SEEN.get(len(word), _SEEN_LONG))
        return math.log(seen or 1)

    def _is_name(self, word: str, after: str) -> bool:
        """路上 is a village too, but hardly ever the one that is meant."""
        if len(word) < 2 or word not in self._gazetteer:
            return False
        everyday = len(word) == 2 and self._words.seen(word) > 2 and not self._words.tag(word).startswith(_NAMES)
        if not everyday or after in ("村", "社", "街", "镇"):
            return True
        return not all(isinstance(e, Division) and e.level == "community" for e in self._gazetteer.named(word))

    def tokens(self, text: str) -> list[Token]:
        """The words of the text, in order, without gaps."""
        graph = self.get_DAG(text)
        route: dict[int, Any] = {}
        self.calc(text, graph, route)
        found, start = [], 0
        while start < len(text):
            end = route[start][1] + 1
            word = text[start:end]
            tag = PLACE if self._is_name(word, text[end : end + 1]) else self._words.tag(word)
            found.append(Token(start, end, word, tag))
            start = end
        return found
