"""What every `Dispatcher` must do: the fake, and the real one against the real demo department."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from integrations import bootstrap
from integrations.clients.open311 import Open311Dispatcher, load_mapping
from integrations.services.dispatch_ports import Dispatcher
from integrations.services.errors import NeedsPerson, Rejected, TryLater
from integrations.services.records import Complaint, Related, Told, UpdateKind
from kb import ticket_number
from kb.content_files import ContentError
from kb.lifecycle import Status, move
from kb.places import Place
from kb.places.coordinates import SYSTEMS, from_wgs84
from kb.responsibility import helping_units, main_unit
from tests import backends
from tests.conftest import API_KEY, Department
from tests.fakes import FakeDispatcher

PHONE = "13812345678"


def complaint_of(**changes: Any) -> Complaint:
    """A complaint filed a moment ago: the department's clock is the real one."""
    now = bootstrap.now()
    made = Complaint(
        id="complaint-1",
        number=ticket_number.new(),
        draft_id="draft-1",
        conversation_id="conversation-1",
        citizen_id="citizen-1",
        incident_id="incident-1",
        description="翠湖小区北门的路灯坏了，三天了",
        category="410102",
        category_confidence=0.9,
        place=Place("合肥路688号", district="市北区", road="合肥路", confidence=0.5),
        since="三天了",
        anonymous=False,
        filed_at=now,
        due_at=now + timedelta(days=1),
        history=(move(None, Status.FILED, at=now, actor="citizen"),),
    )
    return replace(made, **changes)


@pytest.fixture
def complaint() -> Complaint:
    return complaint_of()


@dataclass
class Backend:
    """A department with its dispatcher, and the ways in which it can be brought to fail."""

    dispatcher: Dispatcher
    away: Dispatcher
    lose_answer: Callable[[], object]
    ask_to_wait: Callable[[int], object]
    be_away: Callable[[], object]
    refuse: Callable[[], object]
    do: Callable[[str, str, str], object]
    numbers_of: Callable[[Complaint], list[str]]
    history: bool = True


@pytest.fixture(scope="session")
def processes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], backends.Backend]]:
    """Starts a backend of a kind when it is first asked for."""
    with ExitStack() as stack:
        started: dict[str, backends.Backend] = {}

        def of(kind: str) -> backends.Backend:
            if kind not in started:
                folder = tmp_path_factory.mktemp(kind)
                started[kind] = stack.enter_context(backends.running(kind, folder))
            return started[kind]

        yield of


@pytest.fixture(params=["fake", *sorted(backends.KINDS)])
def backend(request: pytest.FixtureRequest, knowledge: dict[str, Any]) -> Iterator[Backend]:
    if request.param == "fake":
        fake, away = FakeDispatcher(), FakeDispatcher()
        away.away = True
        yield Backend(
            fake,
            away,
            fake.lose_answers,
            fake.ask_to_wait,
            fake.be_away,
            fake.refuse,
            lambda number, event, text: fake.do(number, event, unit=text or None, note=text or None),
            fake.numbers_of,
        )
        return
    real = request.getfixturevalue("processes")(request.param)
    yield Backend(
        real.dispatcher(knowledge["taxonomy"]),
        real.dispatcher(knowledge["taxonomy"], url="http://127.0.0.1:1/open311/v2"),
        lambda: real.order(drop_answer=1),
        lambda seconds: real.order(status=429, retry_after=seconds),
        lambda: real.order(status=503),
        lambda: real.order(status=400),
        real.step,
        lambda complaint: real.numbers_of(complaint.number),
        real.history,
    )
    real.clear()


def found_by(backend: Backend, complaint: Complaint, mark: str = "") -> str | None:
    """What the backend shows of it, once it shows it: tokens get their numbers a little later."""
    for _ in range(50):
        if number := backend.dispatcher.find(complaint, mark=mark):
            return number
        time.sleep(0.05)
    return None


# -- the contract ------------------------------------------------------------------------------------------------


def test_a_filed_complaint_has_a_number_and_is_found_by_our_reference(backend: Backend, complaint: Complaint) -> None:
    assert backend.dispatcher.find(complaint) is None

    number = backend.dispatcher.file(complaint, phone=PHONE)

    assert backend.numbers_of(complaint) == [number]
    assert backend.dispatcher.find(complaint) == number


