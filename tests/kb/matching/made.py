"""Incidents, reports and places for the tests of matching."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from kb.matching import OpenIncident, Report
from kb.places import Place

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
LAMP, COVER, NOISE, LIFT, OUTAGE, BILL = "410101", "430201", "630202", "530102", "710101", "130201"
TEXT = "路灯坏了三天没人修"
DEGREE = 111_195  # metres of one degree of latitude


def spot(text: str = "翠湖小区北门", **changes: Any) -> Place:
    return Place(**{"text": text, "district": "李沧区", "spot": "翠湖小区", **changes})


def pin(away: float = 0.0, text: str = "", crs: str = "WGS-84", **changes: Any) -> Place:
    """A pin so many metres north of the others."""
    return Place(**{"text": text, "lat": 36.1 + away / DEGREE, "lon": 120.4, "crs": crs, "pinned": True, **changes})


def incident(**changes: Any) -> OpenIncident:
    fields: dict[str, Any] = {
        "id": "one",
        "category": LAMP,
        "place": spot(),
        "summary": TEXT,
        "opened_at": NOW - timedelta(days=2),
        "last_report_at": NOW - timedelta(days=1),
        "people": 3,
    }
    return OpenIncident(**{**fields, **changes})


def report(**changes: Any) -> Report:
    return Report(**{"text": TEXT, "category": LAMP, "place": spot(), **changes})


CODES = (LAMP, "410102", COVER, NOISE, LIFT, OUTAGE, BILL, "740201", "990000")
words = st.text(st.sampled_from("翠湖小区金水路北门3号楼5栋李沧灯坏了一二单元88期，。 A座"), max_size=24)
districts = st.none() | st.sampled_from(["李沧区", "市北区"])
places = st.none() | st.builds(
    Place,
    text=words,
    district=districts,
    road=st.none() | words,
    spot=st.none() | words,
    community=st.none() | words,
    lat=st.none() | st.floats(36, 36.01),
    lon=st.none() | st.floats(120, 120.01),
    crs=st.none() | st.sampled_from(["WGS-84", "GCJ-02", "BD-09", "CGCS-x"]),
    pinned=st.none() | st.just(True),
    confidence=st.floats(0, 1),
)
vectors = st.none() | st.binary(min_size=256, max_size=256) | st.binary(max_size=9)
reports = st.builds(
    Report,
    text=words | st.text(max_size=30),
    category=st.sampled_from(CODES),
    place=places,
    vector=vectors,
)
times = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 1), timezones=st.just(UTC))


@st.composite
def incidents(draw: st.DrawFn) -> OpenIncident:
    made = draw(reports)
    at = draw(times)
    return OpenIncident(
        draw(st.uuids()).hex, made.category, made.place or Place(text=""), made.text, at, at, draw(st.integers(1, 9)),
        closed_at=draw(st.none() | st.just(at + timedelta(days=1))), vector=made.vector,
    )  # fmt: skip
