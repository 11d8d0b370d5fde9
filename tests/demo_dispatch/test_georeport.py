"""Open311 GeoReport v2 as its clients see it."""

from datetime import datetime
from xml.etree import ElementTree

import pytest

from integrations.demo_dispatch.catalogue import load_catalogue

from .conftest import Citizen, StillClock

V2 = "/open311/v2"


def test_discovery_names_the_endpoint_and_both_formats(citizen: Citizen) -> None:
    endpoint = citizen.client.get(f"{V2}/discovery.json").json()["endpoints"][0]

    assert endpoint["specification"] == "http://wiki.open311.org/GeoReport_v2"
    assert endpoint["url"] == "http://testserver/open311/v2"
    assert endpoint["formats"] == ["application/json", "text/xml"]


def test_every_category_of_level_one_is_a_service(citizen: Citizen) -> None:
    services = citizen.client.get(f"{V2}/services.json").json()

    assert len(services) == 37
    assert services[4]["service_name"] == "室温不达标"
    assert {s["group"] for s in services} == {
        "燃气", "供热", "环境卫生", "市容景观", "物业管理", "综合行政执法", "其他",
    }  # fmt: skip
    assert all(s["metadata"] is True and s["type"] == "realtime" for s in services)


def test_every_service_has_a_definition_with_our_attributes(citizen: Citizen) -> None:
    for code in load_catalogue().services:
        definition = citizen.client.get(f"{V2}/services/{code}.json").json()
        assert definition["service_code"] == code
        assert [(a["code"], a["datatype"], a["required"]) for a in definition["attributes"]] == [
            ("REFERENCE", "string", False),
            ("CATEGORY", "string", False),
            ("URGENCY", "singlevaluelist", False),
            ("REQUEST_TYPE", "singlevaluelist", False),
            ("DISTRICT", "string", False),
            ("STREET", "string", False),
            ("COMMUNITY", "string", False),
            ("PLACE_CONFIDENCE", "string", False),
            ("GRID", "string", False),
            ("PROPERTY", "string", False),
            ("HEATING", "string", False),
            ("GAS", "string", False),
            ("ZONE", "string", False),
            ("PEOPLE", "number", False),
            ("INCIDENT", "string", False),
            ("DUE", "datetime", False),
            ("MAIN_UNIT", "string", False),
            ("CO_UNITS", "string", False),
            ("RECURRENCE_OF", "string", False),
        ]


def test_a_filed_request_can_be_read_back_in_full(citizen: Citizen) -> None:
    answer = citizen.post(
        lat="36.0986",
        long="120.4123",
        media_url="https://example.org/a.jpg",
        account_id="u1",
        **{"attribute[PEOPLE]": "3"},
    )

    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    receipt = answer.json()[0]
    assert receipt["service_request_id"] == "DC-20261121-0001"
    assert receipt["account_id"] == "u1"
    assert citizen.read("DC-20261121-0001") == {
        "service_request_id": "DC-20261121-0001",
        "status": "open",
        "status_notes": None,
        "service_name": "照明与亮化",
        "service_code": "QD-41",
        "description": "路灯坏了，三天了",
        "agency_responsible": None,
        "service_notice": receipt["service_notice"],
        "requested_datetime": "2026-11-21T09:30:00+08:00",
        "updated_datetime": "2026-11-21T09:30:00+08:00",
        "expected_datetime": None,
        "address": "市北区合肥路688号翠湖花园三期北门",
        "address_id": None,
        "zipcode": None,
        "lat": 36.0986,
        "long": 120.4123,
        "media_url": "https://example.org/a.jpg",
        "extended_attributes": {
            "reference": "QD20261121000001",
            "state": "received",
            "attributes": [
                {"code": "REFERENCE", "value": "QD20261121000001"},
                {"code": "PEOPLE", "value": "3"},
            ],
            "history": [],
            "updates": [],
        },
    }


def test_the_callers_name_and_phone_are_not_given_out(citizen: Citizen) -> None:
    citizen.file(first_name="王先生", phone="13800000000", email="w@example.org", device_id="d9")

    answer = citizen.client.get(f"{V2}/requests.json").text

    assert not any(word in answer for word in ("王先生", "13800000000", "w@example", "d9"))


def test_the_same_post_twice_makes_two_requests(citizen: Citizen) -> None:
    assert [citizen.file(), citizen.file()] == ["DC-20261121-0001", "DC-20261121-0002"]


def test_numbers_start_again_every_qingdao_day(citizen: Citizen, clock: StillClock) -> None:
    citizen.file()
    clock.move(hours=14, minutes=30)  # midnight in Qingdao, still the 21st in UTC

    assert citizen.file() == "DC-20261122-0001"


def test_coordinates_alone_are_a_place(citizen: Citizen) -> None:
    number = citizen.file(address_string=None, lat="36.1", long="120.4")

    assert citizen.read(number)["address"] is None