def test_a_lost_answer_is_to_be_tried_later_and_what_was_filed_is_found(backend: Backend, complaint: Complaint) -> None:
    backend.lose_answer()

    with pytest.raises(TryLater):
        backend.dispatcher.file(complaint, phone=None)

    assert [found_by(backend, complaint)] == backend.numbers_of(complaint)


def test_nothing_protects_from_filing_twice_but_looking_first(backend: Backend, complaint: Complaint) -> None:
    first, second = (backend.dispatcher.file(complaint, phone=None) for _ in range(2))

    assert first != second
    assert backend.dispatcher.find(complaint) in (first, second)


def test_a_department_that_names_a_time_is_believed(backend: Backend, complaint: Complaint) -> None:
    backend.ask_to_wait(7)

    with pytest.raises(TryLater) as later:
        backend.dispatcher.file(complaint, phone=None)

    assert later.value.after == 7
    assert backend.numbers_of(complaint) == []


def test_a_department_in_trouble_is_to_be_tried_later(backend: Backend, complaint: Complaint) -> None:
    backend.be_away()

    with pytest.raises(TryLater) as later:
        backend.dispatcher.file(complaint, phone=None)

    assert later.value.after is None
    assert backend.dispatcher.file(complaint, phone=None)


def test_a_refusal_needs_a_person(backend: Backend, complaint: Complaint) -> None:
    backend.refuse()

    with pytest.raises(NeedsPerson):
        backend.dispatcher.file(complaint, phone=None)


def test_updates_come_in_order_with_the_departments_words(backend: Backend, complaint: Complaint) -> None:
    number = backend.dispatcher.file(complaint, phone=None)
    assert [one for one in backend.dispatcher.updates(number) if one.event] == []
    for event, text in (("accepted", ""), ("assigned", "照明三班"), ("answered", "明天修"), ("closed", "修好了")):
        backend.do(number, event, text)

    updates = backend.dispatcher.updates(number)

    whole = [(1, "accepted"), (2, "assigned"), (3, "answered"), (4, "closed")]
    assert [(one.sequence, one.event) for one in updates] == (whole if backend.history else [(0, "closed")])
    assert updates[-1].note == "修好了"
    assert not backend.history or updates[1].unit == "照明三班"
    assert all(one.at.tzinfo is not None for one in updates)


def test_a_request_that_the_department_does_not_know_is_rejected(backend: Backend) -> None:
    with pytest.raises(Rejected):
        backend.dispatcher.updates("DC-20000101-9999")


def test_a_department_that_answers_says_nothing(backend: Backend) -> None:
    backend.dispatcher.ping()


@pytest.mark.parametrize(
    "what",
    [
        lambda dispatcher, complaint: dispatcher.file(complaint, phone=None),
        lambda dispatcher, complaint: dispatcher.find(complaint),
        lambda dispatcher, _: dispatcher.updates("DC-0001"),
        lambda dispatcher, _: dispatcher.ping(),
    ],
    ids=["file", "find", "updates", "ping"],
)
def test_a_department_that_is_away_is_to_be_tried_later(
    backend: Backend, complaint: Complaint, what: Callable[[Dispatcher, Complaint], object]
) -> None:
    with pytest.raises(TryLater):
        what(backend.away, complaint)


def test_a_token_that_the_department_never_gave_is_rejected(backend: Backend) -> None:
    with pytest.raises(Rejected):
        backend.dispatcher.number_of("never")


def told(kind: UpdateKind = UpdateKind.URGE, key: str = "urge-1", text: str = "请快一点") -> Told:
    return Told(kind, key, text, bootstrap.now())


@pytest.mark.parametrize("kind", UpdateKind)
def test_something_more_is_told_of_a_request_that_is_there(
    backend: Backend, complaint: Complaint, kind: UpdateKind
) -> None:
    number = backend.dispatcher.file(complaint, phone=None)

    follow_up = backend.dispatcher.update(complaint, number, told(kind), mark="U1")

    assert (follow_up is not None) is backend.dispatcher.tells_by_request
    if follow_up:
        assert backend.dispatcher.find(complaint, mark="U1") == follow_up
    assert backend.dispatcher.find(complaint) == number


