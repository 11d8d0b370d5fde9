"""How near questions are by their words: TF-IDF over jieba's words, single characters and pairs of them.

The characters help where a slip or a dialect's word breaks the words. What many entries say (怎么办, 找谁) counts
little.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np

# The tokenizer that the classifier has of its own: a second dictionary in the process would cost its memory twice.
from kb.classifier import _words
from kb.text import folded
from kb.vectors import Array

MOST_CHARACTERS = 300


def parts(text: str) -> Counter[str]:
    """Words, characters and pairs of characters, each marked by its kind; empty for what says nothing."""
    plain = folded(text[:MOST_CHARACTERS])
    letters = "".join(c for c in plain if c.isalnum())
    found = Counter(word for word in _words(plain) if any(c.isalnum() for c in word))
    found.update(f"1{c}" for c in letters)
    found.update(f"2{letters[i : i + 2]}" for i in range(len(letters) - 1))
    return found


class Wording:
    """Knows texts, and says how near another text is to each. `groups` has for each text whose it is, from 0 up.

    What occurs in few groups counts most.
    """

    def __init__(self, texts: Sequence[str], groups: Sequence[int]) -> None:
        counted = [parts(text) for text in texts]
        having: defaultdict[str, set[int]] = defaultdict(set)
        for group, found in zip(groups, counted, strict=True):
            for part in found:
                having[part].add(group)
        many = len(set(groups)) + 1
        self._rarity = {part: math.log(many / len(owners)) for part, owners in having.items()}
        # Pairs and words that no text has are common in any new sentence.
        self._strange = math.log(many) / 4
        postings: defaultdict[str, tuple[list[int], list[float]]] = defaultdict(lambda: ([], []))
        for number, found in enumerate(counted):
            weights = self._weights(found)
            length = _length(weights)
            for part, weight in weights.items():
                numbers, values = postings[part]
                numbers.append(number)
                values.append(weight / length)
        self._postings = {
            part: (np.array(numbers, dtype=np.int32), np.array(values, dtype=np.float32))
            for part, (numbers, values) in postings.items()
        }
        self._texts = len(texts)

    def nearness(self, text: str) -> Array:
        """The cosine with each known text, 0 to 1, in their order. What no text has still makes the text longer."""
        found = parts(text)
        weights = self._weights(found)
        length = _length(weights | {part: self._strange for part in found if part not in self._rarity})
        near = np.zeros(self._texts, dtype=np.float32)
        for part, weight in weights.items():
            numbers, values = self._postings[part]
            near[numbers] += values * (weight / length)
        return np.clip(near, 0.0, 1.0)

    def _weights(self, found: Counter[str]) -> dict[str, float]:
        rarity = self._rarity
        return {part: (1 + math.log(times)) * rarity[part] for part, times in found.items() if part in rarity}


def _length(weights: dict[str, float]) -> float:
    return math.sqrt(sum(weight * weight for weight in weights.values())) or 1.0
