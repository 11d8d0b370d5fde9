"""The citizen's own tickets: the list, one of them, what can be done about it; and one by its number and a phone."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from integrations.bootstrap import Services
from integrations.services.adding_photos import NotAccepted
from integrations.services.errors import Conflict, Rejected, TryLater
from integrations.services.following_up import Found, Lookup
from integrations.services.media import TooMany
from integrations.services.own_tickets import LONGEST_TEXT, OPENED_SECONDS
from integrations.services.rating import LONGEST_WORDS, NothingToRate, Question, Rating, value_of
from integrations.services.records import Conversation
from integrations.services.speech import moment
from integrations.services.supplementing import Kept
from integrations.services.ticket_shelf import MOST, Deed, Opened, Spine, TooManyMisses
from integrations.services.uploading import Gone, Unfinished
from integrations.services.urging import Pressed
from integrations.services.withdrawing import TakenBack
from integrations.web.chat import MediumOut, Mine, Ours, only_our_page
from integrations.web.errors import ApiError, may_answer
from integrations.web.media import refusal
from kb import ticket_number
from kb.lifecycle import OPEN
from kb.report import MOST_PHOTOS
from kb.text import hide_personal, shortened

# One session: looks and acts in a minute. One network address: numbers looked up with a phone in ten minutes.
LOOKS_A_MINUTE, ACTS_A_MINUTE = 90, 20
FINDS, FINDS_SECONDS = 40, 600

_Result = TypeVar("_Result")


def _whole(text: str) -> str:
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("half of a character")
    return text


Id = Annotated[str, Field(min_length=8, max_length=40, pattern="^[A-Za-z0-9_-]+$", description="Twice is once")]
Words = AfterValidator(_whole)
Number = Annotated[str, Path(max_length=20, description="Twelve digits")]


class Wanted(BaseModel):
    """The number of a ticket and the last four digits of the phone that was left with it."""

    model_config = ConfigDict(extra="forbid")

    number: Annotated[str, Field(min_length=1, max_length=40), Words]
    last_four: Annotated[str, Field(pattern="^[0-9]{4}$")]


class Act(BaseModel):
    """Something done about a ticket."""

    model_config = ConfigDict(extra="forbid")

    id: Id


class Addition(Act):
    """What is added: words, pictures, or both."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"id": "7c1e4b0a-52d9-4b16-8a5e-3f0c9d1e2b7a", "text": "…"},
                {
                    "id": "8d2f5c1b-63ea-4c27-9b6f-4a1d0e2f3c8b",
                    "text": "…",
                    "uploads": ["0f3b5d0e6a7c4e0fb2d1c9a8e7f60514"],
                },
            ]
        },
    )

    text: Annotated[str, Field(max_length=LONGEST_TEXT), Words] = ""
    uploads: Annotated[
        list[Annotated[str, Field(pattern="^[0-9a-f]{32}$")]],
        Field(max_length=MOST_PHOTOS, description="Ids of pictures that came in pieces (POST /api/chat/uploads)"),
    ] = []


class TakingBack(Act):
    """Without `confirm` nothing happens but that it is said what would."""

    confirm: bool = False
    why: Annotated[str, Field(max_length=LONGEST_WORDS), Words] = ""


class RatingAnswer(Act):
    """One answer: the `choice` of a button, or own `words` where the question takes them."""

    question: Question
    choice: Annotated[str, Field(max_length=64), Words] | None = None
    words: Annotated[str, Field(max_length=LONGEST_WORDS), Words] | None = None


class SpineOut(BaseModel):
    """A ticket in the list."""

    number: str
    shown: Annotated[str, Field(description="The number in groups, as it is read")]
    what: str
    where: str
    status: str
    status_text: str
    open: bool
    due: Annotated[str | None, Field(description="Until when it is answered, while it is open")]
    late: bool
    filed: str
    waits_for_rating: bool


class PageOut(BaseModel):
    """Tickets, the newest first; `more` when `after` with their count gives others."""

    tickets: list[SpineOut]
    more: bool


class TicketOut(BaseModel):
    """One ticket. `card` has who holds it, until when, how often it was returned, and the whole timeline."""

    ticket: SpineOut
    card: dict[str, Any]
    media: list[MediumOut]
    acts: list[Deed]
    own: Annotated[bool, Field(description="False: opened by the phone's last digits, for a while")]
    open_minutes: Annotated[int | None, Field(description="How long it stays open to this session after it was opened")]


class ActOut(BaseModel):
    """What came of it, in words, and the ticket as it is now. `done` is False where nothing has changed."""

    done: bool
    text: str
    ticket: TicketOut


class ChoiceOut(BaseModel):
    """A button of a question."""

    title: str
    choice: str


class RatingOut(BaseModel):
    """The question that waits, or `question` None and thanks."""

    question: Question | None
    text: str
    choices: list[ChoiceOut]
    takes_words: bool
    understood: bool = True


