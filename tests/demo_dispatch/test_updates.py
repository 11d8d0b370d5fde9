"""What a citizen says about a request that is here already."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from . import standard
from .conftest import KEY, Citizen, StillClock


def said(citizen: Citizen, number: str) -> list[tuple[str, str, str]]:
    updates = citizen.read(number)["extended_attributes"]["updates"]
    return [(one["kind"], one["key"], one["text"]) for one in updates]


def test_an_update_is_kept_and_shown_to_reader_and_clerk(citizen: Citizen, clock: StillClock) -> None:
    number = citizen.file()
    clock.move(hours=1)

    answer = citizen.tell(number, "urge", text="灯还是黑的", at="2026-11-21T10:00:00+08:00")

    assert answer.status_code == 200
    assert answer.json() == [{"service_request_id": number, "kind": "urge", "key": "k-1", "repeated": False}]
    assert citizen.read(number)["extended_attributes"]["updates"] == [
        {"kind": "urge", "key": "k-1", "at": "2026-11-21T10:00:00+08:00", "text": "灯还是黑的"}
    ]
    page = citizen.client.get(f"/requests/{number}").text
    assert "市民催办" in page
    assert "灯还是黑的" in page
    assert "催办 1 次" in citizen.client.get("/").text


def test_the_same_key_twice_is_one_update_and_its_first_words_stay(citizen: Citizen) -> None:
    number = citizen.file()

    answers = [citizen.tell(number, "supplement", text=text).json()[0] for text in ("在北门", "在南门")]

    assert [answer["repeated"] for answer in answers] == [False, True]
    assert said(citizen, number) == [("supplement", "k-1", "在北门")]


def test_the_same_key_at_the_same_moment_is_one_update(citizen: Citizen) -> None:
    number = citizen.file()

    with ThreadPoolExecutor(8) as pool:
        repeated = list(pool.map(lambda _: citizen.tell(number, "urge").json()[0]["repeated"], range(8)))

    assert sorted(repeated) == [False] + [True] * 7
    assert len(said(citizen, number)) == 1


def test_the_same_key_for_another_request_is_another_update(citizen: Citizen) -> None:
    first, second = citizen.file(), citizen.file()

    assert [citizen.tell(number, "urge").json()[0]["repeated"] for number in (first, second)] == [False, False]


def test_a_key_does_not_change_its_kind(citizen: Citizen) -> None:
    number = citizen.file()
    citizen.tell(number, "urge")

    answer = citizen.tell(number, "withdraw")

    assert answer.status_code == 400
    assert "key" in answer.json()[0]["description"]
    assert [kind for kind, _, _ in said(citizen, number)] == ["urge"]


def test_updates_stand_in_the_order_in_which_they_came(citizen: Citizen) -> None:
    number = citizen.file()
    for key in ("b", "a", "c"):
        citizen.tell(number, "urge", key=key)

    assert [key for _, key, _ in said(citizen, number)] == ["b", "a", "c"]


REFUSALS: list[tuple[dict[str, str | None], int, str]] = [
    ({"api_key": None}, 403, "api_key is missing."),
    ({"api_key": "wrong"}, 403, "api_key is invalid."),
    ({"kind": "shout"}, 400, "kind 'shout' is none of urge, supplement, withdraw, recheck."),
    ({"kind": None}, 400, "kind '' is none of urge, supplement, withdraw, recheck."),
    ({"key": None}, 400, "key is missing: the same key again makes the same update."),
    ({"key": "k" * 201}, 400, "key is longer than 200 characters."),
    ({"text": "长" * 4001}, 400, "text is longer than 4000 characters."),
    ({"kind": "supplement", "text": None}, 400, "text is missing: a supplement without words says nothing."),
    ({"at": "yesterday"}, 400, "at 'yesterday' is not like 2026-11-21T09:30:00+08:00."),
]


@pytest.mark.parametrize(("changes", "status", "description"), REFUSALS)
@pytest.mark.parametrize("form", ["json", "xml"])
def test_a_bad_update_is_refused_with_its_reason_and_not_kept(
    citizen: Citizen, form: str, changes: dict[str, str | None], status: int, description: str
) -> None:
    number = citizen.file()

    answer = citizen.client.post(
        f"/open311/v2/requests/{number}/updates.{form}",
        data={
            name: value
            for name, value in ({"api_key": KEY, "kind": "urge", "key": "k", "text": "快点"} | changes).items()
            if value is not None
        },
    )

    assert answer.status_code == status
    errors = [{"code": status, "description": description}]
    told = answer.json() if form == "json" else standard.read_xml(answer.content)
    assert told == (errors if form == "json" else standard.as_xml_says(errors))
    assert said(citizen, number) == []


def test_an_unknown_request_hears_nothing(citizen: Citizen) -> None:
    answer = citizen.tell("DC-20261121-9999", "urge")

    assert answer.status_code == 404
    assert answer.json() == [{"code": 404, "description": "service_request_id 'DC-20261121-9999' was not found."}]


def test_a_json_object_is_understood_as_well(citizen: Citizen) -> None:
    number = citizen.file()
    url = f"/open311/v2/requests/{number}/updates.json"

    good = citizen.client.post(url, json={"api_key": KEY, "kind": "urge", "key": "k", "text": "快点", "at": None})
    bad = [
        citizen.client.post(url, content=content, headers={"Content-Type": "application/json"})
        for content in (b"{", b"[]", b"\xff", b"null")
    ]

    assert good.status_code == 200
    assert [answer.status_code for answer in bad] == [400] * 4
    assert said(citizen, number) == [("urge", "k", "快点")]


def test_the_receipt_in_xml(citizen: Citizen) -> None:
    number = citizen.file()

    answer = citizen.tell(number, "urge", form="xml")

    assert standard.read_xml(answer.content) == [
        {"service_request_id": number, "kind": "urge", "key": "k-1", "repeated": "false"}
    ]


def test_an_unknown_format_keeps_nothing(citizen: Citizen) -> None:
    number = citizen.file()

    assert citizen.tell(number, "urge", form="csv").status_code == 404
    assert said(citizen, number) == []


def test_an_update_is_heard_in_every_state(citizen: Citizen) -> None:
    closed, returned = citizen.closed(), citizen.file()
    citizen.step(returned, "returned", "不归我们")

    for number in (closed, returned):
        assert citizen.tell(number, "urge").status_code == 200
    assert citizen.read(closed)["status"] == "closed"


def test_updates_survive_a_restart_and_are_never_markup(citizen: Citizen) -> None:
    number = citizen.file()
    citizen.tell(number, "supplement", text='<script>alert("x")</script>')

    assert "<script" not in citizen.client.get(f"/requests/{number}").text
