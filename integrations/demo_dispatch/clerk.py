"""The clerk's pages: the list of requests, and one request with the steps that can follow.

All links are relative, so the pages work directly and under any proxy prefix alike.
The pages need no script and have no login: whoever proxies them decides who sees them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from integrations.demo_dispatch.casework import (
    LONGEST_TEXT,
    NEEDS,
    Case,
    MoveRefused,
    State,
    next_steps,
    step_from_form,
)
from integrations.demo_dispatch.catalogue import Catalogue
from integrations.demo_dispatch.clock import CITY_TIME, Clock
from integrations.demo_dispatch.formguard import give_cookie, is_token, token_for, visitor_of
from integrations.demo_dispatch.store import Filter, StepTaken, Store
from integrations.demo_dispatch.wording import STATE_NAMES, STEPS, refusal_words

HERE = Path(__file__).parent
PAGE_SIZE = 30
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class UnknownRequest(Exception):
    """No request has this number; show a page that says so."""


@dataclass(frozen=True, slots=True)
class Message:
    """A line above the page; ``kind`` is "done" or "refused"."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class StepForm:
    """What a clerk sent; ``seen`` is the number of steps the page had shown."""

    step: str = ""
    text: str = ""
    token: str = ""
    seen: str = ""


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
        self._environment.globals.update(STATE_NAMES=STATE_NAMES, STEPS=STEPS, State=State)

    def page(self, name: str, *, root: str, status: int = 200, **values: object) -> HTMLResponse:
        """``root`` is the relative way to the list page: "" from it, "../" from a request."""
        text = self._environment.get_template(name).render(root=root, **values)
        return HTMLResponse(text, status, headers=HEADERS)

    def problem(self, status: int, text: str, *, depth: int) -> HTMLResponse:
        """A page that only says what is wrong; ``depth`` is the slashes below the list page."""
        return self.page("problem.html", root="../" * depth, status=status, text=text)


def clerk_routes(*, store: Store, catalogue: Catalogue, clock: Clock, pages: Pages) -> APIRouter:
    router = APIRouter()
    form_key = store.form_key()

    @router.get("/department.css")
    def style() -> Response:
        return FileResponse(HERE / "department.css", media_type="text/css", headers={"Cache-Control": "no-cache"})

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
            steps=next_steps(case.state),
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
        state = _state(done)
        message = Message("done", STEPS[state].done) if state and state in STEPS else None
        return show(request, case, message=message)

    @router.post("/requests/{number}")
    def take_step(
        number: str,
        request: Request,
        step: Annotated[str, Form()] = "",
        text: Annotated[str, Form()] = "",
        token: Annotated[str, Form()] = "",
        seen: Annotated[str, Form()] = "",
    ) -> Response:
        case = _known(store, number)
        form = StepForm(step, text, token, seen)

        def refuse(words: str, status: int) -> Response:
            latest = _known(store, number)
            message = Message("refused", words)
            return show(request, latest, message=message, written=form, status=status)

        if not is_token(token, visitor_of(request), number, key=form_key):
            return refuse("页面已过期，刚才的操作没有生效，请再提交一次。", 403)
        to = _state(step)
        if to is None or to not in STEPS or not (seen.isascii() and seen.isdigit() and len(seen) < 6):
            return refuse("没有看懂这次提交，什么也没有改动。", 400)
        try:
            _take(store, case, to, seen=int(seen), text=text, now=clock())
        except MoveRefused as refusal:
            return refuse(refusal_words(refusal), 409)
        return RedirectResponse(f"{quote(number)}?done={to}", 303, headers=HEADERS)

    return router


def _take(store: Store, case: Case, to: State, *, seen: int, text: str, now: datetime) -> None:
    """Store the step once, however often and however closely its form comes in.

    Raises MoveRefused.
    """
    try:
        entry = step_from_form(case, to, seen=seen, text=text, now=now)
        if entry is not None:
            store.append(case.number, entry)
    except StepTaken:  # someone was quicker by a hair: was it this same form?
        step_from_form(_known(store, case.number), to, seen=seen, text=text, now=now)


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