router = APIRouter(prefix="/api/tickets", tags=["tickets"])
READS, ACTS = may_answer(401, 404, 422, 429, 503), may_answer(401, 403, 404, 422, 429, 503)


@router.get("", summary="One's own tickets", responses=may_answer(401, 422, 429, 503))
def page(
    mine: Mine,
    services: Ours,
    after: Annotated[int, Query(ge=0, le=MOST, description="So many, the newest, are known")] = 0,
) -> PageOut:
    """The newest first, at most twenty; ask again for more."""
    _limit(services, f"tickets:{mine.id}", LOOKS_A_MINUTE)
    spines, more = services.ticket_shelf.page(mine.id, after=after)
    return PageOut(tickets=[_spine(services, one) for one in spines], more=more)


@router.post(
    "/find",
    dependencies=[Depends(only_our_page)],
    summary="A ticket by its number and the phone's last digits",
    responses=ACTS,
)
def find(mine: Mine, services: Ours, request: Request, wanted: Wanted) -> TicketOut:
    """Opens it to this session for a quarter of an hour. A wrong number and a wrong phone are one answer."""
    if not services.limiter.allow(f"tickets-find:{_address(request)}", times=FINDS, seconds=FINDS_SECONDS):
        raise _too_many(services)
    plain = unicodedata.normalize("NFKC", wanted.number)
    number = "".join(one for one in plain if one.isascii() and one.isdigit())
    lookup: Lookup = services.following_up.by_number(mine.id, number, wanted.last_four)
    match lookup.found:
        case Found.TICKET:
            return _ticket(services, services.ticket_shelf.look(mine.id, number))
        case Found.TOO_MANY:
            raise _too_many(services)
        case Found.NOT_FOUND:
            raise ApiError(404, "not_found", services.speech.words.say("followup.not_found"))
        case found:
            raise ApiError(422, found.value, services.speech.words.say(f"followup.{found}"))


@router.get("/{number}", summary="One ticket", responses=READS)
def ticket(mine: Mine, services: Ours, request: Request, number: Number) -> TicketOut:
    """One's own, or one that was opened with the phone's last digits; 404 for any other, whether it exists or not."""
    _limit(services, f"tickets:{mine.id}", LOOKS_A_MINUTE)
    return _ticket(services, _open(services, mine, request, number))


@router.post("/{number}/urge", dependencies=[Depends(only_our_page)], summary="Press for an answer", responses=ACTS)
def urge(mine: Mine, services: Ours, request: Request, number: Number, act: Act) -> ActOut:
    """Sent on to the unit; too soon after the last time nothing is sent, and it is said when it may be."""
    _may_act(services, mine, request, number)
    urged = _tried(services, lambda: services.urging.urge(mine.id, number, key=f"page:{act.id}"))
    text = services.progress_speech.urged(urged).text
    return _done(services, mine, number, text, done=urged.pressed is Pressed.SENT)


@router.post(
    "/{number}/supplement",
    dependencies=[Depends(only_our_page)],
    summary="Add something",
    responses={**ACTS, **may_answer(409, 410)},
)
def supplement(mine: Mine, services: Ours, request: Request, number: Number, act: Addition) -> ActOut:
    """Kept with the ticket and sent on to the unit while the ticket is open, pictures together with the words. 410 when
    one of `uploads` is gone, 409 when it is not whole; nothing is added then."""
    _may_act(services, mine, request, number)
    if not (act.text.strip() or act.uploads):
        raise ApiError(422, "empty", services.speech.words.say("tickets.not_added"))
    key, adding = f"page:{act.id}", services.adding_photos
    try:
        added = _tried(services, lambda: adding.add(mine.id, number, key=key, text=act.text, uploads=act.uploads))
    except (TooMany, Gone, Unfinished, NotAccepted) as refused:
        raise refusal(refused) from refused
    text = services.progress_speech.added(added).text
    return _done(services, mine, number, text, done=added.kept in (Kept.SENT, Kept.ONLY_HERE))


@router.post("/{number}/withdraw", dependencies=[Depends(only_our_page)], summary="Take it back", responses=ACTS)
def withdraw(mine: Mine, services: Ours, request: Request, number: Number, act: TakingBack) -> ActOut:
    """First without `confirm`: what would happen. It cannot be undone."""
    _may_act(services, mine, request, number)
    speech, key = services.progress_speech, f"page:{act.id}"
    if not act.confirm:
        seen = services.withdrawing.look(mine.id, number)
        said = speech.ask_withdraw(seen) if seen.taken is TakenBack.DONE else speech.withdrawn(seen)
        return _done(services, mine, number, said.text, done=False)
    taken = _tried(services, lambda: services.withdrawing.withdraw(mine.id, number, key=key, why=act.why))
    return _done(services, mine, number, speech.withdrawn(taken).text, done=taken.taken is TakenBack.DONE)


@router.get("/{number}/rating", summary="The question of the rating that waits", responses=READS)
def rating(mine: Mine, services: Ours, request: Request, number: Number) -> RatingOut:
    """404 when none does."""
    _limit(services, f"tickets:{mine.id}", LOOKS_A_MINUTE)
    _open(services, mine, request, number)
    try:
        return _rating(services, services.rating.current(mine.id, number))
    except NothingToRate as nothing:
        raise _not_rated(services) from nothing


