"""Survey campaigns (专项回访): a list of people, up to three questions, asked by the assistant, each person once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from integrations.services.errors import Rejected
from integrations.services.ports import Clock, Transaction, UnitOfWork
from integrations.services.rating import Tone
from integrations.services.records import Complaint, Task
from integrations.services.satisfaction_records import AnswerKind, Invitation, Survey, SurveyQuestion
from kb import ticket_number
from kb.satisfaction.hearing import Hearing
from kb.satisfaction.levels import Level
from kb.taxonomy import Taxonomy
from kb.text import clean, find_phone, hide_personal, shortened

MOST_QUESTIONS = 3
LONGEST_TITLE, LONGEST_QUESTION, LONGEST_ANSWER, LONGEST_NAME = 60, 120, 500, 64
INVITATION = "survey"
"""What the outbox row of an invitation says."""
SKIPPED = ""
"""What is kept where somebody would not say."""


@dataclass(frozen=True, slots=True)
class Person:
    """One line of a list: a ticket number or a phone, as it was written."""

    line: int
    ticket: str | None = None
    phone: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Invited:
    """What became of a list: how many are asked, how many stood there twice, and the lines of those nobody knows."""

    survey: Survey
    people: int
    twice: int
    unknown: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """A survey as a citizen stands in it; `done` when nothing more is asked."""

    survey: Survey
    invitation: Invitation
    understood: bool = True

    @property
    def done(self) -> bool:
        return self.invitation.finished_at is not None


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """One person's answers with nothing that names the person: no number, no phone, no place finer than a district."""

    industry: str
    district: str
    answers: tuple[str, ...]


class NoSurvey(Exception):
    """Nothing of a survey waits for this citizen."""


