"""The clerk's pages: the list of requests, and one request with the steps that can follow.

All links are relative, so the pages work directly and under any proxy prefix alike.
The pages need no script and have no login: whoever proxies them decides who sees them.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from pathlib import Path
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.concurrency import run_in_threadpool

from integrations.demo_dispatch.casework import (
    COMPLETE,
    LONGEST_EXTENSION,
    LONGEST_TEXT,
    NEEDS,
    TAKES_PHOTOS,
    VERIFIED,
    Case,
    CitizenUpdate,
    Doing,
    Entry,
    Event,
    MoveRefused,
    State,
    is_second_tap,
    next_steps,
    step_from_form,
)
from integrations.demo_dispatch.catalogue import Catalogue
from integrations.demo_dispatch.clock import CITY_TIME, Clock
from integrations.demo_dispatch.formguard import clerk_of, give_cookie, is_token, remember_clerk, token_for, visitor_of
from integrations.demo_dispatch.pictures import LARGEST_BYTES, MEDIA_TYPES, MOST, written_anew
from integrations.demo_dispatch.staff import Staff
from integrations.demo_dispatch.stepform import StepForm, Unreadable, read_form
from integrations.demo_dispatch.store import Filter, StepTaken, Store
from integrations.demo_dispatch.wording import (
    CHECK_NAMES,
    SOLVED_NAMES,
    STATE_NAMES,
    STEPS,
    UPDATE_NAMES,
    refusal_words,
)

HERE = Path(__file__).parent
PAGE_SIZE = 30
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self';"
        " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
PHOTO_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
    "Cache-Control": "private, no-store",
}
END_OF_WORK = time(17, 30)
UNREADABLE = "没有看懂这次提交，什么也没有改动。"


class UnknownRequest(Exception):
    """No request has this number; show a page that says so."""


class UnknownPage(Exception):
    """There is no such page or picture; show a page that says so."""


@dataclass(frozen=True, slots=True)
class Message:
    """A line above the page; ``kind`` is "done" or "refused"."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the record: a step, or what the citizen said."""

    entry: Entry | None = None
    update: CitizenUpdate | None = None


def record_of(case: Case) -> list[Line]:
    """Steps and updates as they came, the newest first."""
    lines = [(entry.sequence, Line(entry=entry)) for entry in case.history]
    lines += [(update.steps, Line(update=update)) for update in case.updates]
    return [line for _, line in sorted(lines, key=lambda one: one[0])][::-1]


class Pages:
    """The templates, and what every page has in common."""

    def __init__(self) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters["clock"] = _clock_text
        self._environment.globals.update(
            CHECK_NAMES=CHECK_NAMES,
            COMPLETE=COMPLETE,
            Event=Event,
            MEDIA_TYPES=",".join(MEDIA_TYPES),
            MEGABYTES=LARGEST_BYTES // 1024 // 1024,
            MOST_PHOTOS=MOST,
            SOLVED_NAMES=SOLVED_NAMES,
            STATE_NAMES=STATE_NAMES,
            STEPS=STEPS,
            State=State,
            TAKES_PHOTOS=TAKES_PHOTOS,
            UPDATE_NAMES=UPDATE_NAMES,
            VERIFIED=VERIFIED,
        )

    def page(self, name: str, *, root: str, status: int = 200, **values: object) -> HTMLResponse:
        """``root`` is the relative way to the list page: "" from it, "../" from a request."""
        text = self._environment.get_template(name).render(root=root, **values)
        return HTMLResponse(text, status, headers=HEADERS)

    def problem(self, status: int, text: str, *, depth: int) -> HTMLResponse:
        """A page that only says what is wrong; ``depth`` is the slashes below the list page."""
        return self.page("problem.html", root="../" * depth, status=status, text=text)