def test_an_update_whose_answer_was_lost_can_be_told_again_or_found(backend: Backend, complaint: Complaint) -> None:
    number = backend.dispatcher.file(complaint, phone=None)
    backend.lose_answer()

    with pytest.raises(TryLater):
        backend.dispatcher.update(complaint, number, told(), mark="U1")

    if backend.dispatcher.tells_by_request:
        assert found_by(backend, complaint, mark="U1")
    else:
        assert backend.dispatcher.update(complaint, number, told(), mark="U1") is None


def test_a_helping_unit_hears_by_a_request_of_its_own(backend: Backend, complaint: Complaint) -> None:
    number = backend.dispatcher.file(complaint, phone=None)

    copy = backend.dispatcher.copy(complaint, number, unit="街道办事处", mark="C1")

    assert copy != number
    assert backend.dispatcher.find(complaint, mark="C1") == copy
    assert backend.numbers_of(complaint) == [number]


# -- Open311 only ------------------------------------------------------------------------------------------------


@dataclass
class Scripted:
    """A backend that answers as told, and remembers what it was asked."""

    answers: list[httpx.Response | Exception]
    asked: list[httpx.Request]

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)

    def form(self) -> dict[str, str]:
        return dict(httpx.QueryParams(self.asked[0].content.decode()))


def scripted(
    knowledge: dict[str, Any], *answers: httpx.Response | Exception, **how: Any
) -> tuple[Open311Dispatcher, Scripted]:
    backend = Scripted(list(answers), [])
    dispatcher = Open311Dispatcher(
        "http://backend/v2",
        api_key=API_KEY,
        taxonomy=knowledge["taxonomy"],
        mapping=load_mapping(),
        transport=httpx.MockTransport(backend),
        sleep=lambda _seconds: None,
        **how,
    )
    return dispatcher, backend


OK = httpx.Response(200, json=[{"service_request_id": "R-1"}])


def test_the_form_carries_reference_category_address_and_phone(knowledge: dict[str, Any]) -> None:
    dispatcher, backend = scripted(knowledge, OK, jurisdiction="qingdao")
    pinned = Place("合肥路688号", district="市北区", lat=36.1, lon=120.4, crs="WGS-84")
    complaint = complaint_of(place=pinned)

    assert dispatcher.file(complaint, phone=PHONE) == "R-1"

    form = backend.form()
    assert form["service_code"] == "QD-41"
    assert form["attribute[REFERENCE]"] == complaint.number
    assert form["attribute[CATEGORY]"].startswith("410102 ")
    assert form["attribute[REQUEST_TYPE]"] == "投诉"
    assert form["description"].endswith(f"（诉求编号 {complaint.number}）")
    assert (form["address_string"], form["lat"], form["long"]) == ("市北区 · 合肥路688号", "36.100000", "120.400000")
    assert (form["phone"], form["jurisdiction_id"], form["api_key"]) == (PHONE, "qingdao", API_KEY)


def test_a_place_that_nobody_knows_is_said_in_words(knowledge: dict[str, Any]) -> None:
    dispatcher, backend = scripted(knowledge, OK)

    dispatcher.file(complaint_of(place=None), phone=None)

    assert backend.form()["address_string"] == load_mapping().unknown_address
    assert "lat" not in backend.form()


def test_coordinates_of_another_crs_are_not_passed_for_wgs84(knowledge: dict[str, Any]) -> None:
    """GeoReport's lat and long are WGS-84; GCJ-02 taken for it is some 500 metres off."""
    dispatcher, backend = scripted(knowledge, OK)
    gcj = Place("地图上的定位", lat=36.1, lon=120.4, crs="GCJ-02")

    dispatcher.file(complaint_of(place=gcj), phone=None)

    assert (backend.form().get("lat"), backend.form().get("long")) != ("36.100000", "120.400000")


