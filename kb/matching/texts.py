"""How alike two texts are by their characters, the rare ones counting most.

What is rare is told by the examples of the categories: pairs of characters that many complaints share (没人, 路灯) say
little, pairs that none has, mostly of names, say most.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import marisa_trie

from kb.content_files import CONTENT, read_yaml
from kb.matching.numerals import with_digits
from kb.text import folded

EXAMPLES = CONTENT / "examples"
MOST_CHARACTERS = 600
# Runs of so many characters that no example has are taken for names.
_NAME = 3
# What every complaint may say and the examples do not: district and city, openings, words for asking.
_NO_NAMES = re.compile(
    r"青岛市?|市[南北]区?|李沧区?|崂山区?|黄岛区?|城阳区?|即墨[区市]?|胶州市?|平度市?|莱西市?|西海岸(?:新区)?|"
    r"您好|你好|领导|反映|投诉|举报|谢谢|请问|请尽快|尽快处理|尽快解决|有关部门|相关部门|希望|麻烦|已经|一直"
)


@dataclass(frozen=True, slots=True)
class Letters:
    """A text as it is compared.

    `weight` is the length of the vector of its pairs; `rare` are its runs of three characters that no example has.
    """

    plain: str
    pairs: frozenset[str]
    weight: float
    rare: frozenset[str]


@lru_cache(maxsize=4_096)
def letters(text: str) -> Letters:
    """The text prepared for comparing; a text without letters has no pairs."""
    plain = plainly(text)[:MOST_CHARACTERS]
    pairs = frozenset(plain[i : i + 2] for i in range(len(plain) - 1)) or frozenset((plain,) if plain else ())
    known = rarities()
    weight = math.sqrt(sum(known.get(pair, 1.0) ** 2 for pair in pairs))
    rare = frozenset(_rare(_NO_NAMES.sub(" ", plain)))
    return Letters(plain, pairs, weight, rare)


def plainly(text: str) -> str:
    """Letters and digits only, folded, numerals as digits: equal for texts that differ in spelling only."""
    return "".join(c for c in with_digits(folded(text)) if c.isalnum())


def overlap(one: Letters, other: Letters) -> float:
    """From 0, no pair in common, to 1, the same pairs: the cosine of their pairs, each weighted by its rarity."""
    if not (one.weight and other.weight):
        return 0.0
    known = rarities()
    both = sum(known.get(pair, 1.0) ** 2 for pair in one.pairs & other.pairs)
    return min(1.0, both / (one.weight * other.weight))


def shared_name(one: Letters, other: Letters) -> str:
    """The longest run of characters that both texts have and no example has; "" for none."""
    both = one.rare & other.rare
    longest = run = ""
    for start in range(len(one.plain) - _NAME + 1) if both else ():
        part = one.plain[start : start + _NAME]
        run = (run + part[-1] if run else part) if part in both else ""
        if len(run) > len(longest):
            longest = run
    return longest


def identical(one: Letters, other: Letters) -> bool:
    """Whether both say the same words; what says nothing is not identical to anything."""
    return len(one.plain) >= 2 and one.plain == other.plain


def _rare(plain: str) -> Iterator[str]:
    known = _runs()
    for start in range(len(plain) - _NAME + 1):
        run = plain[start : start + _NAME]
        if " " not in run and run not in known and not run.isdigit():
            yield run


@cache
def rarities() -> Mapping[str, float]:
    """Of each pair of characters in the examples how rare it is, above 0 and below 1; any other pair's is 1."""
    seen: Counter[str] = Counter()
    count = 0
    for text in _examples():
        count += 1
        seen.update({text[i : i + 2] for i in range(len(text) - 1)})
    most = math.log(count + 2)
    return {pair: math.log((count + 2) / (times + 1)) / most for pair, times in seen.items()}


@cache
def _runs() -> marisa_trie.Trie:
    """Every run of three characters that some example has."""
    return marisa_trie.Trie({text[i : i + _NAME] for text in _examples() for i in range(len(text) - _NAME + 1)})


def _examples() -> tuple[str, ...]:
    return tuple(plainly(text) for path in sorted(EXAMPLES.glob("*.yml")) for text in _strings(read_yaml(path)))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _strings(one)
    elif isinstance(value, list):
        for one in value:
            yield from _strings(one)