REFUSALS: list[tuple[dict[str, str | None], int, str]] = [
    ({"api_key": None}, 403, "api_key is missing."),
    ({"api_key": "wrong"}, 403, "api_key is invalid."),
    ({"api_key": "错"}, 403, "api_key is invalid."),
    ({"service_code": None}, 400, "service_code is missing."),
    ({"service_code": "QD-99"}, 404, "service_code 'QD-99' was not found."),
    ({"address_string": None}, 400, "A place is missing: give address_string, address_id, or lat and long."),
    ({"lat": "36.1"}, 400, "lat and long are only of use together."),
    ({"lat": "36.1", "long": "nan"}, 400, "long is not a number of WGS-84 degrees."),
    ({"lat": "91", "long": "120"}, 400, "lat is not a number of WGS-84 degrees."),
    ({"description": "长" * 4001}, 400, "description is longer than 4000 characters."),
    ({"media_url": "javascript:alert(1)"}, 400, "media_url is not an http or https address."),
    ({"attribute[PEOPLE]": "许多"}, 400, "attribute[PEOPLE] is not a number."),
    ({"attribute[<x>]": "1"}, 400, "'attribute[<x>]' is not of the form attribute[code]."),
    ({"attribute[URGENCY]": "很急"}, 400, "attribute[URGENCY] is none of 一般, 紧急, 特急."),
    ({"attribute[DUE]": "明天"}, 400, "attribute[DUE] is not a date and time with its offset."),
    ({"attribute[DUE]": "2026-11-25T17:30:00"}, 400, "attribute[DUE] is not a date and time with its offset."),
    ({"attribute[DUE]": "0001-01-01T00:00:00+14:00"}, 400, "attribute[DUE] is not a date and time with its offset."),
    ({"attribute[GRID]": "一\n二"}, 400, "attribute[GRID] has line breaks."),
]


@pytest.mark.parametrize(("changes", "status", "description"), REFUSALS)
def test_a_bad_request_is_refused_with_its_reason_and_not_stored(
    citizen: Citizen, changes: dict[str, str | None], status: int, description: str
) -> None:
    answer = citizen.post(**changes)

    assert answer.status_code == status
    assert answer.json() == [{"code": status, "description": description}]
    assert citizen.numbers() == []


def test_all_problems_are_told_at_once(citizen: Citizen) -> None:
    answer = citizen.post(service_code=None, address_string=None)

    assert [error["code"] for error in answer.json()] == [400, 400]


@pytest.mark.parametrize(
    "path",
    ["services/QD-99", "requests/DC-1", "tokens/DC-1", "nothing"],
)
def test_an_unknown_thing_is_a_404_in_the_format_asked_for(citizen: Citizen, path: str) -> None:
    as_json = citizen.client.get(f"{V2}/{path}.json")
    as_xml = citizen.client.get(f"{V2}/{path}.xml")

    assert (as_json.status_code, as_xml.status_code) == (404, 404)
    assert as_json.json()[0]["code"] == 404
    assert ElementTree.fromstring(as_xml.content).findtext("error/code") == "404"


def test_an_unknown_format_is_a_404_and_stores_nothing(citizen: Citizen) -> None:
    assert citizen.client.get(f"{V2}/services.csv").status_code == 404
    assert citizen.post("csv").status_code == 404
    assert citizen.numbers() == []


def test_a_number_stands_for_its_own_token(citizen: Citizen) -> None:
    number = citizen.file()

    answer = citizen.client.get(f"{V2}/tokens/{number}.json")

    assert answer.json() == [{"service_request_id": number, "token": number}]


def test_xml_says_what_json_says(citizen: Citizen) -> None:
    posted = ElementTree.fromstring(citizen.post("xml", lat="36.1", long="120.4").content)
    number = posted.findtext("request/service_request_id")
    assert posted.tag == "service_requests"
    assert number == "DC-20261121-0001"
    citizen.step(number, "accepted")

    answer = citizen.client.get(f"{V2}/requests/{number}.xml")

    assert answer.headers["content-type"] == "text/xml; charset=utf-8"
    assert answer.text.startswith("<?xml version='1.0' encoding='UTF-8'?>")
    request = ElementTree.fromstring(answer.content).find("request")
    assert request is not None
    as_json = citizen.read(number)
    for name in ("status", "description", "requested_datetime", "service_notice", "address"):
        assert request.findtext(name) == as_json[name]
    assert request.findtext("expected_datetime") == ""
    assert request.findtext("lat") == "36.1"
    assert request.findtext("extended_attributes/history/entry/event") == "accepted"


def test_xml_names_are_those_of_the_standard(citizen: Citizen) -> None:
    def tree(path: str) -> ElementTree.Element:
        return ElementTree.fromstring(citizen.client.get(f"{V2}/{path}.xml").content)

    assert tree("discovery").findtext("endpoints/endpoint/formats/format") == "application/json"
    assert len(tree("services").findall("service")) == 37
    assert tree("services").findtext("service/metadata") == "true"
    assert tree("services/QD-41").findtext("attributes/attribute/code") == "REFERENCE"
    assert tree("requests").tag == "service_requests"