@router.post("/{number}/rating", dependencies=[Depends(only_our_page)], summary="Answer one question", responses=ACTS)
def rate(mine: Mine, services: Ours, request: Request, number: Number, act: RatingAnswer) -> RatingOut:
    """Kept as it comes; gives the next question. The last answer sent once more is answered with thanks again."""
    _may_act(services, mine, request, number)
    try:
        if act.words is not None and act.words.strip():
            said = services.rating.hear(mine.id, number, act.words, asked=act.question)
        else:
            value = value_of(act.question, act.choice or "")
            said = services.rating.answer(mine.id, number, act.question, value)
    except NothingToRate:
        try:
            said = services.ticket_shelf.rated(mine.id, number)
        except NothingToRate as nothing:
            raise _not_rated(services) from nothing
    except ValueError as wrong:
        raise ApiError(422, "bad_answer", services.speech.words.say("tickets.bad_answer")) from wrong
    return _rating(services, said)


# -- parts ---------------------------------------------------------------------------------------------------------


def _may_act(services: Services, mine: Conversation, request: Request, number: str) -> None:
    _limit(services, f"tickets-act:{mine.id}", ACTS_A_MINUTE)
    _open(services, mine, request, number)


def _open(services: Services, mine: Conversation, request: Request, number: str) -> Opened:
    try:
        return services.ticket_shelf.open(mine.id, number, address=_address(request))
    except TooManyMisses as many:
        raise _too_many(services) from many
    except Rejected as foreign:
        raise _no_ticket(services) from foreign


def _done(services: Services, mine: Conversation, number: str, text: str, *, done: bool) -> ActOut:
    return ActOut(done=done, text=text, ticket=_ticket(services, services.ticket_shelf.look(mine.id, number)))


def _tried(services: Services, act: Callable[[], _Result]) -> _Result:
    try:
        return act()
    except Conflict as busy:
        raise TryLater("the ticket changed in this very moment") from busy
    except (TooMany, Gone, Unfinished, NotAccepted):
        raise
    except Rejected as closed:  # the time for which it was open is over by now
        raise _no_ticket(services) from closed


def _spine(services: Services, spine: Spine) -> SpineOut:
    complaint = spine.complaint
    is_open = complaint.status in OPEN
    return SpineOut(
        number=complaint.number,
        shown=ticket_number.display(complaint.number),
        what=shortened(hide_personal(complaint.description), 60),
        where=complaint.place.full if complaint.place else "",
        status=complaint.status,
        status_text=services.speech.words.say(f"status.{complaint.status}"),
        open=is_open,
        due=moment(complaint.due_at) if is_open else None,
        late=is_open and services.clock() > complaint.due_at,
        filed=moment(complaint.filed_at),
        waits_for_rating=spine.waits,
    )


def _ticket(services: Services, opened: Opened) -> TicketOut:
    speech = services.progress_speech
    card = speech.progress(opened.lookup, now=services.clock()).card or {}
    timeline = speech.timeline(opened.complaint, opened.additions)
    return TicketOut(
        ticket=_spine(services, Spine(opened.complaint, Deed.RATE in opened.deeds)),
        card={**card, "timeline": timeline},
        media=[MediumOut(kind=kind.value, url=f"/api/chat/media/{one}") for one, kind in opened.media],
        acts=list(opened.deeds),
        own=opened.own,
        open_minutes=None if opened.own else OPENED_SECONDS // 60,
    )


def _rating(services: Services, said: Rating) -> RatingOut:
    if said.question is None:
        return RatingOut(question=None, text=services.asking.thanks(said).text, choices=[], takes_words=False)
    bubble = services.asking.question(said)
    choices = [ChoiceOut(title=title, choice=choice) for title, choice in services.asking.choices(bubble)]
    takes_words = said.question in (Question.REASON, Question.WORDS)
    return RatingOut(
        question=said.question, text=bubble.text, choices=choices, takes_words=takes_words, understood=said.understood
    )


def _limit(services: Services, key: str, times: int) -> None:
    if not services.limiter.allow(key, times=times, seconds=60):
        text = services.speech.words.say("tickets.too_fast")
        raise ApiError(429, "too_fast", text, headers={"Retry-After": "15"})


def _too_many(services: Services) -> ApiError:
    text = services.speech.words.say("tickets.too_many")
    return ApiError(429, "too_many", text, headers={"Retry-After": str(FINDS_SECONDS)})


def _no_ticket(services: Services) -> ApiError:
    return ApiError(404, "no_ticket", services.speech.words.say("tickets.no_ticket"))


def _not_rated(services: Services) -> ApiError:
    return ApiError(404, "nothing_to_rate", services.speech.words.say("tickets.not_rated"))


def _address(request: Request) -> str:
    return request.client.host if request.client else "unknown"
