"""Turning what a use case found into bubbles: sentences from the words, buttons, cards. No rule is decided here."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from integrations.services.answering import Reply
from integrations.services.comparing import Offer
from integrations.services.records import Bubble, Complaint, Option
from kb import ticket_number
from kb.answers.entries import Answer
from kb.deadlines import CITY_TIME
from kb.known_issues import KnownIssue
from kb.places.layer_facts import Fact
from kb.referrals import Duty
from kb.report import Ask, Contact, Draft
from kb.responsibility import main_unit
from kb.taxonomy import Category, Taxonomy, Urgency
from kb.text import hide_personal, mask_phone, shortened
from kb.urgency import Danger
from kb.words import Words


def payload(intent: str, option: str | None = None) -> str:
    """What a button sends to Rasa: '/choose{"option": "category:110101"}'."""
    return f"/{intent}" + (json.dumps({"option": option}, ensure_ascii=False) if option else "")


def moment(at: datetime) -> str:
    """'11月21日 18:05' in the city's time."""
    here = at.astimezone(CITY_TIME)
    return f"{here.month}月{here.day}日 {here:%H:%M}"


# What the button for joining says: by whether the citizen has a ticket about it, and whether it is the only one shown.
_SAME = {
    (False, True): "report.same_problem",
    (False, False): "report.same_problem_n",
    (True, True): "report.same_as_mine",
    (True, False): "report.same_as_mine_n",
}


