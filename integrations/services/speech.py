"""Turning what a use case found into bubbles: sentences from the words, buttons, cards. No rule is decided here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from integrations.services.answering import Reply
from integrations.services.records import Bubble, Option, Ways
from kb.answers.entries import Answer
from kb.deadlines import CITY_TIME
from kb.report import Draft
from kb.screening import decent
from kb.taxonomy import Category, Taxonomy, Urgency
from kb.text import clean, hide_personal, shortened
from kb.urgency import Danger
from kb.words import Words

# Characters of a pin's name that stand in the talk.
LONGEST_PIN = 60


def payload(intent: str, option: str | None = None) -> str:
    """What a button sends to Rasa: '/choose{"option": "category:110101"}'."""
    return f"/{intent}" + (json.dumps({"option": option}, ensure_ascii=False) if option else "")


def moment(at: datetime) -> str:
    """'11月21日 18:05' in the city's time."""
    here = at.astimezone(CITY_TIME)
    return f"{here.month}月{here.day}日 {here:%H:%M}"


@dataclass(frozen=True)
class Speech:
    """All bubbles that say something the program worked out."""

    words: Words
    taxonomy: Taxonomy

    def say(self, key: str, *options: Option, **gaps: object) -> Bubble:
        """A plain sentence with buttons, in all the ways in which it can be said."""
        ways = self.words.ways(key, **gaps)
        return Bubble(ways[0], options, ways=Ways(key, ways) if len(ways) > 1 else None, key=key)

    def option(self, key: str, choice: str | None = None, *, intent: str = "choose", **gaps: object) -> Option:
        """A button whose title is one of the words."""
        return Option(self.words.say(key, **gaps), payload(intent, choice))

    def remark(self, key: str, draft: Draft, **gaps: object) -> Bubble:
        """A sentence about the draft: gaps beside those given are `problem`, in the citizen's words, and `count`."""
        problem = shortened(hide_personal(decent(draft.description)), 30)
        values = {"problem": problem, "count": 1 + len(draft.later), **gaps}
        return self.say(key, **{gap: values[gap] for gap in self.words.gaps(key)})

    def pin_sent(self, location: Mapping[str, Any]) -> str:
        """What stands in the talk for a place on the map: its name, if it has one."""
        label = shortened(clean(str(location.get("label") or "")), LONGEST_PIN)
        return self.words.say("chat.pin_sent_at", pin=label) if label else self.words.say("chat.pin_sent")

    # -- danger ----------------------------------------------------------------------------------------------

    def danger(self, danger: Danger) -> Bubble:
        """What to do at once, by the words that were found."""
        return Bubble(danger.advice, (), {"kind": "danger", "title": self.words.say("chat.danger_title"), "rows": []})

    def advice(self, leaf: Category, danger: Danger | None = None) -> Bubble | None:
        """What to do at once where life is at risk: by the words, else by the category."""
        if danger:
            return self.danger(danger)
        if leaf.entry.urgency is not Urgency.CRITICAL or not leaf.entry.safety_advice:
            return None
        return Bubble(
            leaf.entry.safety_advice, (), {"kind": "danger", "title": self.words.say("chat.danger_title"), "rows": []}
        )

    # -- answers ---------------------------------------------------------------------------------------------

    def answer(self, answer: Answer, *, alone: bool) -> Bubble:
        """What the city says to a question, with its source and date; `alone`: no report is being told."""
        said = self.words.say("answers.given", answer=answer.answer, source=answer.source, date=_month(answer.date))
        if answer.confirm:
            said += self.words.say("answers.to_confirm", owner=answer.owner)
        if not alone:
            return Bubble(said)
        report = self.option("answers.still_report", "said_before", intent="start_report")
        others = self.option("answers.others", "answer:others", intent="ask_question")
        return Bubble(said, (report, others))

    def near_answers(self, reply: Reply) -> Bubble:
        """Questions to choose from; without one that is near, as `no_answer`."""
        if not reply.near:
            return self.no_answer()
        options = [Option(one.question, payload("ask_question", f"answer:{one.id}")) for one in reply.near]
        return self.say(
            "answers.near", *options, self.option("answers.none_of_these", "answer:-", intent="ask_question")
        )

    def no_answer(self) -> Bubble:
        """Nobody knows: it can be passed on."""
        return self.say(
            "answers.unknown",
            self.option("answers.pass_on", "pass_on", intent="start_report"),
            self.option("repair.ask_person", intent="ask_person"),
            self.option("answers.no_need", "answer:enough", intent="ask_question"),
        )

    # -- after closure ---------------------------------------------------------------------------------------

    def yes_no(self, key: str, choice: str, yes: str, no: str, **gaps: object) -> Bubble:
        """A question of the rating with two buttons."""
        return self.say(
            key,
            self.option(yes, f"{choice}:yes", intent="rate"),
            self.option(no, f"{choice}:no", intent="rate"),
            **gaps,
        )


def _month(month: str) -> str:
    """'2014-09' as 2014年9月."""
    year, _, number = month.partition("-")
    return f"{year}年{int(number)}月"