def clerk_routes(*, store: Store, catalogue: Catalogue, staff: Staff, clock: Clock, pages: Pages) -> APIRouter:
    router = APIRouter()
    form_key = store.form_key()

    @router.get("/department.css")
    def style() -> Response:
        return FileResponse(HERE / "department.css", media_type="text/css", headers={"Cache-Control": "no-cache"})

    @router.get("/photos/{photo}.jpg")
    def picture(photo: str) -> Response:
        """Nobody can guess the address, and none is listed anywhere but with its request."""
        jpeg = store.photo(photo)
        if jpeg is None:
            raise UnknownPage
        return Response(jpeg, media_type="image/jpeg", headers=PHOTO_HEADERS)

    @router.get("/")
    def list_page(state: str = "", q: str = "", page: str = "1") -> Response:
        chosen = _state(state)
        text = q.strip()[:100]
        counts = store.count_by_state(Filter(text=text))
        total = counts.get(chosen, 0) if chosen else sum(counts.values())
        last_page = max(1, -(-total // PAGE_SIZE))
        number = _page_number(page, last_page)
        cases = store.search(
            Filter(states=(chosen,) if chosen else (), text=text),
            limit=PAGE_SIZE,
            offset=(number - 1) * PAGE_SIZE,
        )
        return pages.page(
            "list.html",
            root="",
            cases=cases,
            catalogue=catalogue,
            chosen=chosen,
            text=text,
            counts=counts,
            total=total,
            page=number,
            last_page=last_page,
            link=_list_link,
            now=clock(),
        )

    def show(
        request: Request,
        case: Case,
        *,
        message: Message | None = None,
        written: StepForm | None = None,
        status: int = 200,
    ) -> Response:
        visitor = visitor_of(request)
        service = catalogue.services.get(case.request.service_code)
        response = pages.page(
            "request.html",
            root="../",
            status=status,
            case=case,
            service_name=catalogue.name_of(case.request.service_code),
            group=service.group if service else None,
            attribute_names={known.code: known.description for known in catalogue.attributes},
            record=record_of(case),
            staff=staff,
            clerk=clerk_of(request, staff.clerks),
            steps=next_steps(case),
            earliest=_form_time(max(clock(), case.due_at or clock()) + timedelta(minutes=1)),
            latest=_form_time(clock() + LONGEST_EXTENSION),
            proposed=_form_time(_next_evening(max(clock(), case.due_at or clock()))),
            needs=NEEDS,
            longest=LONGEST_TEXT,
            token=token_for(visitor, case.number, key=form_key),
            message=message,
            written=written or StepForm(),
        )
        give_cookie(response, visitor, secure=request.url.scheme == "https")
        return response

    @router.get("/requests/{number}")
    def request_page(number: str, request: Request, done: str = "") -> Response:
        case = _known(store, number)
        event = _event(done)
        # the page may be loaded again much later
        message = Message("done", STEPS[event].done) if event and _just_done(case, event) else None
        return show(request, case, message=message)

    @router.post("/requests/{number}")
    async def take_step(number: str, request: Request) -> Response:
        async with request.form(max_files=MOST + 2, max_fields=60) as sent:
            form = await read_form(sent)
        return await run_in_threadpool(act, number, request, form)

    def act(number: str, request: Request, form: StepForm) -> Response:
        case = _known(store, number)

        def refuse(words: str, status: int) -> Response:
            again = f"{words}照片需要重新选择。" if form.files else words
            message = Message("refused", again)
            return show(request, _known(store, number), message=message, written=form, status=status)

        if not is_token(form.token, visitor_of(request), number, key=form_key):
            return refuse("页面已过期，刚才的操作没有生效，请再提交一次。", 403)
        try:
            event, seen, doing = form.event, form.steps_seen, form.doing(staff)
        except Unreadable:
            return refuse(UNREADABLE, 400)
        try:
            _take(store, case, event, doing, form.files, seen=seen, now=clock())
        except MoveRefused as refusal:
            return refuse(refusal_words(refusal), 409)
        response = RedirectResponse(f"{quote(number)}?done={event}", 303, headers=HEADERS)
        if doing.clerk:
            remember_clerk(response, staff.clerks.index(doing.clerk), secure=request.url.scheme == "https")
        return response

    return router


def _take(
    store: Store,
    case: Case,
    to: Event,
    doing: Doing,
    files: tuple[tuple[str, bytes], ...],
    *,
    seen: int,
    now: datetime,
) -> None:
    """Store the step once, however often and however closely its form comes in.

    Raises MoveRefused.
    """
    if is_second_tap(case, to, doing, seen=seen):
        return
    pictures = written_anew(files) if to in TAKES_PHOTOS else ()
    doing = replace(doing, photos=tuple(secrets.token_hex(16) for _ in pictures))
    try:
        entry = step_from_form(case, to, doing, seen=seen, now=now)
        if entry is not None:
            store.append(case.number, entry, pictures)
    except StepTaken:  # someone was quicker by a hair: was it this same form?
        step_from_form(_known(store, case.number), to, doing, seen=seen, now=now)


def _just_done(case: Case, event: Event) -> bool:
    """Whether this step was the last, and nothing was heard of the citizen since."""
    last = case.history[-1] if case.history else None
    return last is not None and last.event is event and all(one.steps < last.sequence for one in case.updates)


def _known(store: Store, number: str) -> Case:
    case = store.find(number)
    if case is None:
        raise UnknownRequest(number)
    return case


def _state(text: str) -> State | None:
    try:
        return State(text)
    except ValueError:
        return None


def _event(text: str) -> Event | None:
    try:
        return Event(text)
    except ValueError:
        return None


def _form_time(moment: datetime) -> str:
    """As a browser's field for date and time wants it, in the city's time."""
    return moment.astimezone(CITY_TIME).strftime("%Y-%m-%dT%H:%M")


def _next_evening(after: datetime) -> datetime:
    """The end of work on the day after."""
    return datetime.combine(after.astimezone(CITY_TIME).date() + timedelta(days=1), END_OF_WORK, CITY_TIME)


def _page_number(text: str, last: int) -> int:
    """Anything that is no page of ours shows the nearest one, or the first."""
    if text.isascii() and text.isdigit() and len(text) < 10:
        return min(max(int(text), 1), last)
    return 1


def _list_link(state: State | None, text: str, page: int = 1) -> str:
    """The query of a list page, leaving out what is as usual; "./" for the plain list."""
    query = {"state": state or "", "q": text, "page": str(page) if page > 1 else ""}
    kept = {name: value for name, value in query.items() if value}
    return f"?{urlencode(kept)}" if kept else "./"


def _clock_text(moment: datetime) -> str:
    return moment.astimezone(CITY_TIME).strftime("%Y-%m-%d %H:%M")