@pytest.mark.parametrize("crs", SYSTEMS)
def test_a_coordinate_of_every_system_is_sent_as_wgs84(knowledge: dict[str, Any], crs: str) -> None:
    dispatcher, backend = scripted(knowledge, OK)
    lat, lon = from_wgs84((36.1062, 120.3826), crs)

    dispatcher.file(complaint_of(place=Place("定位", lat=lat, lon=lon, crs=crs)), phone=None)

    assert (backend.form()["lat"], backend.form()["long"]) == ("36.106200", "120.382600")


PLACE_ATTRIBUTES = ("DISTRICT", "STREET", "COMMUNITY", "PLACE_CONFIDENCE", "GRID", "PROPERTY", "HEATING", "GAS", "ZONE")


def place_attributes(form: dict[str, str]) -> dict[str, str]:
    return {code: form[key] for code in PLACE_ATTRIBUTES if (key := f"attribute[{code}]") in form}


@pytest.mark.parametrize(
    "place", [None, Place(""), Place("老槐树东头", confidence=0.1)], ids=["none", "empty", "words"]
)
def test_of_a_place_nothing_is_sent_that_is_not_known(knowledge: dict[str, Any], place: Place | None) -> None:
    dispatcher, backend = scripted(knowledge, OK)

    dispatcher.file(complaint_of(place=place), phone=None)

    sent = place_attributes(backend.form())
    assert sent == ({"PLACE_CONFIDENCE": f"{place.confidence:.2f}"} if place else {})
    assert not {"lat", "long"} & set(backend.form())
    assert "" not in sent.values()


def test_a_place_is_told_by_code_and_name_with_the_citys_layers(knowledge: dict[str, Any]) -> None:
    dispatcher, backend = scripted(knowledge, OK)
    place = Place(
        "合肥路688号",
        district="市北区",
        district_code="370203",
        street="合肥路街道",
        street_code="370203028",
        community="翠湖",
        community_code="370203028001",
        layers=(("grid", "G-17"), ("heating", "某某热力；另一家"), ("zone", "禁烧区"), ("other", "别的")),
        confidence=0.956,
    )

    dispatcher.file(complaint_of(place=place), phone=None)

    assert place_attributes(backend.form()) == {
        "DISTRICT": "370203 市北区",
        "STREET": "370203028 合肥路街道",
        "COMMUNITY": "370203028001 翠湖",
        "PLACE_CONFIDENCE": "0.96",
        "GRID": "G-17",
        "HEATING": "某某热力；另一家",
        "ZONE": "禁烧区",
    }
    assert "别的" not in str(backend.form())


def test_a_street_of_former_days_is_told_by_its_name_alone(knowledge: dict[str, Any]) -> None:
    dispatcher, backend = scripted(knowledge, OK)

    dispatcher.file(complaint_of(place=Place("x", district="市北区", street="老街道")), phone=None)

    assert place_attributes(backend.form()) == {"DISTRICT": "市北区", "STREET": "老街道", "PLACE_CONFIDENCE": "0.00"}