@dataclass(frozen=True, kw_only=True)
class Surveying:
    """The use case."""

    unit_of_work: UnitOfWork
    clock: Clock
    taxonomy: Taxonomy
    hearing: Hearing

    # -- by staff ----------------------------------------------------------------------------------------------

    def create(
        self, title: str, questions: Sequence[SurveyQuestion], people: Sequence[Person], *, by: str, open_days: int = 14
    ) -> Invited:
        """Write a campaign and its list; nobody is asked before it is sent. Raises Rejected."""
        title, by = clean(title), clean(by)
        if not (0 < len(title) <= LONGEST_TITLE):
            raise Rejected(f"a survey needs a title of up to {LONGEST_TITLE} characters")
        if not (0 < len(by) <= LONGEST_NAME):
            raise Rejected("who makes it must be said by name")
        if not 1 <= len(questions) <= MOST_QUESTIONS:
            raise Rejected(f"a survey has one to {MOST_QUESTIONS} questions; found {len(questions)}")
        if not 1 <= open_days <= 60:
            raise Rejected("a survey is open for 1 to 60 days")
        for one in questions:
            if not 0 < len(one.text) <= LONGEST_QUESTION:
                raise Rejected(f"a question has 1 to {LONGEST_QUESTION} characters")
        with self.unit_of_work() as tx:
            survey = tx.surveys.add(title=title, questions=questions, by=by, open_days=open_days, at=self.clock())
            asked, twice, unknown, phones = 0, 0, [], set[str]()
            for person in people:
                complaint = self._complaint(tx, person)
                if complaint is None:
                    unknown.append(person.line)
                    continue
                # one person may have several conversations, and is known by the phone then
                phone = person.phone or tx.complaints.phone(complaint.id)
                if phone in phones or not tx.surveys.invite(survey.id, complaint.citizen_id, complaint.id):
                    twice += 1
                    continue
                phones |= {phone} if phone else set()
                asked += 1
            if not asked:
                raise Rejected("the list names nobody that we know")
            return Invited(survey, asked, twice, tuple(unknown))

    @staticmethod
    def _complaint(tx: Transaction, person: Person) -> Complaint | None:
        """The complaint by which we know the person: the one named, or the latest with that phone."""
        if person.ticket:
            return tx.complaints.by_number(person.ticket)
        known = tx.contacts.complaints_of(person.phone or "")
        return tx.complaints.get(known[0]) if known else None

    def send(self, survey_id: int) -> int:
        """Ask everybody on the list, each once; gives how many. Raises Rejected when it was sent before."""
        with self.unit_of_work() as tx:
            survey, now = self._survey(tx, survey_id), self.clock()
            if not tx.surveys.send(survey_id, at=now, ends_at=now + timedelta(days=survey.open_days)):
                raise Rejected(f"survey {survey_id} was sent before, or stopped")
            invitations = tx.surveys.invitations(survey_id)
            for one in invitations:
                if tx.surveys.tell(one.id, now):
                    tx.outbox.add(Task.NOTICE, one.complaint_id, {"say": INVITATION, "invitation": one.id}, at=now)
            return len(invitations)

    def stop(self, survey_id: int) -> None:
        """Ask nobody any more; answers that were given stay. Raises Rejected when it was stopped before."""
        with self.unit_of_work() as tx:
            self._survey(tx, survey_id)
            if not tx.surveys.stop(survey_id, self.clock()):
                raise Rejected(f"survey {survey_id} is stopped already")

    def surveys(self) -> Sequence[Survey]:
        """All of them, the latest first."""
        with self.unit_of_work() as tx:
            return tx.surveys.list()

    def results(self, survey_id: int) -> tuple[Survey, int, list[AnswerRow]]:
        """The survey, how many were invited, and the answers so far, sorted so that their order names nobody."""
        with self.unit_of_work() as tx:
            survey, rows = self._survey(tx, survey_id), []
            invitations = tx.surveys.invitations(survey_id)
            for one in invitations:
                complaint = tx.complaints.get(one.complaint_id)
                if complaint is None or not one.answers:
                    continue
                place = complaint.place
                answers = tuple(hide_personal(answer) for answer in one.answers)
                industry = self.taxonomy.leaf(complaint.category).industry
                rows.append(AnswerRow(industry, (place.district if place else None) or "", answers))
            return survey, len(invitations), sorted(rows, key=lambda row: (row.industry, row.district, row.answers))

    @staticmethod
    def _survey(tx: Transaction, survey_id: int) -> Survey:
        survey = tx.surveys.get(survey_id)
        if survey is None:
            raise Rejected(f"there is no survey {survey_id}")
        return survey

    # -- by citizens -------------------------------------------------------------------------------------------

    def current(self, conversation_id: str, invitation_id: int | None = None) -> Asked:
        """What the citizen is asked: of that invitation, or of the one told first. Raises NoSurvey."""
        with self.unit_of_work() as tx:
            return self._find(tx, conversation_id, invitation_id)

    def in_words(self, conversation_id: str, invitation_id: int | None) -> bool:
        """Whether the question that waits is answered in one's own words, whatever they sound like."""
        try:
            asked = self.current(conversation_id, invitation_id)
        except NoSurvey:
            return False
        place = len(asked.invitation.answers)
        return not asked.done and asked.survey.questions[place].kind is AnswerKind.WORDS

    def answer(self, conversation_id: str, invitation_id: int, place: int, value: str) -> Asked:
        """Keep the answer of a button to question `place`; one that was answered before stays. Raises NoSurvey."""
        with self.unit_of_work() as tx:
            asked = self._find(tx, conversation_id, invitation_id)
            if place != len(asked.invitation.answers):
                return asked
            kept = _of_button(asked.survey.questions[place].kind, value)
            return replace(asked, understood=False) if kept is None else self._keep(tx, asked, kept)

    def hear(self, conversation_id: str, invitation_id: int | None, text: str, tone: Tone) -> Asked:
        """Keep what somebody says to the question that waits; not `understood` when nothing was. Raises NoSurvey."""
        with self.unit_of_work() as tx:
            asked = self._find(tx, conversation_id, invitation_id)
            kind = asked.survey.questions[len(asked.invitation.answers)].kind
            kept = self._of_words(kind, clean(text), tone)
            return replace(asked, understood=False) if kept is None else self._keep(tx, asked, kept)

    def _of_words(self, kind: AnswerKind, text: str, tone: Tone) -> str | None:
        heard = self.hearing.hear(text)
        match kind:
            case AnswerKind.WORDS:
                return shortened(text, LONGEST_ANSWER) or None
            case AnswerKind.YES_NO:
                said = {Tone.YES: True, Tone.NO: False}.get(tone) if heard.yes is None else heard.yes
                return None if said is None else "1" if said else "0"
            case AnswerKind.LEVELS:
                if heard.level or heard.unclear:
                    return heard.level
                by_tone = {Tone.GOOD: Level.SATISFIED, Tone.BAD: Level.DISSATISFIED}
                return by_tone.get(tone)

    def _keep(self, tx: Transaction, asked: Asked, value: str) -> Asked:
        now = self.clock()
        answers = (*asked.invitation.answers, value)
        finished = now if len(answers) == len(asked.survey.questions) else None
        invitation = replace(asked.invitation, answers=answers, finished_at=finished)
        tx.surveys.answer(invitation, now)
        return Asked(asked.survey, invitation)

    def _find(self, tx: Transaction, conversation_id: str, invitation_id: int | None) -> Asked:
        now, conversation = self.clock(), tx.conversations.get(conversation_id)
        if conversation is None:
            raise NoSurvey
        if invitation_id is None:
            waits = tx.surveys.open_of(conversation.citizen_id, now)
            invitation_id = waits.id if waits else 0
        invitation = tx.surveys.hold(invitation_id)
        survey = tx.surveys.get(invitation.survey_id) if invitation else None
        if invitation is None or survey is None or invitation.citizen_id != conversation.citizen_id:
            raise NoSurvey
        if invitation.finished_at or not survey.open(now):
            raise NoSurvey
        return Asked(survey, invitation)


def counts(rows: Sequence[AnswerRow], place: int) -> Counter[str]:
    """How often each answer was given to question `place`; what was skipped is counted under SKIPPED."""
    return Counter(row.answers[place] for row in rows if len(row.answers) > place)


def read_person(line: int, text: str) -> Person | None:
    """A ticket number or a phone, in any way of writing it; None for neither."""
    number = ticket_number.find(text)
    if number and ticket_number.is_valid(number):
        return Person(line, ticket=number)
    phone = find_phone(text)
    return Person(line, phone=phone) if phone else None


def _of_button(kind: AnswerKind, value: str) -> str | None:
    match kind:
        case AnswerKind.YES_NO:
            return value if value in ("0", "1") else None
        case AnswerKind.LEVELS:
            return next((level.value for level in Level if level.name.lower() == value), None)
        case AnswerKind.WORDS:
            return SKIPPED if value == "skip" else None


def shown(kind: AnswerKind, value: str) -> str:
    """An answer in the words of a table."""
    if kind is AnswerKind.YES_NO:
        return {"1": "yes", "0": "no"}.get(value, value)
    return value


def columns(survey: Survey) -> Iterator[str]:
    """The columns of the results as a table."""
    yield from ("industry", "district")
    yield from (f"{number}. {one.text}" for number, one in enumerate(survey.questions, 1))
