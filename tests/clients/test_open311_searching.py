"""Finding a request whose answer was lost, in lists that are long, cut, late, or show little."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.clients.open311 import Open311Dispatcher, load_mapping
from integrations.services.errors import NeedsPerson, TryLater
from kb import taxonomy
from kb.places import Place
from tests.clients.test_dispatchers import complaint_of

CITY = taxonomy.load()
NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)


def dispatcher(
    answer: Callable[[httpx.Request], httpx.Response], clock: Callable[[], datetime] = lambda: NOW, **mapping: Any
) -> Open311Dispatcher:
    return Open311Dispatcher(
        "http://backend",
        api_key="k",
        taxonomy=CITY,
        mapping=load_mapping().model_copy(update={"shows_after_seconds": 0.0, **mapping}),
        clock=clock,
        transport=httpx.MockTransport(answer),
        sleep=lambda _seconds: None,
    )


class Listing:
    """A backend's list, newest first: with or without pages, showing at most so many, with a clock of its own."""

    def __init__(
        self, rows: list[dict[str, Any]], *, most: int = 10**9, pages: bool = False, ahead: float = 0.0
    ) -> None:
        self.rows, self.most, self.pages, self.ahead = rows, most, pages, ahead
        self.asked = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        query = dict(request.url.params)
        start, end = (datetime.fromisoformat(query[key]) for key in ("start_date", "end_date"))
        rows = [row for row in self.rows if start <= datetime.fromisoformat(row["requested_datetime"]) <= end]
        rows.sort(key=lambda row: str(row["requested_datetime"]), reverse=True)
        size, page = min(int(query["page_size"]), self.most), int(query["page"])
        shown = rows[(page - 1) * size : page * size] if self.pages else rows[: self.most]
        said = (NOW + timedelta(seconds=self.ahead)).strftime("%a, %d %b %Y %H:%M:%S GMT")
        return httpx.Response(200, json=shown, headers={"Date": said})


def row(number: int, at: datetime, description: str = "路灯", **more: Any) -> dict[str, Any]:
    return {
        "service_request_id": f"R-{number}",
        "description": description,
        "requested_datetime": at.isoformat(timespec="seconds"),
        **more,
    }


@settings(max_examples=40, deadline=None)
@given(
    others=st.lists(st.integers(min_value=-3000, max_value=3000) | st.integers(min_value=0, max_value=9), max_size=60),
    ours=st.integers(min_value=-3000, max_value=3000) | st.integers(min_value=0, max_value=9),
    most=st.integers(min_value=10, max_value=14),
    pages=st.booleans(),
)
def test_a_request_is_found_however_the_list_is_cut(others: list[int], ours: int, most: int, pages: bool) -> None:
    """Unless so many fall into one second that the list can never show all: then a person is told."""
    complaint = complaint_of(filed_at=NOW)
    rows = [row(count, NOW + timedelta(seconds=second)) for count, second in enumerate(others)]
    footer = f"路灯坏了\n（诉求编号 {complaint.number}）"
    listing = Listing([*rows, row(999, NOW + timedelta(seconds=ours), footer)], most=most, pages=pages)

    try:
        found = dispatcher(listing).find(complaint, since=NOW)
    except NeedsPerson:
        assert not pages
        return

    assert found == "R-999"


@pytest.mark.parametrize(("before", "sure"), [(0, False), (1, True)])
def test_many_filed_in_one_moment_are_all_seen_where_the_list_has_shown_more(before: int, sure: bool) -> None:
    """After an outage everything that waited is filed at once, and one of the answers is lost."""
    complaint = complaint_of(filed_at=NOW)
    burst = [row(count, NOW) for count in range(12)]
    older = [row(100 + count, NOW - timedelta(days=60)) for count in range(before)]
    asked = dispatcher(Listing([*older, *burst], most=25))

    if sure:
        assert asked.find(complaint, since=NOW) is None
    else:  # nobody knows whether its list ends at twelve
        with pytest.raises(NeedsPerson):
            asked.find(complaint, since=NOW)


def test_a_list_that_ends_with_the_burst_is_not_believed() -> None:
    complaint = complaint_of(filed_at=NOW)
    rows = [row(count, NOW - timedelta(days=60 * (count % 2))) for count in range(60)]

    with pytest.raises(NeedsPerson):
        dispatcher(Listing(rows, most=25)).find(complaint, since=NOW)


@pytest.mark.parametrize("earlier", range(1, 8))
def test_neighbouring_seconds_are_told_apart(earlier: int) -> None:
    """Twelve in three seconds are at most eight in two, wherever the halves are cut."""
    complaint = complaint_of(filed_at=NOW)
    rows = [row(count, NOW + timedelta(seconds=count % 3)) for count in range(12)]

    assert dispatcher(Listing(rows, most=25)).find(complaint, since=NOW - timedelta(seconds=earlier / 2)) is None