def test_a_mapping_of_before_sends_none_of_the_attributes_of_a_place(knowledge: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "mapping.yml"
    path.write_text(
        "service_code: X-{level1}\nattributes: {reference: REF, grid: ''}\n"
        "description_footer: '({reference})'\nunknown_address: '?'\nextension: more\n",
        encoding="utf-8",
    )
    backend = Scripted([OK], [])
    dispatcher = Open311Dispatcher(
        "http://backend/v2",
        api_key=API_KEY,
        taxonomy=knowledge["taxonomy"],
        mapping=load_mapping(path),
        transport=httpx.MockTransport(backend),
    )

    place = Place("合肥路", district="市北区", district_code="370203", layers=(("grid", "G-17"),))
    dispatcher.file(complaint_of(place=place), phone=None)

    assert [key for key in backend.form() if key.startswith("attribute")] == ["attribute[REF]"]


def test_the_department_keeps_every_attribute_of_the_place(knowledge: dict[str, Any], department: Department) -> None:
    dispatcher = Open311Dispatcher(
        department.open311, api_key=API_KEY, taxonomy=knowledge["taxonomy"], mapping=load_mapping()
    )
    layers = tuple((kind, f"{kind}的值") for kind in ("grid", "property", "heating", "gas", "zone"))
    place = Place("x", "市北区", "370203", "合肥路街道", "370203028", "翠湖", "370203028001", layers=layers)

    read = department.read(dispatcher.file(complaint_of(place=place), phone=None))

    kept = {one["code"]: one["value"] for one in read["extended_attributes"]["attributes"]}
    assert set(PLACE_ATTRIBUTES) <= set(kept)
    assert kept["ZONE"] == "zone的值"


def test_an_anonymous_citizen_stays_anonymous(knowledge: dict[str, Any]) -> None:
    dispatcher, backend = scripted(knowledge, OK)

    dispatcher.file(complaint_of(anonymous=True, description=f"路灯坏了，我电话{PHONE}"), phone=PHONE)

    assert "phone" not in backend.form()
    assert PHONE not in backend.form()["description"]


def test_a_token_is_changed_into_a_number(knowledge: dict[str, Any]) -> None:
    token = httpx.Response(200, json=[{"token": "T-1"}])
    waiting = httpx.Response(200, json=[{"token": "T-1", "service_request_id": ""}])
    dispatcher, backend = scripted(knowledge, token, waiting, waiting, OK)

    assert dispatcher.file(complaint_of(), phone=None) == "R-1"
    assert backend.asked[-1].url.path == "/v2/tokens/T-1.json"


def test_a_token_that_never_becomes_a_number_is_to_be_tried_later(knowledge: dict[str, Any]) -> None:
    token = httpx.Response(200, json=[{"token": "T-1"}])

    with pytest.raises(TryLater):
        scripted(knowledge, token)[0].file(complaint_of(), phone=None)


ODD = [
    httpx.Response(200, json=[]),
    httpx.Response(200, json={}),
    httpx.Response(200, json={"error": "oops"}),
    httpx.Response(200, json=["oops"]),
    httpx.Response(200, json=None),
    httpx.Response(200, text="<html>"),
]


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: odd.text[:16])
def test_an_answer_to_filing_that_is_none_is_to_be_tried_later(knowledge: dict[str, Any], odd: httpx.Response) -> None:
    with pytest.raises(TryLater):
        scripted(knowledge, odd)[0].file(complaint_of(), phone=None)


@pytest.mark.parametrize("odd", [one for one in ODD if one.text != "[]"], ids=lambda odd: odd.text[:16])
def test_a_list_that_is_none_is_not_taken_for_an_empty_one(knowledge: dict[str, Any], odd: httpx.Response) -> None:
    """An answer that says nothing must not lead to a second request."""
    with pytest.raises((TryLater, NeedsPerson)):
        scripted(knowledge, odd)[0].find(complaint_of())


@pytest.mark.parametrize(
    "history",
    [
        [{"sequence": "one", "event": "accepted", "at": "2026-11-21T10:00:00+08:00"}],
        [{"sequence": 1, "event": "accepted", "at": "yesterday"}],
        [{"event": "accepted"}],
        ["accepted"],
        "accepted",
    ],
    ids=json.dumps,
)
def test_updates_that_cannot_be_read_are_an_error_by_name(knowledge: dict[str, Any], history: object) -> None:
    odd = httpx.Response(200, json=[{"extended_attributes": {"history": history}}])

    with pytest.raises((TryLater, NeedsPerson, Rejected)):
        scripted(knowledge, odd)[0].updates("R-1")


def test_a_backend_without_history_tells_of_the_closing(knowledge: dict[str, Any]) -> None:
    closed = {"status": "closed", "updated_datetime": "2026-11-21T10:00:00+08:00", "status_notes": "修好了"}

    (update,) = scripted(knowledge, httpx.Response(200, json=[closed]))[0].updates("R-1")

    assert (update.sequence, update.event, update.note) == (0, "closed", "修好了")


def test_a_backend_that_keeps_no_attributes_is_searched_by_the_last_line(knowledge: dict[str, Any]) -> None:
    complaint = complaint_of()
    footer = f"路灯坏了\n（诉求编号 {complaint.number}）"
    rows = [{"service_request_id": "R-0", "description": "路灯"}, {"service_request_id": "R-1", "description": footer}]

    assert scripted(knowledge, httpx.Response(200, json=rows))[0].find(complaint) == "R-1"