@dataclass(frozen=True)
class Speech:
    """All bubbles that say something the program worked out."""

    words: Words
    taxonomy: Taxonomy

    def say(self, key: str, *options: Option, **gaps: object) -> Bubble:
        """A plain sentence with buttons."""
        return Bubble(self.words.say(key, **gaps), options)

    def option(self, key: str, choice: str | None = None, *, intent: str = "choose", **gaps: object) -> Option:
        """A button whose title is one of the words."""
        return Option(self.words.say(key, **gaps), payload(intent, choice))

    def remark(self, key: str, draft: Draft) -> Bubble:
        """A sentence about the draft: its gaps are `problem`, in the citizen's words, and `count` of problems."""
        values = {"problem": shortened(hide_personal(draft.description), 30), "count": 1 + len(draft.later)}
        return self.say(key, **{gap: values[gap] for gap in self.words.gaps(key)})

    # -- reporting -------------------------------------------------------------------------------------------

    def question(
        self,
        ask: Ask,
        draft: Draft,
        *,
        duty: Duty | None = None,
        issue: KnownIssue | None = None,
        offers: Sequence[Offer] = (),
    ) -> Bubble:
        """The next question of the report."""
        match ask:
            case Ask.REFERRAL if duty:
                return self._referral(duty)
            case Ask.DETAIL:
                return self.say("report.ask_detail")
            case Ask.CATEGORY:
                return self._choose_category(draft)
            case Ask.PLACE:
                return self._ask_place(draft)
            case Ask.KNOWN_ISSUE if issue:
                return self._known_issue(issue)
            case Ask.SIMILAR:
                return self._similar(offers, draft.similar_shown)
            case Ask.CONTACT:
                return self.say("report.ask_contact", self.option("report.stay_anonymous", "contact:anonymous"))
            case Ask.CONFIRMATION:
                return self.card(draft)
            case _:
                return self.say("report.ask_description")

    def _referral(self, duty: Duty) -> Bubble:
        options = [
            self.option("report.referral_fine", "refer:enough"),
            self.option("report.referral_file", "refer:file"),
        ]
        rows = _rows([("电话", duty.phone), ("时间", duty.hours)])
        card = {"kind": "referral", "title": duty.name, "rows": rows}
        return Bubble(self.words.say("report.referral", say=duty.say), tuple(options), card)

    def _choose_category(self, draft: Draft) -> Bubble:
        options = [
            Option(self.taxonomy.leaf(code).entry.plain, payload("choose", f"category:{code}"))
            for code in draft.category_options
        ]
        key = "report.ask_category" if len(options) == 2 else "report.ask_category_unsure"
        return self.say(key, *options, self.option("report.category_none", "category:none"))

    def _ask_place(self, draft: Draft) -> Bubble:
        if draft.elsewhere:
            return self.say(
                "report.place_elsewhere",
                self.option("report.elsewhere_enough", "elsewhere:enough"),
                city=draft.elsewhere,
            )
        if draft.place_options:
            return self._which_place(draft)
        if draft.place_hint:
            return self.say("report.ask_compound", self._no_place(), hint=draft.place_hint)
        if draft.place and draft.place.full:
            return self.say("report.ask_place_more", self._no_place(), place=draft.place.full)
        key = "report.ask_place_again" if draft.asked.get(Ask.PLACE) else "report.ask_place"
        return self.say(key, self._no_place())

    def _which_place(self, draft: Draft) -> Bubble:
        neither = self.option("report.place_neither", "at:none")
        said, *others = draft.place_options
        options: tuple[Option, ...]
        if draft.pinned and others:
            options = (
                self.option("report.by_words", "at:0", place=shortened(said.text or said.full, 20)),
                self.option("report.by_pin", "at:1", place=shortened(others[0].text or others[0].full, 20)),
            )
            return self.say("report.place_or_pin", *options, neither)
        options = tuple(
            Option(shortened(place.full, 24), payload("choose", f"at:{number}"))
            for number, place in enumerate(draft.place_options)
        )
        return self.say("report.which_place", *options, neither)

    def _no_place(self) -> Option:
        return self.option("report.place_unknown", "place:unknown")

    def _known_issue(self, issue: KnownIssue) -> Bubble:
        options = [self.option("report.known_issue_fine", "known:enough")]
        if issue.still_file:
            options.append(self.option("report.known_issue_file", "known:file"))
        rows = [
            ("牵头单位", issue.lead_unit),
            ("时间", f"{_day(issue.starts)}到{_day(issue.ends)}"),
            ("来源", issue.source),
        ]
        if issue.advice:
            rows.insert(0, ("您可以", issue.advice))
        card = {"kind": "known_issue", "title": issue.title, "rows": _rows(rows)}
        return Bubble(self.words.say("report.known_issue", say=issue.say), tuple(options), card)

    def _similar(self, offers: Sequence[Offer], shown: int) -> Bubble:
        """The likeliest incidents as cards; nothing on them tells who reported."""
        items, options = [], []
        for number, one in enumerate(offers[:shown], 1):
            incident = one.match.incident
            rows = [("地点", incident.place.full or self.words.say("report.place_of_incident_not_said"))]
            rows.append(("情况", "，".join(one.match.reasons)))
            if one.status:
                rows.append(("目前", self.words.say(f"status.{one.status}")))
            if one.own:
                rows.append(("您报过", ticket_number.display(one.own)))
            items.append({"title": shortened(incident.summary, 40), "rows": _rows(rows)})
            title = _SAME[bool(one.own), shown == 1]
            options.append(self.option(title, f"similar:{incident.id}", number=number))
        options.append(self.option("report.not_same", "similar:none"))
        if len(offers) > shown:
            options.append(self.option("report.more_similar", "similar:more"))
        said = self.words.say("report.similar_found" if shown == 1 else "report.similar_several", count=shown)
        return Bubble(said, tuple(options), {"kind": "incidents", "items": items})

    def card(self, draft: Draft) -> Bubble:
        """Everything on one card, with a button for filing and one for each line that can be changed."""
        leaf = self.taxonomy.leaf(draft.category or "")
        place = draft.place.full if draft.place else ""
        rows = [
            ("问题", shortened(draft.description, 120), Ask.DESCRIPTION),
            ("类别", leaf.entry.plain, None),
            ("地点", place or self.words.say("report.place_not_said"), Ask.PLACE),
            ("时间", draft.since or self.words.say("report.since_not_said"), None),
            ("联系", self._contact(draft), Ask.CONTACT),
        ]
        if draft.question:
            rows = [row for row in rows if row[0] in ("问题", "联系")]
        if draft.later:
            told_next = shortened(hide_personal(draft.later[0]), 60)
            rows.insert(1, ("另一件", self.words.say("report.told_next", problem=told_next), None))
        options = [
            self.option("report.submit", f"confirm:{draft.id}"),
            *(
                self.option(f"report.change_{what.removeprefix('report_')}", f"edit:{what}")
                for *_, what in rows
                if what
            ),
            *([self.option("report.one_problem", "problems:one")] if draft.later else []),
            self.option("report.drop", intent="cancel"),
        ]
        card = {"kind": "confirm", "title": "请您核对", "rows": _rows([(label, value) for label, value, _ in rows])}
        return Bubble(self.words.say("report.confirm"), tuple(options), card)

    def _contact(self, draft: Draft) -> str:
        if draft.contact is Contact.PHONE and draft.phone:
            return mask_phone(draft.phone)
        return self.words.say("report.anonymous")

    def advice(self, leaf: Category, danger: Danger | None = None) -> Bubble | None:
        """What to do at once where life is at risk: by the words, else by the category."""
        if danger:
            return Bubble(danger.advice, (), {"kind": "danger", "title": "先保证安全", "rows": []})
        if leaf.entry.urgency is not Urgency.CRITICAL or not leaf.entry.safety_advice:
            return None
        return Bubble(leaf.entry.safety_advice, (), {"kind": "danger", "title": "先保证安全", "rows": []})

    def ticket(
        self, complaint: Complaint, facts: Sequence[Fact] = (), *, done: KnownIssue | None = None, added: bool = False
    ) -> Bubble:
        """The ticket after filing; `facts` are what the city's own layers say of the place, `done` what it does there.

        `added`: it is one that the citizen had before, to which the words were added.
        """
        leaf = self.taxonomy.leaf(complaint.category)
        rows = [
            ("类别", leaf.name),
            ("地点", (complaint.place and complaint.place.text) or self.words.say("report.place_not_said")),
            ("属地", _area(complaint)),
            *_told(facts),
            ("办理单位", main_unit(leaf, complaint.place)),
            ("最迟答复", moment(complaint.due_at)),
        ]
        if done:
            rows.append(("市里在做", f"{done.say}（{done.source}，{_day(done.starts)}起）"))
        key = "report.added" if added else "report.joined" if complaint.joined else "report.filed"
        gaps = {"number": ticket_number.display(complaint.number), "notice": leaf.entry.notice}
        return Bubble(
            self.words.say(key, **{gap: gaps[gap] for gap in self.words.gaps(key)}),
            (self.option("followup.see_progress", complaint.number, intent="check_progress"),),
            {"kind": "ticket", "number": ticket_number.display(complaint.number), "rows": _rows(rows)},
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


def _day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def _month(month: str) -> str:
    """'2014-09' as 2014年9月."""
    year, _, number = month.partition("-")
    return f"{year}年{int(number)}月"


def _area(complaint: Complaint) -> str:
    place = complaint.place
    parts = [part for part in (place.district, place.street) if part] if place else []
    return " · ".join(parts) or "待核实"


def _told(facts: Sequence[Fact]) -> list[tuple[str, str]]:
    """What may be told of the place: 供热单位 某某热力（市供热名录，2026-11-01）."""
    rows = []
    for fact in facts:
        if fact.tell:
            source = "，".join(filter(None, (fact.source, fact.date.isoformat() if fact.date else "")))
            rows.append((fact.title, f"{fact.value}（{source}）" if source else fact.value))
    return rows


def _rows(pairs: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"label": label, "value": value} for label, value in pairs]
