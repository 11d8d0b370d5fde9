"""The report's bubbles: its questions, the card that shows everything, and the ticket. No rule is decided here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from integrations.services.after_filing import Guarded
from integrations.services.comparing import Offer
from integrations.services.ports import Clock
from integrations.services.records import Bubble, Complaint, Option
from integrations.services.speech import Speech, moment, payload
from integrations.services.supplementing import Added, Kept
from integrations.services.time_speech import TimeSpeech
from kb import ticket_number
from kb.known_issues import KnownIssue
from kb.places.layer_facts import Fact
from kb.questions import Kind, Question
from kb.referrals import Duty
from kb.report import Ask, Contact, Draft
from kb.responsibility import main_unit
from kb.screening import decent
from kb.taxonomy import UNLISTED
from kb.text import hide_personal, mask_numbers, mask_phone, shortened

# What the button for joining says: by whether the citizen has a ticket about it, and whether it is the only one shown.
_SAME = {
    (False, True): "report.same_problem",
    (False, False): "report.same_problem_n",
    (True, True): "report.same_as_mine",
    (True, False): "report.same_as_mine_n",
}
Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class ReportSpeech:
    """Says what the intake found out. `answers` are pairs of label and value for the card."""

    speech: Speech
    clock: Clock

    def question(
        self,
        ask: Ask,
        draft: Draft,
        *,
        duty: Duty | None = None,
        issue: KnownIssue | None = None,
        offers: Sequence[Offer] = (),
        more: Question | None = None,
        answers: Pairs = (),
    ) -> Bubble:
        """The next question of the report."""
        match ask:
            case Ask.REFERRAL if duty:
                return self._referral(duty)
            case Ask.DETAIL:
                return self._say("ask_detail")
            case Ask.CATEGORY:
                return self._choose_category(draft)
            case Ask.PLACE:
                return self._ask_place(draft)
            case Ask.KNOWN_ISSUE if issue:
                return self._known_issue(issue)
            case Ask.SIMILAR:
                return self._similar(offers, draft.similar_shown)
            case Ask.MORE if more:
                return self._more(more)
            case Ask.SINCE:
                return self._say("ask_since", self._option("answer_unknown", "since:unknown"), *self._back(draft))
            case Ask.CONTACT if draft.editing:
                return self._say("change_contact_how", *self._contact_options(), *self._back(draft))
            case Ask.CONTACT:
                return self.card(draft, answers)
            case Ask.CONFIRMATION:
                return self.card(draft, answers)
            case _:
                return self._say("ask_description")

    def since(self, draft: Draft) -> str:
        """Since when, as it is told; "" where nothing was said."""
        return TimeSpeech(self.speech.words).told(draft.since, self.clock()) if draft.since else ""

    # -- questions -------------------------------------------------------------------------------------------

    def _referral(self, duty: Duty) -> Bubble:
        options = (self._option("referral_fine", "refer:enough"), self._option("referral_file", "refer:file"))
        rows = self._rows([("row_phone", duty.phone), ("row_hours", duty.hours)])
        card = {"kind": "referral", "title": duty.name, "rows": rows}
        return Bubble(self._words("referral", say=duty.say), options, card)

    def _choose_category(self, draft: Draft) -> Bubble:
        options = [
            Option(self.speech.taxonomy.leaf(code).entry.plain, payload("choose", f"category:{code}"))
            for code in draft.category_options
        ]
        if draft.editing == Ask.CATEGORY:
            return self._say("ask_category_again", *options, *self._back(draft))
        key = "ask_category" if len(options) == 2 else "ask_category_unsure"
        return self._say(key, *options, self._option("category_none", "category:none"))

    def _ask_place(self, draft: Draft) -> Bubble:
        if draft.elsewhere:
            return self._say(
                "place_elsewhere", self._option("elsewhere_enough", "elsewhere:enough"), city=draft.elsewhere
            )
        if draft.place_options:
            return self._which_place(draft)
        if draft.place_hint:
            return self._say("ask_compound", self._no_place(), hint=draft.place_hint)
        if draft.place and draft.place.full:
            return self._say("ask_place_more", self._no_place(), place=draft.place.full)
        return self._say("ask_place_again" if draft.asked.get(Ask.PLACE) else "ask_place", self._no_place())

    def _which_place(self, draft: Draft) -> Bubble:
        neither = self._option("place_neither", "at:none")
        said, *others = draft.place_options
        options: tuple[Option, ...]
        if draft.pinned and others:
            options = (
                self._option("by_words", "at:0", place=shortened(said.text or said.full, 20)),
                self._option("by_pin", "at:1", place=shortened(others[0].text or others[0].full, 20)),
            )
            return self._say("place_or_pin", *options, neither)
        options = tuple(
            Option(shortened(place.full, 24), payload("choose", f"at:{number}"))
            for number, place in enumerate(draft.place_options)
        )
        return self._say("which_place", *options, neither)

    def _no_place(self) -> Option:
        return self._option("place_unknown", "place:unknown")

    def _known_issue(self, issue: KnownIssue) -> Bubble:
        options = [self._option("known_issue_fine", "known:enough")]
        if issue.still_file:
            options.append(self._option("known_issue_file", "known:file"))
        rows = [
            ("row_lead", issue.lead_unit),
            ("row_hours", self._words("from_to", from_day=self._day(issue.starts), to_day=self._day(issue.ends))),
            ("row_source", issue.source),
        ]
        if issue.advice:
            rows.insert(0, ("row_advice", issue.advice))
        card = {"kind": "known_issue", "title": issue.title, "rows": self._rows(rows)}
        return Bubble(self._words("known_issue", say=issue.say), tuple(options), card)

    def _similar(self, offers: Sequence[Offer], shown: int) -> Bubble:
        """The likeliest incidents as cards; nothing on them tells who reported."""
        items, options = [], []
        for number, one in enumerate(offers[:shown], 1):
            incident = one.match.incident
            rows = [("row_place", incident.place.full or self._words("place_of_incident_not_said"))]
            rows.append(("row_reasons", "，".join(one.match.reasons)))
            if one.status:
                rows.append(("row_status", self.speech.words.say(f"status.{one.status}")))
            if one.own:
                rows.append(("row_mine", ticket_number.display(one.own)))
            items.append({"title": shortened(incident.summary, 40), "rows": self._rows(rows)})
            title = _SAME[bool(one.own), shown == 1]
            options.append(self.speech.option(title, f"similar:{incident.id}", number=number))
        options.append(self._option("not_same", "similar:none"))
        if len(offers) > shown:
            options.append(self._option("more_similar", "similar:more"))
        said = self._words("similar_found") if shown == 1 else self._words("similar_several", count=shown)
        return Bubble(said, tuple(options), {"kind": "incidents", "items": items})

    def _more(self, question: Question) -> Bubble:
        """A question of this kind of problem, with buttons where they help."""
        choice = f"more:{question.id}"
        options = [
            Option(one.say, payload("choose", f"{choice}:{number}")) for number, one in enumerate(question.options)
        ]
        if question.kind is Kind.YES_NO:
            options = [self._option("answer_yes", f"{choice}:yes"), self._option("answer_no", f"{choice}:no")]
        return Bubble(question.ask, (*options, self._option("answer_unknown", f"{choice}:unknown")))

    def _contact_options(self) -> tuple[Option, ...]:
        return (
            self._option("stay_anonymous", "contact:anonymous"),
            self._option("keep_secret", "contact:secret"),
        )

    def _back(self, draft: Draft) -> tuple[Option, ...]:
        return (self._option("change_back", "edit:back"),) if draft.editing else ()

    # -- the card --------------------------------------------------------------------------------------------

    def card(self, draft: Draft, answers: Pairs = ()) -> Bubble:
        """Everything on one card, with a button for filing and one for each line that can be changed.

        While no contact is known the card asks for it: whoever leaves none files with one tap.
        """
        leaf = self.speech.taxonomy.leaf(draft.category or UNLISTED)
        place = draft.place.full if draft.place else ""
        lines: list[tuple[str, str, Ask | None]] = [
            ("row_problem", shortened(mask_numbers(decent(draft.description)), 120), Ask.DESCRIPTION),
            ("row_category", leaf.entry.plain, Ask.CATEGORY),
            ("row_place", place or self._words("place_not_said"), Ask.PLACE),
            ("row_since", self.since(draft) or self._words("since_not_said"), Ask.SINCE),
            ("row_contact", self._contact(draft), Ask.CONTACT),
        ]
        if draft.question:
            lines = [line for line in lines if line[2] in (Ask.DESCRIPTION, Ask.CONTACT)]
        told = [(self._words(key), value) for key, value, _ in lines[:-1]]
        if draft.later:
            next_one = shortened(hide_personal(draft.later[0]), 60)
            told.insert(1, (self._words("row_other"), self._words("told_next", problem=next_one)))
        told += [] if draft.question else [(label, shortened(value, 40)) for label, value in answers if label]
        if draft.photos:
            told.append((self._words("row_photos"), self._words("photos_count", count=len(draft.photos))))
        told.append((self._words("row_contact"), lines[-1][1]))
        asking = draft.contact is None
        changed = [what for *_, what in lines if what and not (asking and what is Ask.CONTACT)]
        options = [
            self._option("submit_without" if asking else "submit", f"confirm:{draft.id}"),
            *([self._option("keep_secret", "contact:secret")] if asking else []),
            *(Option(self._words(f"change_{what.removeprefix('report_')}"), self._edits(what)) for what in changed),
            *([self._option("one_problem", "problems:one")] if draft.later else []),
            self.speech.option("report.drop", intent="cancel"),
        ]
        numbers = {one.payload: number for number, one in enumerate(options, 1)}
        edits = {self._words(key): numbers.get(self._edits(what)) for key, _, what in lines if what}
        begins = {self._words("row_problem"): mask_numbers(draft.description), self._words("row_place"): place}
        # `edit`: the number of the button that asks for that line anew; `begin`: what was said, to go on from
        rows = [dict[str, Any](row) for row in _rows(told)]
        for row in rows:
            if number := edits.get(row["label"]):
                row |= {"edit": number, "begin": begins.get(row["label"], "")}
        card = {"kind": "confirm", "title": self._words("card_title"), "rows": rows}
        key = "ask_contact" if asking else "confirm_phone" if draft.contact is Contact.PHONE else "confirm"
        return replace(self._say(key, *options), card=card)

    @staticmethod
    def _edits(what: Ask) -> str:
        return payload("choose", f"edit:{what}")

    def _contact(self, draft: Draft) -> str:
        secret = self._words("confidential") if draft.confidential else ""
        if draft.contact is Contact.PHONE and draft.phone:
            other = self._words("second_phone") if draft.other_phone else ""
            return mask_phone(draft.phone) + other + secret
        if draft.contact is Contact.HERE:
            return self._words("here") + secret
        return self._words("anonymous" if draft.contact else "contact_open")

    # -- the ticket ------------------------------------------------------------------------------------------

    def ticket(
        self, complaint: Complaint, facts: Sequence[Fact] = (), *, done: KnownIssue | None = None, added: bool = False
    ) -> Bubble:
        """The ticket after filing; `facts` are what the city's own layers say of the place, `done` what it does there.

        `added`: it is one that the citizen had before, to which the words were added.
        """
        leaf = self.speech.taxonomy.leaf(complaint.category)
        place = (complaint.place and complaint.place.text) or self._words("place_not_said")
        rows = [
            *self._pairs([("row_category", leaf.name), ("row_place", place), ("row_area", self._area(complaint))]),
            *self._told(facts),
            *self._pairs([("row_unit", main_unit(leaf, complaint.place)), ("row_due", moment(complaint.due_at))]),
        ]
        if done:
            doing = self._words("doing", say=done.say, source=done.source, day=self._day(done.starts))
            rows.append((self._words("row_doing"), doing))
        key = "report.added" if added else "report.joined" if complaint.joined else "report.filed"
        gaps = {"number": ticket_number.display(complaint.number), "notice": leaf.entry.notice}
        said = self.speech.say(key, **{gap: gaps[gap] for gap in self.speech.words.gaps(key)})
        return Bubble(
            said.text,
            (self.speech.option("followup.see_progress", complaint.number, intent="check_progress"),),
            {"kind": "ticket", "number": ticket_number.display(complaint.number), "rows": _rows(rows)},
            said.ways,
        )

    # -- after filing ----------------------------------------------------------------------------------------

    def corrected(self, added: Added) -> Bubble:
        """What became of a correction of a ticket."""
        key = {
            Kept.SENT: "added_correction",
            Kept.ONLY_HERE: "added_correction_closed",
            Kept.WITHDRAWN: "correction_withdrawn",
        }.get(added.kept)
        if key is None:
            person = self.speech.option("repair.ask_person", intent="ask_person")
            return self._say("correction_too_many", person)
        return self._say(key, number=ticket_number.display(added.complaint.number))

    def correct_how(self, complaint: Complaint) -> Bubble:
        """Something is wrong with a ticket, and it was not said what is right."""
        return self._say("correct_how", number=ticket_number.display(complaint.number))

    def guarded(self, guarded: Guarded | None) -> Bubble:
        """What became of a wish to stay unknown; without a ticket, how it is done."""
        if guarded is None:
            return self._say("secret_how", self.speech.option("chat.menu_report", intent="start_report"))
        key = "unknown_added" if guarded.deleted else "secret_added"
        return self._say(key, number=ticket_number.display(guarded.complaint.number))

    def _area(self, complaint: Complaint) -> str:
        place = complaint.place
        parts = [part for part in (place.district, place.street) if part] if place else []
        return " · ".join(parts) or self._words("area_unknown")

    def _told(self, facts: Sequence[Fact]) -> list[tuple[str, str]]:
        """What may be told of the place: 供热单位 某某热力（市供热名录，2026-11-01）."""
        rows = []
        for fact in facts:
            if fact.tell:
                source = "，".join(filter(None, (fact.source, fact.date.isoformat() if fact.date else "")))
                value = self._words("fact_with_source", value=fact.value, source=source) if source else fact.value
                rows.append((fact.title, value))
        return rows

    # -- parts -----------------------------------------------------------------------------------------------

    def _words(self, key: str, **gaps: object) -> str:
        return self.speech.words.say(f"report.{key}", **gaps)

    def _say(self, key: str, *options: Option, **gaps: object) -> Bubble:
        return self.speech.say(f"report.{key}", *options, **gaps)

    def _option(self, key: str, choice: str, **gaps: str) -> Option:
        return Option(self._words(key, **gaps), payload("choose", choice))

    def _pairs(self, rows: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
        return [(self._words(key), value) for key, value in rows]

    def _rows(self, rows: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
        return _rows(self._pairs(rows))

    def _day(self, day: date) -> str:
        return self._words("time_day_of_year", year=day.year, month=day.month, day=day.day)


def _rows(pairs: Pairs) -> list[dict[str, str]]:
    return [{"label": label, "value": value} for label, value in pairs]