def test_a_citizen_who_writes_somebody_elses_number_does_not_take_the_request(knowledge: dict[str, Any]) -> None:
    complaint = complaint_of()
    rows = [{"service_request_id": "R-9", "description": f"（诉求编号 {complaint.number}）还没修好"}]

    assert scripted(knowledge, httpx.Response(200, json=rows))[0].find(complaint) is None


def test_a_backend_without_pages_is_not_asked_for_ever(knowledge: dict[str, Any]) -> None:
    rows = [{"service_request_id": "R-0", "description": "路灯"}]
    dispatcher, backend = scripted(knowledge, httpx.Response(200, json=rows))

    assert dispatcher.find(complaint_of()) is None
    assert len(backend.asked) == 2


def test_a_complaint_that_was_stuck_for_months_can_still_be_looked_for(
    knowledge: dict[str, Any], department: Department
) -> None:
    """GeoReport allows at most 90 days between start_date and end_date."""
    dispatcher = Open311Dispatcher(
        department.open311, api_key=API_KEY, taxonomy=knowledge["taxonomy"], mapping=load_mapping()
    )
    old = complaint_of(filed_at=datetime.now(UTC) - timedelta(days=100))

    assert dispatcher.find(old) is None
    number = dispatcher.file(old, phone=None)
    assert dispatcher.find(old) == number


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 422])
def test_a_refusal_names_the_backends_own_words(knowledge: dict[str, Any], status: int) -> None:
    refusal = httpx.Response(status, json=[{"code": status, "description": "service_code is unknown"}])

    with pytest.raises(NeedsPerson, match=f"{status} service_code is unknown"):
        scripted(knowledge, refusal)[0].file(complaint_of(), phone=None)


@pytest.mark.parametrize(("value", "after"), [("3", 3.0), ("999999", 3600.0), ("soon", None), ("-1", None), ("", None)])
def test_only_a_sensible_time_is_believed(knowledge: dict[str, Any], value: str, after: float | None) -> None:
    busy = httpx.Response(429, headers={"Retry-After": value})

    with pytest.raises(TryLater) as later:
        scripted(knowledge, busy)[0].file(complaint_of(), phone=None)

    assert later.value.after == after


@pytest.mark.parametrize("error", [httpx.ConnectError, httpx.ReadTimeout, httpx.RemoteProtocolError, httpx.PoolTimeout])
def test_every_way_of_not_answering_is_to_be_tried_later(
    knowledge: dict[str, Any], error: Callable[[str], Exception]
) -> None:
    with pytest.raises(TryLater):
        scripted(knowledge, error("x"))[0].file(complaint_of(), phone=None)


def test_an_update_carries_key_time_and_words_and_hides_what_is_personal(knowledge: dict[str, Any]) -> None:
    dispatcher, backend = scripted(knowledge, httpx.Response(200, json=[{}]))
    at = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
    more = Told(UpdateKind.SUPPLEMENT, "supplement-1", f"打我电话{PHONE}", at)

    dispatcher.update(complaint_of(anonymous=True), "DC/1", more)

    assert backend.asked[0].url.raw_path == b"/v2/requests/DC%2F1/updates.json"
    form = backend.form()
    assert (form["kind"], form["key"], form["at"]) == ("supplement", "supplement-1", "2026-11-21T02:00:00Z")
    assert PHONE not in form["text"]
    assert form["api_key"] == API_KEY


@pytest.mark.parametrize(
    ("kind", "sent", "words"),
    [(UpdateKind.LEAVES, "supplement", "其余反映人仍在等候"), (UpdateKind.DOUBLE, "withdraw", "工单 DC-1 重复")],
)
def test_what_only_we_tell_apart_goes_as_the_nearest_that_the_backend_knows(
    knowledge: dict[str, Any], kind: UpdateKind, sent: str, words: str
) -> None:
    dispatcher, backend = scripted(knowledge, httpx.Response(200, json=[{}]))

    dispatcher.update(complaint_of(), "DC-2", told(kind, text="DC-1"))

    assert backend.form()["kind"] == sent
    assert words in backend.form()["text"]


