"""Citizens: they report, press, add, withdraw, and say what they think of how it ended. Or they say nothing."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pytest

from integrations.bootstrap import Services
from integrations.services.rating import NothingToRate, Question
from integrations.services.records import Complaint
from integrations.services.satisfaction_records import Feedback
from integrations.services.withdrawing import TakenBack
from kb.lifecycle import OPEN
from kb.places import Place
from kb.report import Contact, Draft
from kb.satisfaction.levels import Level
from tests.builders import conversation, read

# Code of the category and what is said; from danger to what has time, a few with helping units.
PROBLEMS = (
    ("410102", "整条路的路灯都不亮"),
    ("110101", "家里闻到燃气味"),
    ("120103", "灶上的火苗很小"),
    ("130101", "燃气表不走字"),
    ("210202", "只有一个房间不热"),
    ("210203", "暖气回水是凉的"),
    ("230201", "暖气片阀门拧不动"),
    ("730101", "窗口的人态度很差"),
)
SPOTS = (("市北区", "翠湖小区", 36.1062, 120.3826), ("李沧区", "书院路", 36.1467, 120.4310), ("市南区", "", 0.0, 0.0))
SATISFIED, UNSATISFIED, SILENT, LATE, HALF, LEVEL_ONLY = "satisfied", "unsatisfied", "silent", "late", "half", "level"
# Who is how likely to answer so: after the first closure, and after later ones.
MOODS = {SATISFIED: 46, UNSATISFIED: 18, SILENT: 20, LATE: 3, HALF: 5, LEVEL_ONLY: 8}
LATER_MOODS = {**MOODS, SATISFIED: 50, UNSATISFIED: 24}


@dataclass
class Report:
    """A complaint and whose it is. `secret` is a number that the citizen wrote down although nobody may pass it on."""

    nth: int
    complaint: Complaint
    address: str
    phone: str | None
    secret: str | None


@dataclass
class Citizens:
    """All of them; `seed` decides who they are."""

    services: Services
    seed: int
    reports: list[Report] = field(default_factory=list)
    moods: dict[tuple[str, int], str] = field(default_factory=dict)
    said: Counter[str] = field(default_factory=Counter)

    def dice(self, *what: object) -> random.Random:
        """What chance says about something; the same for one seed, whatever else has happened."""
        return random.Random("/".join(map(str, (self.seed, *what))))

    # -- reporting ---------------------------------------------------------------------------------------------------

    def report(self) -> Report:
        """One more complaint: by a new citizen or a known one, of a new problem or one that others have reported."""
        nth = len(self.reports)
        dice = self.dice("report", nth)
        before = dice.choice(self.reports) if self.reports else None
        joins, known = dice.random() < 0.15, dice.random() < 0.1
        code, words = dice.choice(PROBLEMS)
        if joins and before:
            code, words = before.complaint.category, "我们这里也一样"
        district, spot, lat, lon = dice.choice(SPOTS)
        point: dict[str, Any] = {"lat": lat, "lon": lon, "crs": "WGS-84"} if lat else {}
        number = f"139{nth:04}5678"[:11]
        consents, writes = dice.random() < 0.5, dice.random() < 0.3
        text = (
            f"{words}，{spot or district}{nth}号，我电话{number}" if writes else f"{words}，{spot or district}{nth}号"
        )
        draft = Draft(
            f"draft-{nth}",
            description=text,
            category=code,
            category_confidence=0.9,
            place=Place(f"{spot}{nth}号", district=district, spot=spot or None, confidence=0.8, **point),
            contact=Contact.PHONE if consents else Contact.ANONYMOUS,
            phone=number if consents else None,
            join=before.complaint.incident_id if joins and before else None,
        )
        address = before.address if known and before and not joins else f"citizen-{nth}"
        complaint = self._submit(draft, address, twice=dice.random() < 0.1)
        made = Report(nth, complaint, address, number if consents else None, None if consents else number)
        self.reports.append(made)
        self.said["joined"] += complaint.joined
        return made

    def _submit(self, draft: Draft, address: str, *, twice: bool) -> Complaint:
        at = conversation(self.services, address).id
        complaint = self.services.filing.submit(draft, at)
        if twice:
            assert self.services.filing.submit(draft, at).number == complaint.number
            self.said["tapped twice"] += 1
        return complaint

    # -- meanwhile ---------------------------------------------------------------------------------------------------

    def meddle(self, report: Report, what: str) -> None:
        """Press, add something, or take it back; what comes too late must change nothing."""
        at, number = conversation(self.services, report.address).id, report.complaint.number
        words, key = f"快点，我电话{report.secret or report.phone}", f"m-{number}"
        self.said[what] += 1
        match what:
            case "urge":
                self.services.urging.urge(at, number, key=key, text=words)
            case "supplement":
                self.services.supplementing.add(at, number, key=key, text=words)
            case "withdraw":
                was = read(self.services, report.complaint).status
                found = self.services.withdrawing.withdraw(at, number, key=key, why=words)
                assert (found.taken is TakenBack.DONE) <= (was in OPEN)
            case "report again":
                draft = Draft(
                    f"again-{number}",
                    description="还是老样子",
                    category=report.complaint.category,
                    category_confidence=0.9,
                    contact=Contact.ANONYMOUS,
                    join=report.complaint.incident_id,
                )
                if read(self.services, report.complaint).status in OPEN:
                    assert self.services.filing.submit(draft, at).number == number

    # -- in the end --------------------------------------------------------------------------------------------------

    def mood(self, report: Report, feedback: Feedback) -> str:
        """How this citizen will answer that round."""
        moods = MOODS if feedback.round == 1 else LATER_MOODS
        dice = self.dice("mood", report.nth, feedback.round)
        mood = dice.choices(list(moods), list(moods.values()))[0]
        self.moods[feedback.complaint_id, feedback.round] = mood
        self.said[mood] += 1
        return mood

    def answer(self, report: Report, mood: str) -> None:
        """Answer the questions that are asked now, as far as the mood goes."""
        at, number = conversation(self.services, report.address).id, report.complaint.number
        if mood == LATE:
            with pytest.raises(NothingToRate):
                self.services.rating.current(at, number)
            return
        try:
            rating = self.services.rating.current(at, number)
        except NothingToRate:  # the ticket has gone on meanwhile
            self.said["overtaken"] += 1
            return
        values: dict[Question, Any] = {
            Question.SOLVED: mood in (SATISFIED, LEVEL_ONLY),
            Question.SATISFIED: Level.SATISFIED if mood in (SATISFIED, LEVEL_ONLY) else Level.DISSATISFIED,
            Question.CONTACTED: True,
            Question.REASON: rating.reasons[0].id if rating.reasons else None,
            Question.WORDS: f"根本没修，打我电话{report.secret or report.phone}",
            Question.MEDIA: True,
        }
        most = {HALF: 1, LEVEL_ONLY: 2}.get(mood, 99)
        while rating.question and most:
            rating = self.services.rating.answer(at, number, rating.question, values[rating.question])
            most -= 1
