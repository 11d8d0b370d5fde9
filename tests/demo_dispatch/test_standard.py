"""Every document that the department gives, held against the rules of the standard."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from integrations.demo_dispatch.app import create_app
from integrations.demo_dispatch.settings import Settings

from . import standard
from .conftest import ALL_CHECKS, KEY, Citizen, StillClock
from .test_pictures import a_photo

V2 = "/open311/v2"


def documents(citizen: Citizen, path: str, **query: str) -> Any:
    """The JSON document, which the XML one repeats word for word."""
    as_json = citizen.client.get(f"{V2}/{path}.json", params=query)
    as_xml = citizen.client.get(f"{V2}/{path}.xml", params=query)
    assert as_json.headers["content-type"] == "application/json; charset=utf-8"
    assert as_xml.headers["content-type"] == "text/xml; charset=utf-8"
    assert as_json.status_code == as_xml.status_code
    assert standard.read_xml(as_xml.content) == standard.as_xml_says(as_json.json())
    return as_json.json()


def test_the_rules_notice_what_is_wrong() -> None:
    good: dict[str, Any] = {
        "service_request_id": "1",
        "status": "open",
        "service_code": "2",
        "requested_datetime": "2026-11-21T09:30:00+08:00",
    }
    assert standard.broken(good, standard.REQUEST) == []
    for wrong in (
        {"service_request_id": 1},
        {"status": "done"},
        {"requested_datetime": "2026-11-21T09:30:00"},
        {"requested_datetime": None},
        {"lat": "36.1"},
        {"description": "长" * 4001},
        {"reference": "QD-1"},
        {"media_url": "javascript:alert(1)"},
    ):
        assert standard.broken(good | wrong, standard.REQUEST)
    assert standard.broken({"status": "open"}, standard.REQUEST)
    assert standard.broken_receipt({"token": "t", "service_request_id": "1"})


def test_the_discovery(citizen: Citizen) -> None:
    discovery = documents(citizen, "discovery")

    assert standard.broken(discovery, standard.DISCOVERY) == []
    assert [standard.broken(one, standard.ENDPOINT) for one in discovery["endpoints"]] == [[]]


def test_the_services_and_their_definitions(citizen: Citizen) -> None:
    for service in documents(citizen, "services"):
        assert standard.broken(service, standard.SERVICE) == []
        definition = documents(citizen, f"services/{service['service_code']}")
        assert standard.broken_definition(definition) == []


def test_requests_in_every_state(citizen: Citizen, clock: StillClock) -> None:
    everything = {
        "lat": "36.1",
        "long": "120.4",
        "media_url": "https://example.org/a.jpg",
        "address_id": "370203-1",
        "attribute[URGENCY]": "紧急",
        "attribute[DUE]": "2026-11-23T17:30:00+08:00",
    }
    number = citizen.file(**everything)
    citizen.file(description=None, address_string=None, lat="36", long="120")
    citizen.step(citizen.file(), "returned", "不归我们")
    steps: list[dict[str, Any]] = [
        {"step": "accepted"},
        {"step": "assigned", "text": "二班"},
        {"step": "co_assigned", "text": "道路一班"},
        {"step": "extended", "text": "等材料", "due": "2026-11-25T17:30"},
        {"step": "answered", "text": "已到场", "photos": [a_photo()]},
        {"step": "closed", "text": "已修复", "clerk": "王敏"},
    ]
    for step in steps:
        clock.move(minutes=1)
        citizen.step(number, **step)
        self_check(citizen)
    for kind in ("urge", "supplement", "recheck"):
        citizen.tell(number, kind, key=kind)
        self_check(citizen)
    citizen.step(number, "rechecked", "确已修好", clerk="李强", solved="yes", checks=ALL_CHECKS)
    self_check(citizen)

    read = citizen.read(number)
    assert read["status"] == "closed"
    assert read["expected_datetime"] == "2026-11-25T17:30:00+08:00"
    assert read["address_id"] == "370203-1"


def self_check(citizen: Citizen) -> None:
    rows = documents(citizen, "requests")
    assert len(rows) == 3
    for row in rows:
        assert standard.broken(row, standard.REQUEST) == []
        assert documents(citizen, f"requests/{row['service_request_id']}") == [row]


@pytest.mark.parametrize("form", ["json", "xml"])
def test_the_receipt_of_a_request(citizen: Citizen, form: str) -> None:
    answer = citizen.post(form, account_id="u1")
    receipt = answer.json()[0] if form == "json" else standard.read_xml(answer.content)[0]

    assert standard.broken_receipt(receipt) == []
    assert receipt["service_request_id"] == "DC-20261121-0001"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("services/QD-99", 404),
        ("requests/DC-1", 404),
        ("tokens/DC-1", 404),
        ("nothing", 404),
        ("requests/DC-1/updates", 400),
    ],
)
def test_errors_of_reading(citizen: Citizen, path: str, status: int) -> None:
    errors = documents(citizen, path)

    assert [standard.broken(error, standard.ERROR) for error in errors] == [[]]
    assert errors[0]["code"] == status
    assert citizen.client.get(f"{V2}/{path}.json").status_code == status


def test_errors_of_posting_are_a_list_in_the_format_asked_for(citizen: Citizen) -> None:
    for fields in ({"api_key": None}, {"service_code": None, "lat": "x"}, {"service_code": "QD-99"}):
        as_json, as_xml = citizen.post(**fields), citizen.post("xml", **fields)
        assert as_json.status_code == as_xml.status_code
        assert as_json.status_code in (400, 403, 404)
        assert [standard.broken(error, standard.ERROR) for error in as_json.json()] == [[]] * len(as_json.json())
        assert standard.read_xml(as_xml.content) == standard.as_xml_says(as_json.json())


def test_a_body_that_is_no_form_is_refused_by_name(citizen: Citizen) -> None:
    answer = citizen.client.post(f"{V2}/requests.json", json={"api_key": KEY, "service_code": "QD-41"})

    assert answer.status_code == 400
    assert "application/x-www-form-urlencoded" in answer.json()[0]["description"]
    assert citizen.numbers() == []


def test_a_body_without_end_is_refused_in_the_standards_way(citizen: Citizen) -> None:
    answer = citizen.post("xml", description="长" * 200_000)

    assert answer.status_code == 400
    assert standard.read_xml(answer.content)[0]["code"] == "400"


def test_what_is_empty_is_as_if_it_were_not_there(citizen: Citizen) -> None:
    number = citizen.file(lat="", long="", media_url="", jurisdiction_id="", email="")

    assert citizen.read(number)["media_url"] is None
    assert citizen.numbers(status="", start_date="", service_code="", page="", service_request_id="") == [number]


def test_lists_come_with_commas_or_by_repeating_the_name(citizen: Citizen) -> None:
    first, second, third = (citizen.file() for _ in range(3))
    query = [("service_request_id", f"{first}, {second}"), ("service_request_id", third)]

    answer = citizen.client.get(f"{V2}/requests.json", params=query)

    assert [row["service_request_id"] for row in answer.json()] == [third, second, first]


def test_ids_override_every_other_argument(citizen: Citizen, clock: StillClock) -> None:
    number = citizen.file()

    assert citizen.numbers(service_request_id=number, service_code="QD-11", start_date="nonsense") == [number]


def test_an_address_id_alone_is_a_place(citizen: Citizen) -> None:
    assert citizen.post(address_string=None, address_id="370203-1").status_code == 200


# -- switches ----------------------------------------------------------------------------------------------------


def citizen_of(settings: Settings, clock: StillClock) -> TestClient:
    return TestClient(create_app(settings, clock=clock))


@pytest.fixture
def of_qingdao(settings: Settings, clock: StillClock) -> TestClient:
    return citizen_of(Settings(settings.database, KEY, jurisdiction="qingdao.gov.cn"), clock)


def test_another_jurisdiction_is_not_found_anywhere(of_qingdao: TestClient) -> None:
    with of_qingdao as client:
        citizen = Citizen(client)
        number = citizen.file(jurisdiction_id="qingdao.gov.cn")
        for path in ("services", "services/QD-41", "requests", f"requests/{number}", f"tokens/{number}"):
            assert client.get(f"{V2}/{path}.json").status_code == 200
            assert client.get(f"{V2}/{path}.json?jurisdiction_id=qingdao.gov.cn").status_code == 200
            refused = client.get(f"{V2}/{path}.json?jurisdiction_id=city.gov")
            assert refused.status_code == 404
            assert refused.json() == [{"code": 404, "description": "jurisdiction_id 'city.gov' was not found."}]
        assert citizen.post(jurisdiction_id="city.gov").status_code == 404
        assert citizen.tell(number, "urge", jurisdiction_id="city.gov").status_code == 404
        assert citizen.numbers() == [number]


@pytest.fixture
def with_tokens(settings: Settings, clock: StillClock) -> TestClient:
    return citizen_of(Settings(settings.database, KEY, token_seconds=30), clock)


def test_a_token_tells_the_number_once_its_time_has_come(with_tokens: TestClient, clock: StillClock) -> None:
    with with_tokens as client:
        citizen = Citizen(client)
        assert {one["type"] for one in documents(citizen, "services")} == {"batch"}
        receipt = citizen.post().json()[0]
        assert standard.broken_receipt(receipt) == []
        token = receipt["token"]

        assert documents(citizen, f"tokens/{token}") == [{"token": token}]
        assert citizen.numbers() == []
        assert client.get(f"{V2}/requests/DC-20261121-0001.json").status_code == 404
        assert citizen.tell("DC-20261121-0001", "urge").status_code == 404

        clock.move(seconds=30)
        found = documents(citizen, f"tokens/{token}")
        assert found == [{"service_request_id": "DC-20261121-0001", "token": token}]
        assert standard.broken(found[0], standard.TOKEN) == []
        assert citizen.numbers() == ["DC-20261121-0001"]
        assert citizen.tell("DC-20261121-0001", "urge").status_code == 200
        assert client.get(f"{V2}/tokens/another.json").status_code == 404


def test_the_clerk_sees_a_request_before_its_sender_knows_the_number(with_tokens: TestClient) -> None:
    with with_tokens as client:
        citizen = Citizen(client)
        citizen.post()

        assert "DC-20261121-0001" in client.get("/").text


def test_a_token_survives_a_restart(settings: Settings, clock: StillClock) -> None:
    tokens = Settings(settings.database, KEY, token_seconds=0)
    with citizen_of(tokens, clock) as client:
        token = Citizen(client).post().json()[0]["token"]

    with citizen_of(Settings(settings.database, KEY), clock) as client:
        assert client.get(f"{V2}/tokens/{token}.json").json()[0]["service_request_id"] == "DC-20261121-0001"
        assert Citizen(client).file() == "DC-20261121-0002"