def test_a_backend_that_takes_no_updates_needs_a_person(knowledge: dict[str, Any]) -> None:
    backend = Scripted([OK], [])
    dispatcher = Open311Dispatcher(
        "http://backend/v2",
        api_key=API_KEY,
        taxonomy=knowledge["taxonomy"],
        mapping=load_mapping().model_copy(update={"updates": "none"}),
        transport=httpx.MockTransport(backend),
    )

    with pytest.raises(NeedsPerson, match="DC-1"):
        dispatcher.update(complaint_of(), "DC-1", told())
    assert backend.asked == []


def test_a_request_of_a_helping_unit_is_without_the_citizens_phone(knowledge: dict[str, Any]) -> None:
    dispatcher, backend = scripted(knowledge, OK)

    dispatcher.copy(complaint_of(), "DC-1", unit="街道办事处", mark="C1")

    form = backend.form()
    assert "phone" not in form
    assert (form["attribute[INCIDENT]"], form["attribute[UNIT]"]) == ("DC-1", "街道办事处")
    assert "（协办：街道办事处；主办工单 DC-1" in form["description"]


def test_what_may_be_the_second_says_so_before_its_last_line(knowledge: dict[str, Any]) -> None:
    dispatcher, backend = scripted(knowledge, OK)
    complaint = complaint_of()

    dispatcher.file(complaint, phone=None, again=True)

    *_, line, footer = backend.form()["description"].splitlines()
    assert "可能已送过一次" in line
    assert footer == f"（诉求编号 {complaint.number}）"


def test_due_date_and_units_go_with_the_request(knowledge: dict[str, Any]) -> None:
    dispatcher, backend = scripted(knowledge, OK)
    complaint = complaint_of(due_at=datetime(2026, 11, 23, 9, 30, tzinfo=UTC))
    leaf = knowledge["taxonomy"].leaf(complaint.category)

    dispatcher.file(complaint, phone=None)

    form = backend.form()
    assert form["attribute[DUE]"] == "2026-11-23T17:30:00+08:00"
    assert form["attribute[MAIN_UNIT]"] == main_unit(leaf, complaint.place) != ""
    assert form.get("attribute[CO_UNITS]", "") == "；".join(helping_units(leaf, complaint.place)) != ""


def test_more_of_an_update_is_read_where_the_department_says_it(knowledge: dict[str, Any]) -> None:
    entry = {
        "sequence": "1",
        "event": "extended",
        "at": "2026-11-21T10:00:00+08:00",
        "due_at": "2026-12-01T17:30:00+08:00",
        "note": "等材料",
        "photos": ["https://d/1.jpg"],
        "solved": False,
        "by": "李强",
    }
    shown = {"service_request_id": "R-1", "extended_attributes": {"history": [entry, {**entry, "photos": None}]}}

    first, _ = scripted(knowledge, httpx.Response(200, json=[shown]))[0].updates("R-1")

    assert first.due_at == datetime(2026, 12, 1, 9, 30, tzinfo=UTC)
    assert (first.photos, first.solved, first.by) == (("https://d/1.jpg",), False, "李强")


def test_the_department_says_the_same_in_xml(knowledge: dict[str, Any], department: Department) -> None:
    def speaking(form: str) -> Open311Dispatcher:
        mapping = load_mapping().model_copy(update={"format": form})
        return Open311Dispatcher(department.open311, api_key=API_KEY, taxonomy=knowledge["taxonomy"], mapping=mapping)

    complaint = complaint_of()
    number = speaking("xml").file(complaint, phone=PHONE)
    speaking("xml").update(complaint, number, told())
    for event, text in (("accepted", ""), ("assigned", "照明三班"), ("closed", "修好了")):
        department.step(number, event, text)
    speaking("xml").update(complaint, number, told(UpdateKind.RECHECK, "recheck:1", "还是不亮"))
    department.recheck(number, "没修好", solved=False)

    in_xml, in_json = (speaking(form).updates(number) for form in ("xml", "json"))

    assert in_xml == in_json
    assert in_xml[-1].solved is False
    assert speaking("xml").find(complaint) == number
    assert speaking("xml").services() != []


def test_a_status_word_that_the_mapping_does_not_know_is_not_guessed(knowledge: dict[str, Any]) -> None:
    odd = httpx.Response(200, json=[{"service_request_id": "R-1", "status": "paused"}])

    with pytest.raises(TryLater):
        scripted(knowledge, odd)[0].updates("R-1")