def test_characters_that_xml_forbids_do_not_break_the_document(citizen: Citizen) -> None:
    citizen.file(description="a\x00b\x0b<&>")

    tree = ElementTree.fromstring(citizen.client.get(f"{V2}/requests.xml").content)

    assert tree.findtext("request/description") == "a\ufffdb\ufffd<&>"


def test_requests_are_filtered_by_time_and_both_ends_count(citizen: Citizen, clock: StillClock) -> None:
    early = citizen.file()
    clock.move(hours=1)
    late = citizen.file()

    assert citizen.numbers() == [late, early]
    assert citizen.numbers(start_date="2026-11-21T10:30:00+08:00") == [late]
    assert citizen.numbers(start_date="2026-11-21T02:30:01Z") == []
    assert citizen.numbers(end_date="2026-11-21T01:30:00Z") == [early]
    both = {"start_date": "2026-11-21T00:00:00Z", "end_date": "2026-11-21T03:00:00Z"}
    assert citizen.numbers(**both) == [late, early]


def test_without_dates_only_90_days_are_searched_but_ids_are_always_found(citizen: Citizen, clock: StillClock) -> None:
    number = citizen.file()
    clock.move(days=91)

    assert citizen.numbers() == []
    assert citizen.numbers(service_request_id=f"{number}, DC-unknown", status="closed") == [number]
    assert citizen.numbers(start_date="2026-11-21T00:00:00Z") == [number]


def test_requests_are_filtered_by_status_service_and_page(citizen: Citizen, clock: StillClock) -> None:
    lamp, heat, returned = citizen.file(), citizen.file(service_code="QD-21"), citizen.file()
    citizen.step(returned, "returned", "不归我们")

    assert citizen.numbers(status="open") == [heat, lamp]
    assert citizen.numbers(status="closed") == [returned]
    assert citizen.numbers(status="open,closed") == [returned, heat, lamp]
    assert citizen.numbers(service_code="QD-21,QD-11") == [heat]
    assert citizen.numbers(page_size="2") == [returned, heat]
    assert citizen.numbers(page_size="2", page="2") == [lamp]
    assert citizen.numbers(page="9") == []


@pytest.mark.parametrize(
    "query",
    [
        {"start_date": "yesterday"},
        {"start_date": "2026-11-21T09:30:00"},
        {"start_date": "20261121T093000Z"},
        {"start_date": "2026-W47-6T09:30:00Z"},
        {"start_date": "2026-11-21"},
        {"end_date": "9999-12-31T23:59:59Z"},
        {"start_date": "２０２６-11-21T09:30:00Z"},
        {"end_date": "2026-11-21T09:30:00 08:00"},
        {"start_date": "2026-01-01T00:00:00Z", "end_date": "2026-11-01T00:00:00Z"},
        {"start_date": "2026-11-02T00:00:00Z", "end_date": "2026-11-01T00:00:00Z"},
        {"status": "done"},
        {"page": "0"},
        {"page_size": "1001"},
        {"page": "²"},
    ],
)
def test_an_inquiry_that_cannot_be_understood_is_a_400(citizen: Citizen, query: dict[str, str]) -> None:
    answer = citizen.client.get(f"{V2}/requests.json", params=query)

    assert answer.status_code == 400
    assert answer.json()[0]["code"] == 400


def test_the_end_of_the_calendar_is_no_error(citizen: Citizen) -> None:
    assert citizen.numbers(start_date="9999-12-31T00:00:00Z") == []
    assert citizen.numbers(end_date="0001-01-01T00:00:00Z") == []


def test_a_reader_sees_every_step_with_team_and_note(citizen: Citizen, clock: StillClock) -> None:
    number = citizen.file()
    for step, text in [
        ("accepted", ""),
        ("assigned", "照明设施维护二班"),
        ("answered", "电缆被挖断"),
        ("closed", "已修复"),
    ]:
        clock.move(minutes=10)
        citizen.step(number, step, text)

    request = citizen.read(number)

    assert request["status"] == "closed"
    assert request["status_notes"] == "已修复"
    assert request["agency_responsible"] == "照明设施维护二班"
    assert request["requested_datetime"] == "2026-11-21T09:30:00+08:00"
    assert request["updated_datetime"] == "2026-11-21T10:10:00+08:00"
    assert request["extended_attributes"]["state"] == "closed"
    history = request["extended_attributes"]["history"]
    assert [(e["sequence"], e["event"], e["unit"], e["note"]) for e in history] == [
        (1, "accepted", None, None),
        (2, "assigned", "照明设施维护二班", None),
        (3, "answered", "照明设施维护二班", "电缆被挖断"),
        (4, "closed", "照明设施维护二班", "已修复"),
    ]
    assert datetime.fromisoformat(history[0]["at"]).utcoffset() is not None


def test_health_counts_requests_and_unsent_events(citizen: Citizen) -> None:
    citizen.step(citizen.file(), "accepted")

    assert citizen.client.get("/health").json() == {
        "status": "ok",
        "requests": 1,
        "undelivered_events": 1,
    }
