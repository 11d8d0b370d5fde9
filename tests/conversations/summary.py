"""What a run of the conversations comes to: how many end rightly, how soon there is a ticket, and which do not."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tests.conversations.dialog import Played


@dataclass
class Outcomes:
    """Of one run, by the conversation's id: how it went, or in a few words what went wrong."""

    right: dict[str, Played] = field(default_factory=dict)
    wrong: dict[str, str] = field(default_factory=dict)

    def ended(self, conversation: str, outcome: Played | BaseException) -> None:
        """One is over."""
        if isinstance(outcome, Played):
            self.right[conversation] = outcome
        else:
            self.wrong[conversation] = (str(outcome).strip() or type(outcome).__name__).splitlines()[0]

    def __bool__(self) -> bool:
        return bool(self.right or self.wrong)


def told(outcomes: Outcomes) -> Sequence[str]:
    """The summary, line by line."""
    right, wrong = outcomes.right, outcomes.wrong
    every = len(right) + len(wrong)
    rows = [f"{len(right)} of {every} conversations end rightly ({100 * len(right) / every:.1f} %)"] if every else []
    turns = [one.turns_to_ticket for one in right.values() if one.turns_to_ticket is not None]
    if turns:
        rows.append(
            f"turns of the citizen to the first ticket: median {statistics.median(turns):g}, "
            f"90th percentile {sorted(turns)[int(0.9 * (len(turns) - 1))]}, most {max(turns)}, "
            f"in {len(turns)} conversations ({_histogram(turns)})"
        )
        details = sum(one.details for one in right.values())
        rows.append(f"details that were asked beside what the citizen meant to tell: {details}")
    rows += [f"  {folder}: {done} of {all_}" for folder, (done, all_) in _by_folder(right, wrong).items()]
    rows += [f"wrong: {one}: {why}" for one, why in sorted(wrong.items())]
    return rows


def _histogram(turns: Sequence[int]) -> str:
    return ", ".join(f"{count} in {many}" for many, count in sorted(Counter(turns).items()))


def _by_folder(right: Mapping[str, Played], wrong: Mapping[str, str]) -> dict[str, tuple[int, int]]:
    folders = sorted({one.partition("/")[0] for one in (*right, *wrong)})
    return {
        folder: (
            sum(one.startswith(f"{folder}/") for one in right),
            sum(one.startswith(f"{folder}/") for one in (*right, *wrong)),
        )
        for folder in folders
    }