def test_a_wrong_mapping_names_file_line_and_key(tmp_path: Path) -> None:
    path = tmp_path / "mapping.yml"
    path.write_text("service_code: X\nattributes: {}\ndescription_footer: y\nunknown_address: z\n", encoding="utf-8")

    with pytest.raises(ContentError, match=r"mapping.yml:1: extension: .*missing"):
        load_mapping(path)


# -- what a request has to do with others ----------------------------------------------------------------------------


def test_a_joining_is_told_by_a_request_that_is_found_again(backend: Backend, complaint: Complaint) -> None:
    first = backend.dispatcher.file(complaint_of(), phone=None)

    note = backend.dispatcher.join(complaint, phone=None, related=Related(2, first))

    assert note
    assert note != first
    assert backend.dispatcher.find(complaint) == note


def test_a_joining_whose_answer_was_lost_is_found_again(backend: Backend, complaint: Complaint) -> None:
    first = backend.dispatcher.file(complaint_of(), phone=None)
    backend.lose_answer()

    with pytest.raises(TryLater):
        backend.dispatcher.join(complaint, phone=None, related=Related(2, first))

    assert found_by(backend, complaint)


@pytest.mark.parametrize(
    ("related", "attributes", "line"),
    [
        (Related(), {}, None),
        (Related(people=4), {"PEOPLE": "4"}, None),
        (
            Related(2, "DC-1"),
            {"PEOPLE": "2", "INCIDENT": "DC-1"},
            "（与工单 DC-1 为同一问题，已有 2 人反映，请并案处理）",
        ),
        (
            Related(1, "DC-1"),
            {"PEOPLE": "1", "INCIDENT": "DC-1"},
            "（与工单 DC-1 为同一问题，已有 1 人反映，请并案处理）",
        ),
        (Related(recurrence_of="DC-9"), {"RECURRENCE_OF": "DC-9"}, "（工单 DC-9 办结后再次出现）"),
    ],
)
def test_other_requests_are_named_in_attributes_and_before_the_last_line(
    knowledge: dict[str, Any], related: Related, attributes: dict[str, str], line: str | None
) -> None:
    dispatcher, backend = scripted(knowledge, OK)
    complaint = complaint_of()

    dispatcher.file(complaint, phone=None, related=related)

    form = backend.form()
    codes = ("PEOPLE", "INCIDENT", "RECURRENCE_OF")
    assert {code: form[key] for code in codes if (key := f"attribute[{code}]") in form} == attributes
    *words, footer = form["description"].splitlines()
    assert words == [complaint.description, *([line] if line else [])]
    assert complaint.number in footer


def test_a_backend_that_is_not_to_hear_of_joinings_is_not_told(knowledge: dict[str, Any]) -> None:
    backend = Scripted([], [])
    dispatcher = Open311Dispatcher(
        "http://backend/v2",
        api_key=API_KEY,
        taxonomy=knowledge["taxonomy"],
        mapping=load_mapping().model_copy(update={"tell_of_joining": False}),
        transport=httpx.MockTransport(backend),
    )

    assert dispatcher.join(complaint_of(), phone=None, related=Related(2, "DC-1")) is None


def test_the_department_reads_how_many_are_affected_and_which_request_was_first(
    department: Department, knowledge: dict[str, Any]
) -> None:
    dispatcher = Open311Dispatcher(
        department.open311, api_key=API_KEY, taxonomy=knowledge["taxonomy"], mapping=load_mapping()
    )
    before = dispatcher.file(complaint_of(), phone=None)
    first = dispatcher.file(complaint_of(), phone=None, related=Related(recurrence_of=before))

    note = dispatcher.join(complaint_of(), phone=None, related=Related(3, first))

    def told(number: str) -> dict[str, str]:
        rows = department.read(number)["extended_attributes"]["attributes"]
        return {row["code"]: row["value"] for row in rows if row["code"] in ("PEOPLE", "INCIDENT", "RECURRENCE_OF")}

    assert told(before) == {}
    assert told(first) == {"RECURRENCE_OF": before}
    assert told(note or "") == {"PEOPLE": "3", "INCIDENT": first}
