"""What the city's own layers say of a place: kept with the complaint, told to the citizen as far as it may be."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from integrations.bootstrap import Services
from integrations.services.records import Complaint
from kb.places import Place
from kb.places.layer_facts import Fact, Layer, Layers, Listed
from tests.builders import dispatched, filed, read
from tests.fakes import FakeDispatcher

COLD = "市北区合肥路688号翠湖小区3号楼家里暖气不热"
HEATING = Layer("heating", "供热单位", "heating", tell=True, source="市供热名录", date=date(2026, 11, 1))
LISTS = {
    HEATING: "某某热力",
    Layer("grid", "网格", "grid", source="网格办"): "G-17",
    Layer("gas", "供气单位", "gas", tell=True): "某某燃气",
    Layer("zone-a", "禁烧区", "zone", tell=True): "全年禁烧",
    Layer("zone-b", "禁放区", "zone", tell=True): "全年禁放",
}


@pytest.fixture(scope="session")
def knowledge(knowledge: dict[str, Any]) -> dict[str, Any]:
    """The real content in a city with layers."""
    lists = {layer: [Listed("compound", "翠湖小区", "市北区", value)] for layer, value in LISTS.items()}
    city = replace(knowledge["places"](), layers=Layers(lists=lists))
    return {**knowledge, "places": lambda: city}


def place_of(complaint: Complaint) -> Place:
    assert complaint.place is not None
    return complaint.place


def rows(services: Services, complaint: Complaint, facts: tuple[Fact, ...] | None = None) -> dict[str, str]:
    told = services.locating.told(complaint.place, complaint.category) if facts is None else facts
    card = services.report_speech.ticket(complaint, told).card
    assert card is not None
    return {row["label"]: row["value"] for row in card["rows"]}


def test_a_place_that_no_layer_knows_is_kept_without_layers(services: Services) -> None:
    complaint = filed(services, "李沧区书院路29号家里暖气不热")
    assert place_of(complaint).layers is None
    assert not {layer.title for layer in LISTS} & set(rows(services, complaint))


def test_a_complaint_without_a_place_has_no_facts(services: Services) -> None:
    complaint = filed(services, "家里暖气不热")
    assert complaint.place is None
    assert services.locating.told(None, complaint.category) == ()
    assert "供热单位" not in rows(services, complaint)


def test_the_layers_are_kept_with_the_place_and_come_back_from_the_store(services: Services) -> None:
    complaint = filed(services, COLD)
    kept = read(services, complaint)
    assert kept.place == complaint.place
    assert place_of(kept).layers == (
        ("gas", "某某燃气"),
        ("grid", "G-17"),
        ("heating", "某某热力"),
        ("zone", "全年禁烧；全年禁放"),
    )
    with services.unit_of_work() as tx:
        incident = tx.incidents.get(complaint.incident_id)
    assert incident is not None and incident.place == complaint.place


def test_the_department_gets_all_of_them(services: Services, dispatcher: FakeDispatcher) -> None:
    _, number = dispatched(services, COLD)
    assert place_of(dispatcher.requests[number].complaint).layers == place_of(filed(services, COLD)).layers


def test_the_ticket_tells_what_may_be_told_and_concerns_the_problem(services: Services) -> None:
    told = rows(services, filed(services, COLD))
    assert told["供热单位"] == "某某热力（市供热名录，2026-11-01）"
    assert not {"网格", "供气单位", "禁烧区"} & set(told)


@pytest.mark.parametrize(
    ("source", "on", "value"),
    [
        ("", None, "某某热力"),
        ("市供热名录", None, "某某热力（市供热名录）"),
        ("", date(2026, 11, 1), "某某热力（2026-11-01）"),
        ("市供热名录", date(2026, 11, 1), "某某热力（市供热名录，2026-11-01）"),
    ],
)
def test_a_fact_is_told_with_its_source_and_date(services: Services, source: str, on: date | None, value: str) -> None:
    fact = Fact("heating", "heating", "供热单位", "某某热力", True, source, on)
    secret = replace(fact, title="内部", tell=False)
    shown = rows(services, filed(services, COLD), (fact, secret))
    assert shown["供热单位"] == value
    assert "内部" not in shown


@pytest.mark.parametrize("layers", [None, (), (("grid", "G-17"),), (("grid", "G-17"), ("zone", "甲；乙"))])
def test_a_place_with_layers_survives_being_written_down(layers: tuple[tuple[str, str], ...] | None) -> None:
    place = Place("翠湖小区", district="市北区", lat=36.1, lon=120.4, crs="GCJ-02", pinned=True, layers=layers)
    assert Place.from_dict(place.as_dict()) == place
    as_json = {**place.as_dict(), **({"layers": [list(pair) for pair in layers]} if layers else {})}
    assert Place.from_dict(as_json) == place


def test_a_place_written_down_by_a_later_version_is_read_as_far_as_it_is_known() -> None:
    assert Place.from_dict({"text": "合肥路", "altitude": 12}) == Place("合肥路")
    assert Place.from_dict({"text": "合肥路"}).layers is None
