"""What was heard of blind messages, and the tables that say how well: for `tests/evaluate_intents.py`."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

# What a message amounts to while a question is open. The rest interrupts: `other`.
STANCE = {
    "affirm": "yes",
    "rate_satisfied": "yes",
    "deny": "no",
    "rate_dissatisfied": "no",
    "unsure": "unsure",
    "cancel": "cancel",
    "ask_question": "question",
    "why_asked": "question",
    "correct": "correct",
    "undo": "correct",
    "answer": "answer",
    "inform": "answer",
    "report": "answer",
    "supplement": "answer",
}
# A complaint that is heard as one of these goes on its way; as anything else it would be lost or put off.
TAKEN_IN = {"report", "start_report", "report_again", "inform", "supplement", "ask_question", "urge", "nlu_fallback"}
# Which letters tell a problem or are not content, ask, or give thanks.
ASKS = {"ask_question", "why_asked", "ask_menu", "ask_identity", "check_progress"}
THANKS = {"thanks", "rate_satisfied", "goodbye"}
TELLS = {"report", "start_report", "report_again", "inform", "supplement", "urge", "correct", "rate_dissatisfied"}
TELLS |= {"upset", "misheard", "withdraw"}
BARS = (0.0, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


@dataclass(frozen=True)
class Heard:
    """A blind message and what was heard. `truth` is "answer" where it answers the open question by a fact."""

    truth: str
    asked: str
    intent: str
    confidence: float
    ms: float
    # the likeliest intents besides the fallback, best first
    likely: tuple[str, ...] = ()

    @property
    def right(self) -> bool:
        """A fact that answers may be heard as a fact or as part of the report: the form takes both the same way."""
        return self._is(self.intent)

    def among(self, most: int) -> bool:
        """Whether what was meant is among so many likeliest intents."""
        return any(self._is(intent) for intent in self.likely[:most])

    def _is(self, intent: str) -> bool:
        return intent == self.truth or (self.truth == "answer" and STANCE.get(intent) == "answer")

    @property
    def stance_right(self) -> bool:
        return STANCE.get(self.intent, "other") == STANCE.get(self.truth, "other")


@dataclass(frozen=True)
class Model:
    """What one pipeline heard of the blind messages, and what it cost."""

    name: str
    heard: list[Heard]
    complaints: list[Heard]
    seconds: float
    loaded: dict[str, float]
    asked_for_vectors: float


def _share(yes: Sequence[bool]) -> str:
    return f"{sum(yes) / len(yes):.3f}" if yes else "-"


def _intent(one: Heard) -> str:
    """What was heard, as it counts: a fact that answers is an answer, whatever it was called."""
    return one.truth if one.right else one.intent


def macro_f1(heard: Sequence[Heard]) -> float:
    """The mean over the true intents of their F1."""
    scores = []
    for intent in {one.truth for one in heard}:
        hit = sum(one.truth == _intent(one) == intent for one in heard)
        are, said = sum(one.truth == intent for one in heard), sum(_intent(one) == intent for one in heard)
        scores.append(2 * hit / (are + said) if hit else 0.0)
    return sum(scores) / max(1, len(scores))


def calibration_error(heard: Sequence[Heard]) -> float:
    """Expected calibration error over ten equal steps of the stated confidence."""
    steps: dict[int, list[Heard]] = defaultdict(list)
    for one in heard:
        steps[min(9, int(one.confidence * 10))].append(one)
    return sum(
        abs(sum(one.confidence for one in some) - sum(one.right for one in some)) for some in steps.values()
    ) / max(1, len(heard))


def _unfallen(heard: Sequence[Heard]) -> list[Heard]:
    return [one for one in heard if one.intent != "nlu_fallback"]


def comparison(made: list[Model]) -> Table:
    table = Table(
        *("pipeline", "outside", "macro-F1", "inside", "macro-F1", "stance", "asks back", "lost complaints", "ECE"),
        *("vectors", "ms, p50", "training, CPU", "MB, model / process"),
        title=f"understanding: {len(made[0].heard)} blind messages",
    )
    for one in made:
        outside = [heard for heard in one.heard if not heard.asked]
        inside = [heard for heard in one.heard if heard.asked]
        times = sorted(heard.ms for heard in one.heard)
        table.add_row(
            one.name,
            _share([heard.right for heard in outside]),
            f"{macro_f1(outside):.3f}",
            _share([heard.right for heard in inside]),
            f"{macro_f1(inside):.3f}",
            _share([heard.stance_right for heard in inside]),
            _share([heard.intent == "nlu_fallback" for heard in one.heard]),
            f"{sum(heard.intent not in TAKEN_IN for heard in one.complaints) / len(one.complaints):.2%}",
            f"{calibration_error(_unfallen(one.heard)):.3f}",
            f"{one.asked_for_vectors:.0%}",
            f"{times[len(times) // 2]:.1f}",
            f"{one.seconds:.0f} s" if one.seconds else "kept",
            f"{one.loaded['model_mb']:.1f} / {one.loaded['mb']:.0f}",
        )
    return table


def by_intent(heard: list[Heard]) -> Table:
    table = Table("intent", "n", "recall", "precision", "heard instead, most often", title="by intent")
    for intent in sorted({one.truth for one in heard}):
        mine = [one for one in heard if one.truth == intent]
        said = [one for one in heard if _intent(one) == intent]
        wrong = Counter(one.intent for one in mine if not one.right).most_common(3)
        table.add_row(
            intent,
            str(len(mine)),
            _share([one.right for one in mine]),
            _share([one.right for one in said]),
            ", ".join(f"{name} {count}" for name, count in wrong),
        )
    return table


def by_question(heard: list[Heard]) -> Table:
    table = Table("open question", "n", "intent", "stance", "answers heard as answers", title="inside a form")
    for asked in sorted({one.asked for one in heard if one.asked}):
        mine = [one for one in heard if one.asked == asked]
        answers = [one.right for one in mine if one.truth == "answer"]
        table.add_row(
            asked,
            str(len(mine)),
            _share([one.right for one in mine]),
            _share([one.stance_right for one in mine]),
            _share(answers),
        )
    return table


def confusions(heard: list[Heard]) -> Table:
    table = Table("is", "heard as", "times", title="most frequent confusions")
    for (truth, intent), times in Counter((one.truth, one.intent) for one in heard if not one.right).most_common(15):
        table.add_row(truth, intent, str(times))
    return table


def reliability(heard: list[Heard]) -> Table:
    table = Table("stated", "n", "mean stated", "right", title="is the confidence a probability?")
    sure = _unfallen(heard)
    for tenth in range(10):
        some = [one for one in sure if min(9, int(one.confidence * 10)) == tenth]
        if some:
            stated = sum(one.confidence for one in some) / len(some)
            table.add_row(f"{tenth / 10:.1f}", str(len(some)), f"{stated:.3f}", _share([one.right for one in some]))
    table.caption = f"expected calibration error {calibration_error(sure):.3f}"
    return table


def curve(heard: list[Heard]) -> Table:
    table = Table("confidence from", "share", "right, of those", title="coverage, accuracy")
    for bar in BARS:
        some = [one for one in _unfallen(heard) if one.confidence >= bar]
        table.add_row(f"{bar:.1f}", f"{len(some) / len(heard):.3f}", _share([one.right for one in some]))
    return table


def asking_back(heard: list[Heard]) -> Table:
    """How often it is asked back, whether that was right (the likeliest was wrong), and what was offered then.

    Outside a form the two likeliest meanings are offered; in a form the message is left to the open question.
    """
    table = Table(
        *("", "n", "asks back", "rightly", "the likeliest was right", "among the first two"),
        *("wrong and not asked back", "twice in a row"),
        title="low confidence",
    )
    groups = {"outside": [one for one in heard if not one.asked], "in a form": [one for one in heard if one.asked]}
    for name, some in groups.items():
        low = [one for one in some if one.intent == "nlu_fallback"]
        wrong = [not one.right for one in _unfallen(some)]
        table.add_row(
            *(name, str(len(some)), f"{len(low)} ({len(low) / len(some):.1%})"),
            *(_share([not one.among(1) for one in low]), _share([one.among(1) for one in low])),
            *(_share([one.among(2) for one in low]), f"{sum(wrong)} ({sum(wrong) / len(some):.1%})"),
            f"{twice(some):.2%}",
        )
    table.caption = "twice in a row: two messages that mean the same, drawn from different people"
    return table


def twice(heard: Sequence[Heard]) -> float:
    """How likely it is that somebody who means one thing says it twice in ways that are not understood."""
    pairs = low = 0
    for intent in {one.truth for one in heard}:
        mine = [one.intent == "nlu_fallback" for one in heard if one.truth == intent]
        pairs += len(mine) * (len(mine) - 1)
        low += sum(mine) * (sum(mine) - 1)
    return low / max(1, pairs)


def lost(complaints: list[Heard]) -> Table:
    table = Table("heard as", "times", title=f"{len(complaints)} blind complaints, as the first message")
    for intent, times in Counter(one.intent for one in complaints).most_common():
        table.add_row(intent if intent in TAKEN_IN else f"{intent} (lost)", str(times))
    return table


# -- real text -----------------------------------------------------------------------------------------------


def kind_of(intent: str) -> str:
    """What a letter of this intent is, as a request's type."""
    if intent in TELLS:
        return "投诉"
    return "咨询" if intent in ASKS else "表扬" if intent in THANKS else "求助"


def written(path: Path, ids: Sequence[str], intents: Iterable[str]) -> None:
    """A file with the type of each letter, by its intent."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = (
        json.dumps({"id": one, "request_type": kind_of(intent)}, ensure_ascii=False)
        for one, intent in zip(ids, intents, strict=True)
    )
    path.write_text("\n".join(lines) + "\n", "utf-8")
