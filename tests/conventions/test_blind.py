"""What is kept to measure by is never learned from."""

import csv
import math
from collections import Counter, defaultdict
from collections.abc import Iterator

from kb import danger_examples, taxonomy, urgency
from kb.examples import read_examples
from kb.feelings import examples as feelings
from kb.text import bigrams, folded
from tests.conventions.repository import ROOT, spoken

LIKE = 0.8
SHORTEST = 6


def _learned() -> Iterator[str]:
    yield from (text for text, _ in read_examples(taxonomy.load()))
    yield from (text for texts in spoken().values() for text in texts)
    yield from (text for text, _ in danger_examples.rows(urgency.load()))
    yield from (text for text, _ in feelings.rows())


def _blind() -> Iterator[tuple[str, str]]:
    for path in sorted((ROOT / "tests/blind").glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as stream:
            yield from ((path.name, row["text"]) for row in csv.DictReader(stream))


def test_no_blind_text_is_nearly_a_training_example() -> None:
    learned = [(text, bigrams(text)) for text in _learned() if len(folded(text)) >= SHORTEST]
    frequent = Counter(pair for _, pairs in learned for pair in pairs)
    having: defaultdict[str, list[int]] = defaultdict(list)
    for n, (_, pairs) in enumerate(learned):
        for pair in pairs:
            having[pair].append(n)
    near = []
    for file, text in _blind():
        mine = bigrams(text)
        if len(folded(text)) < SHORTEST:
            continue
        # whoever shares four fifths of the pairs shares at least one of these, the rarest
        rarest = sorted(mine, key=lambda pair: frequent[pair])[: len(mine) - math.ceil(LIKE * len(mine)) + 1]
        for other, theirs in (learned[n] for n in {n for pair in rarest for n in having[pair]}):
            if len(mine & theirs) >= LIKE * len(mine | theirs):
                near.append((file, text, other))
    assert near == [], "\n".join(map(str, near))