@pytest.mark.parametrize("ahead", [-30 * 3600, -7200, 0, 7200, 30 * 3600])
@pytest.mark.parametrize("jump", [-48 * 3600, 0, 3600])
def test_clocks_that_differ_or_jump_hide_nothing(ahead: int, jump: int) -> None:
    """The backend wrote its own time; ours may have jumped between sending and looking."""
    complaint = complaint_of(filed_at=NOW - timedelta(days=1))
    stored = NOW + timedelta(seconds=ahead)
    rows = [row(1, stored, f"x（诉求编号 {complaint.number}）")]
    listing = Listing(rows, ahead=ahead)

    assert dispatcher(listing, clock=lambda: NOW + timedelta(seconds=jump)).find(complaint, since=NOW) == "R-1"


def test_what_was_sent_a_moment_ago_may_still_turn_up() -> None:
    complaint = complaint_of(filed_at=NOW)
    clock = [NOW + timedelta(seconds=10)]
    asked = dispatcher(Listing([]), clock=lambda: clock[0], shows_after_seconds=30.0)

    with pytest.raises(TryLater) as later:
        asked.find(complaint, since=NOW)
    assert later.value.after == 20
    clock[0] = NOW + timedelta(seconds=31)
    assert asked.find(complaint, since=NOW) is None
    clock[0] = NOW - timedelta(days=2)  # the clock was set back: the wait is no longer than it ever is
    with pytest.raises(TryLater) as later:
        asked.find(complaint, since=NOW)
    assert later.value.after == 30


def test_the_list_of_another_ticket_is_not_taken_for_ours() -> None:
    complaint, other = complaint_of(filed_at=NOW), complaint_of(filed_at=NOW)
    rows = [
        row(1, NOW, f"（诉求编号 {other.number}）"),
        row(2, NOW, f"（诉求编号 {complaint.number}-C1）"),
        row(3, NOW, "x", extended_attributes={"reference": f"{complaint.number}-Uabc"}),
        row(4, NOW, "x", extended_attributes="nonsense"),
    ]

    assert dispatcher(Listing(rows)).find(complaint, since=NOW) is None
    assert dispatcher(Listing(rows)).find(complaint, since=NOW, mark="C1") == "R-2"


def test_without_a_last_line_only_the_attribute_counts() -> None:
    """An empty line is at the end of every description."""
    complaint = complaint_of(filed_at=NOW)

    assert dispatcher(Listing([row(1, NOW)]), description_footer="").find(complaint, since=NOW) is None


def test_a_backend_that_cannot_be_searched_is_not_asked() -> None:
    listing = Listing([])

    assert dispatcher(listing, search="nothing").find(complaint_of(filed_at=NOW), since=NOW) is None
    assert listing.asked == 0


# -- by place, time and words ------------------------------------------------------------------------------------

PLACED = Place("合肥路688号", district="市北区", lat=36.1, lon=120.4, crs="WGS-84")


@pytest.mark.parametrize(
    ("shown", "found"),
    [
        ({"lat": "36.10000", "long": "120.40000"}, True),
        ({"lat": 36.1004, "long": 120.3996}, True),
        ({"lat": 36.2, "long": 120.4}, False),
        ({"lat": "?", "long": "120.4"}, False),
        ({"lat": None, "long": None, "address": "市北区 · 合肥路688号"}, True),
        ({"address": "市北区·合肥路688号"}, True),
        ({"address": "李沧区"}, False),
        ({}, True),
    ],
)
def test_a_request_is_known_by_its_place_and_words(shown: dict[str, Any], found: bool) -> None:
    complaint = complaint_of(filed_at=NOW, place=PLACED)
    listing = Listing([row(1, NOW, complaint.description[:12], **shown)])

    number = dispatcher(listing, search="place").find(complaint, since=NOW)

    assert number == ("R-1" if found else None)


def test_at_the_same_place_other_words_are_another_request() -> None:
    complaint = complaint_of(filed_at=NOW, place=PLACED)
    listing = Listing([row(1, NOW, "垃圾没人收", lat=36.1, long=120.4)])

    assert dispatcher(listing, search="place").find(complaint, since=NOW) is None


def test_what_is_known_to_be_another_tickets_is_passed_over() -> None:
    complaint = complaint_of(filed_at=NOW, place=PLACED)
    listing = Listing([row(count, NOW, complaint.description, lat=36.1, long=120.4) for count in (1, 2)])
    asked = dispatcher(listing, search="place")

    assert asked.find(complaint, since=NOW, taken=lambda number: number == "R-1") == "R-2"
    with pytest.raises(NeedsPerson, match=r"R-1, R-2|R-2, R-1"):
        asked.find(complaint, since=NOW)
