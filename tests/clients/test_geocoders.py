"""天地图 and 高德: what their answers mean, what may go wrong with them, and what never leaves or stays."""

from __future__ import annotations

import hashlib
import json
import logging
import math
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis
from hypothesis import given
from hypothesis import strategies as st

from integrations import bootstrap
from integrations.clients.geocoders import Amap, Tianditu
from integrations.clients.geocoders.exchange import Answer
from integrations.clients.geocoders.guarded import fit_to_send
from integrations.running import doctor
from integrations.services.errors import NeedsPerson, ServiceError, TryLater
from integrations.services.records import Geocoded
from integrations.settings import Settings, SettingsError, load
from kb.places.coordinates import gcj02
from tests.clients.map_service import (
    CITY,
    KEY,
    KINDS,
    SECRET,
    FakeMapService,
    bare_server,
    drip,
    fails,
    geocoder,
    recorded,
    says,
)
from tests.fakes import FakeClock

NOWHERE = "unix:///nowhere/redis.sock"
ADDRESS = "合肥路688号"
POINT = (36.10625, 120.38264)
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"


def found_by(kind: str) -> FakeMapService:
    return FakeMapService(says(recorded(f"{kind}_found")))


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


# -- what the answers mean ---------------------------------------------------------------------------------------


def test_an_address_has_a_point_in_wgs84(redis_url: str) -> None:
    tianditu = geocoder("tianditu", found_by("tianditu"), redis_url).find(ADDRESS, district="市北区")
    amap = geocoder("amap", found_by("amap"), redis_url).find(ADDRESS, district="市北区")

    assert tianditu == Geocoded(36.10625, 120.38264, None, None, None, "门址", 0.95, "天地图")
    assert amap is not None
    assert gcj02((amap.lat, amap.lon)) == pytest.approx((36.106690, 120.387740), abs=1e-7)
    assert abs(amap.lon - 120.387740) > 0.003, "GCJ-02 was taken for WGS-84"
    assert (amap.district, amap.street, amap.level, amap.source) == ("市北区", None, "门牌号", "高德")
    assert amap.address == "山东省青岛市市北区合肥路688号"


def test_a_point_has_a_district_and_a_street(kind: str, redis_url: str) -> None:
    service = FakeMapService(says(recorded(f"{kind}_named")))

    named = geocoder(kind, service, redis_url).name(POINT)

    assert named is not None
    assert (named.lat, named.lon) == POINT
    assert (named.district, named.street) == ("市北区", "合肥路街道")
    assert named.address == "山东省青岛市市北区合肥路街道合肥路688号"


def test_a_point_is_asked_for_in_the_system_of_the_service(redis_url: str) -> None:
    tianditu, amap = (FakeMapService(says(recorded(f"{kind}_named"))) for kind in KINDS)
    geocoder("tianditu", tianditu, redis_url).name((36.123456, 120.345678))
    geocoder("amap", amap, redis_url).name((36.123456, 120.345678))

    assert tianditu.asked[0].params["postStr"] == '{"lon": 120.3457, "lat": 36.1235, "ver": 1}'
    lon, lat = map(float, amap.asked[0].params["location"].split(","))
    assert (lat, lon) == pytest.approx(gcj02((36.1235, 120.3457)), abs=1e-6)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("tianditu", "tianditu_nothing"),
        ("tianditu", "tianditu_district"),
        ("amap", "amap_nothing"),
        ("amap", "amap_district"),
        ("amap", "amap_another_city"),
    ],
)
def test_an_answer_that_says_no_more_than_we_know_is_none(kind: str, name: str, redis_url: str) -> None:
    assert geocoder(kind, FakeMapService(says(recorded(name))), redis_url).find(ADDRESS, district="市北区") is None


def test_a_point_at_sea_has_no_name(kind: str, redis_url: str) -> None:
    assert geocoder(kind, FakeMapService(says(recorded(f"{kind}_at_sea"))), redis_url).name((35.2, 123.5)) is None


def test_a_road_in_two_districts_is_half_as_sure(redis_url: str) -> None:
    both = recorded("amap_several")
    alone = {**both, "geocodes": both["geocodes"][:1]}

    sure = geocoder("amap", FakeMapService(says(alone)), redis_url).find("永平路1号", district=None)
    unsure = geocoder("amap", FakeMapService(says(both)), redis_url).find("永平路2号", district=None)
    otherwise = geocoder("amap", FakeMapService(says(alone)), redis_url).find("永平路3号", district="市北区")

    assert sure is not None and unsure is not None and otherwise is not None
    assert sure.district == unsure.district == "李沧区"
    assert unsure.confidence == otherwise.confidence == sure.confidence / 2


@pytest.mark.parametrize(
    ("address", "district", "whole"),
    [
        ("合肥路688号", "市北区", "青岛市市北区合肥路688号"),
        ("合肥路688号", None, "青岛市合肥路688号"),
        ("市北区合肥路688号", "市北区", "青岛市市北区合肥路688号"),
        ("青岛市合肥路688号", "市北区", "青岛市市北区合肥路688号"),
        ("青岛路3号", "市南区", "青岛市市南区青岛路3号"),
    ],
)
def test_the_city_and_the_district_are_said_once(
    kind: str, redis_url: str, address: str, district: str | None, whole: str
) -> None:
    service = found_by(kind)
    geocoder(kind, service, redis_url).find(address, district=district)

    assert service.words == whole


def test_amap_is_asked_about_our_city_and_signed_where_it_wants_that(redis_url: str) -> None:
    plain, signed = found_by("amap"), found_by("amap")
    geocoder("amap", plain, redis_url).find("合肥路688号|香港路1号", district=None)
    geocoder("amap", signed, redis_url, secret=SECRET).find("合肥路 A+B座&x=1", district=None)

    assert dict(plain.asked[0].params) == {
        "address": "青岛市合肥路688号 香港路1号", "city": CITY, "output": "JSON", "key": KEY,
    }  # fmt: skip
    line = f"address=青岛市合肥路 A+B座&x=1&city=青岛市&key={KEY}&output=JSON{SECRET}"
    assert signed.asked[0].params["sig"] == hashlib.md5(line.encode()).hexdigest()
    assert signed.asked[0].params["address"] == "青岛市合肥路 A+B座&x=1"
    assert SECRET not in str(signed.asked[0])


# -- refusals ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "error", "times"),
    [
        *((code, NeedsPerson, 1) for code in ("10001", "10003", "10005", "10007", "10009", "10044", "20000", "40000")),
        *((code, TryLater, 2) for code in ("10004", "10019", "10020", "10021")),
        *((code, TryLater, 1) for code in ("20003", "99999", "", "OK", None)),
    ],
)
def test_what_amap_refuses(code: object, error: type[Exception], times: int, redis_url: str) -> None:
    service = FakeMapService(says({"status": "0", "info": f"INVALID {KEY}", "infocode": code}))

    with pytest.raises(error) as raised:
        geocoder("amap", service, redis_url).find(ADDRESS, district=None)

    assert type(raised.value) is error or issubclass(type(raised.value), TryLater)
    assert KEY not in str(raised.value)
    assert len(service.asked) == times


@pytest.mark.parametrize("code", ["30001", "20800", "20803"])
def test_amap_knows_none(code: str, redis_url: str) -> None:
    service = FakeMapService(says({"status": "0", "info": "ENGINE_RESPONSE_DATA_ERROR", "infocode": code}))

    assert geocoder("amap", service, redis_url).find(ADDRESS, district=None) is None


@pytest.mark.parametrize(
    ("name", "status", "error", "reason"),
    [
        ("tianditu_wrong_key", 200, NeedsPerson, "does not know the key"),
        ("tianditu_wrong_key", 418, NeedsPerson, "does not know the key"),
        ("tianditu_wrong_kind", 403, NeedsPerson, "服务器端"),
        ("tianditu_error", 200, TryLater, "error of its own"),
    ],
)
def test_what_tianditu_refuses(name: str, status: int, error: type[Exception], reason: str, redis_url: str) -> None:
    service = FakeMapService(says(recorded(name), status))

    with pytest.raises(error, match=reason) as raised:
        geocoder("tianditu", service, redis_url).find(ADDRESS, district=None)

    assert KEY not in str(raised.value)
    assert len(service.asked) == 1


# -- a service that misbehaves -----------------------------------------------------------------------------------

CUT = '{"status":"0","location":{"lon":120.3'
DEEP = b'{"a":' + b"[" * 49_000
PACKED = says(b"\x1f\x8b\x08\x00", content_encoding="gzip")


@pytest.mark.parametrize(
    "reply",
    [
        says(CUT),
        says(""),
        says(b"\xff\xfe\xff"),
        says("<html><body>502</body></html>", content_type="text/html"),
        says([1]),
        says(DEEP),
        says("{}"),
        PACKED,
    ],
    ids=["cut", "empty", "no text", "html", "list", "deep", "says nothing", "packed"],
)
def test_an_answer_that_is_none_is_to_be_tried_later(kind: str, reply: Any, redis_url: str) -> None:
    service = FakeMapService(reply)

    for _ in range(2):
        with pytest.raises(TryLater):
            geocoder(kind, service, redis_url).find(ADDRESS, district=None)
    assert len(service.asked) == 2, "it was tried twice at once, or kept"


def test_an_answer_of_more_than_100_kb_is_not_read(kind: str, redis_url: str) -> None:
    answer = json.dumps(recorded(f"{kind}_found"), ensure_ascii=False)
    for blanks, error in ((90_000, None), (100_000, TryLater)):
        made = geocoder(kind, FakeMapService(says(answer + " " * blanks)), redis_url)
        if error is None:
            assert made.find("一号路", district=None) is not None
            continue
        with pytest.raises(error, match="100,000 bytes"):
            made.find(ADDRESS, district=None)


def test_a_service_is_told_nothing_of_earlier_questions(kind: str, redis_url: str) -> None:
    service = FakeMapService(says(recorded(f"{kind}_nothing"), set_cookie="citizen=1; Path=/"))
    made = geocoder(kind, service, redis_url)
    for road in ("一号路", "二号路"):
        made.find(road, district=None)

    assert len(service.headers) == 2
    assert set(service.headers[1]) == {"host", "connection", "user-agent", "accept", "accept-encoding"}
    assert "Mozilla" not in service.headers[1]["user-agent"]


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(kind: str, status: int, redis_url: str) -> None:
    service = FakeMapService(says("", status, location="http://elsewhere.example/"))

    with pytest.raises(NeedsPerson, match="JIESU_GEOCODER_URL"):
        geocoder(kind, service, redis_url).find(ADDRESS, district=None)

    assert {url.host for url in service.asked} == {"map.example"}


BAD_POINTS: list[tuple[object, object]] = [(120.38, 36.1), (0, 0), (36.1, -120.38), (4016000.0, 40534000.0)]


@pytest.mark.parametrize(("lat", "lon"), BAD_POINTS)
def test_a_point_outside_china_is_none(kind: str, lat: float, lon: float, redis_url: str) -> None:
    answer = recorded(f"{kind}_found")
    if kind == "amap":
        answer["geocodes"][0]["location"] = f"{lon},{lat}"
    else:
        answer["location"] |= {"lat": lat, "lon": lon}

    assert geocoder(kind, FakeMapService(says(answer)), redis_url).find(ADDRESS, district=None) is None


@pytest.mark.parametrize("lon", [None, True, [], "", "120;38", "NaN", math.inf, 10**400, {"x": 1}, "<b>120</b>"])
def test_a_point_of_the_wrong_type_is_no_answer(kind: str, lon: object, redis_url: str) -> None:
    answer = recorded(f"{kind}_found")
    if kind == "amap":
        answer["geocodes"][0]["location"] = lon
    else:
        answer["location"]["lon"] = lon

    with pytest.raises(TryLater):
        geocoder(kind, FakeMapService(says(answer)), redis_url).find(ADDRESS, district=None)


def test_a_point_outside_the_city_is_none_also_when_it_is_kept(kind: str, redis_url: str) -> None:
    service = found_by(kind)

    for known, hopes in ((True, True), (None, True), (False, False)):
        made = geocoder(kind, service, redis_url, covers=lambda _, known=known: known)
        assert (made.find(ADDRESS, district=None) is not None) is hopes
    assert len(service.asked) == 1


def test_markup_in_a_name_is_dropped(redis_url: str) -> None:
    answer = recorded("amap_found")
    answer["geocodes"][0] |= {"district": "<script>", "formatted_address": "<img src=x>", "township": "x" * 5000}

    found = geocoder("amap", FakeMapService(says(answer)), redis_url).find(ADDRESS, district=None)

    assert found is not None
    assert (found.district, found.street, found.address) == (None, None, None)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just(10**400),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
NAMES = [f"{kind}_{name}" for kind in KINDS for name in ("found", "named", "nothing", "at_sea")] + ["amap_several"]


def _paths(value: object, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(path for key, one in inner for path in _paths(one, (*at, key)))]


@given(data=st.data(), name=st.sampled_from(NAMES), odd=JSON)
def test_no_answer_breaks_anything(data: st.DataObject, name: str, odd: object) -> None:
    body = recorded(name)
    *where, last = data.draw(st.sampled_from(_paths(body)[1:]))
    inside: Any = body
    for step in where:
        inside = inside[step]
    inside[last] = odd
    service: Amap | Tianditu = Amap(KEY, city=CITY) if name.startswith("amap") else Tianditu(KEY)
    for read in (service.found, lambda answer: service.named(answer, POINT)):
        try:
            said = read(Answer(200, body))
        except ServiceError as refused:
            assert KEY not in str(refused)
            continue
        if said is not None:
            assert math.isfinite(said.lat) and math.isfinite(said.lon)
            assert 0 <= said.confidence <= 1
            assert all(isinstance(part, str | None) for part in (said.district, said.street, said.address, said.level))


# -- time and second tries ---------------------------------------------------------------------------------------


def _late() -> httpx.Response:
    time.sleep(4)
    return says(recorded("amap_found"))()


def _seconds(made: Any) -> float:
    began = time.monotonic()
    with pytest.raises(TryLater):
        made.find(ADDRESS, district=None)
    return time.monotonic() - began


def test_nobody_waits_longer_than_agreed(redis_url: str) -> None:
    service = FakeMapService(_late)

    assert 0.2 <= _seconds(geocoder("amap", service, redis_url, patience=0.3)) < 3
    assert len(service.asked) == 1


@pytest.mark.parametrize(
    "begin",
    [b"", b"HTTP/1.1 200 OK\r\nx-wait:", HEAD + b"content-length: 90000\r\n\r\n{"],
    ids=["at once", "in the headers", "in the body"],
)
def test_a_byte_now_and_then_is_no_answer(begin: bytes, redis_url: str) -> None:
    over = threading.Event()
    with bare_server(drip(begin, over=over)) as url:
        assert _seconds(geocoder("tianditu", url, redis_url, patience=0.5)) < 3
        assert b"content-length" not in begin or over.wait(2), "the request goes on although nobody waits"


def test_a_real_server_is_asked_and_understood(redis_url: str) -> None:
    body = b'{"status":"0","location":{"lon":120.38,"lat":36.1,"level":"\xe9\x97\xa8\xe5\x9d\x80","score":90}}'
    with bare_server(lambda one: one.sendall(HEAD + b"content-length: %d\r\n\r\n%s" % (len(body), body))) as url:
        found = geocoder("tianditu", url, redis_url).find(ADDRESS, district=None)

    assert found is not None
    assert (found.lat, found.lon, found.level) == (36.1, 120.38, "门址")


def test_an_answer_that_breaks_off_is_to_be_tried_later(redis_url: str) -> None:
    with bare_server(lambda one: one.sendall(HEAD + b'content-length: 900\r\n\r\n{"status":"0"')) as url:
        assert _seconds(geocoder("tianditu", url, redis_url)) < 3


@pytest.mark.parametrize(
    "failure",
    [
        fails(httpx.ConnectError("refused")),
        fails(httpx.ReadError("reset")),
        says("", 500),
        says("", 503),
        says("", 429),
    ],
    ids=["no connection", "reset", "500", "503", "429"],
)
def test_a_second_try_may_help_and_counts(kind: str, failure: Any, redis_url: str) -> None:
    service = FakeMapService(failure, says(recorded(f"{kind}_found")))
    made = geocoder(kind, service, redis_url)

    assert made.find(ADDRESS, district=None) is not None
    assert len(service.asked) == 2
    assert made.left() == 4998


def test_there_is_no_third_try(kind: str, redis_url: str) -> None:
    service = FakeMapService(says("", 502))

    with pytest.raises(TryLater):
        geocoder(kind, service, redis_url).find(ADDRESS, district=None)

    assert len(service.asked) == 2


def test_there_is_no_second_try_without_time_for_it(redis_url: str) -> None:
    service, slept = FakeMapService(says("", 429)), []

    with pytest.raises(TryLater):
        geocoder("amap", service, redis_url, patience=0.5, sleep=slept.append).find(ADDRESS, district=None)

    assert (len(service.asked), slept) == (1, [])


def test_a_second_try_needs_quota_too(kind: str, redis_url: str) -> None:
    service = FakeMapService(says("", 502))

    with pytest.raises(TryLater, match="502"):
        geocoder(kind, service, redis_url, daily_quota=1).find(ADDRESS, district=None)

    assert len(service.asked) == 1


# -- left in peace -----------------------------------------------------------------------------------------------


def _fail(made: Any, times: int, error: type[Exception] = TryLater) -> None:
    for number in range(times):
        with pytest.raises(error):
            made.find(f"失败路{number}号", district=None)


@pytest.mark.parametrize(
    ("reply", "error"), [(says(CUT), TryLater), (says({}, 403), NeedsPerson)], ids=["garbled", "refused"]
)
def test_after_three_failures_nobody_asks_for_a_while(
    kind: str, reply: Any, error: type[Exception], redis_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    service = FakeMapService(reply)
    _fail(geocoder(kind, service, redis_url), 3, error)

    for another in (geocoder(kind, service, redis_url), geocoder(kind, service, redis_url)):
        with pytest.raises(TryLater, match="in peace"):
            another.find(ADDRESS, district=None)

    assert len(service.asked) == 3
    assert len([one for one in caplog.records if "after 3 failures" in one.getMessage()]) == 1


def test_the_peace_ends_and_one_further_failure_begins_the_next(kind: str, redis_url: str) -> None:
    service = FakeMapService(says(CUT))
    made = geocoder(kind, service, redis_url, peace_seconds=0.3)
    _fail(made, 4)
    assert len(service.asked) == 3
    time.sleep(0.35)
    _fail(made, 2)
    assert len(service.asked) == 4
    time.sleep(0.35)
    service.replies = [says(recorded(f"{kind}_found"))]

    assert made.find(ADDRESS, district=None) is not None


def test_an_answer_ends_a_row_of_failures(kind: str, redis_url: str) -> None:
    service = FakeMapService(says(CUT))
    made = geocoder(kind, service, redis_url)
    _fail(made, 2)
    service.replies = [says(recorded(f"{kind}_nothing"))]
    made.find("没有这条路", district=None)
    service.replies = [says(CUT)]
    _fail(made, 3)

    assert len(service.asked) == 6


def test_the_peace_is_a_minute_long_and_what_is_kept_is_still_told(kind: str, redis_url: str) -> None:
    service = found_by(kind)
    made = geocoder(kind, service, redis_url)
    made.find(ADDRESS, district=None)
    service.replies = [says(CUT)]
    _fail(made, 3)

    assert made.find(ADDRESS, district=None) is not None
    with redis.Redis.from_url(redis_url) as client:
        assert 55 < client.ttl(f"jiesu:geocoder:{kind}:peace") <= 60


# -- what is kept ------------------------------------------------------------------------------------------------


def test_what_was_answered_once_is_not_asked_again(kind: str, redis_url: str) -> None:
    service = found_by(kind)
    first = geocoder(kind, service, redis_url).find("合肥路688号", district="市北区")

    again = geocoder(kind, service, redis_url).find(" 合肥路 ６８８号", district="市北区")

    assert first is not None and again is not None
    assert len(service.asked) == 1
    assert again == Geocoded(
        first.lat, first.lon, first.district, first.street, None, first.level, first.confidence, first.source
    )


def test_another_district_is_another_question(kind: str, redis_url: str) -> None:
    service = found_by(kind)
    for district in ("市北区", "李沧区", None):
        geocoder(kind, service, redis_url).find(ADDRESS, district=district)

    assert len(service.asked) == 3


def test_that_none_is_known_is_kept_for_a_day_and_a_point_for_thirty(kind: str, redis_url: str) -> None:
    service = FakeMapService(says(recorded(f"{kind}_nothing")))
    for _ in range(2):
        assert geocoder(kind, service, redis_url).find("没有这条路", district=None) is None
    assert len(service.asked) == 1
    with redis.Redis.from_url(redis_url) as client:
        (key,) = client.keys("jiesu:geocoder:*:find:*")
        assert 86_000 < client.ttl(key) <= 86_400
        client.flushdb()
        geocoder(kind, found_by(kind), redis_url).find(ADDRESS, district=None)
        (key,) = client.keys("jiesu:geocoder:*:find:*")
        assert 2_591_000 < client.ttl(key) <= 2_592_000


@pytest.mark.parametrize("odd", ["", "[]", "null", "{", '{"lat": 36}', '{"lat": "x", "lon": 1}'])
def test_what_cannot_be_read_any_more_is_asked_anew(kind: str, odd: str, redis_url: str) -> None:
    service = found_by(kind)
    made = geocoder(kind, service, redis_url)
    made.find(ADDRESS, district=None)
    with redis.Redis.from_url(redis_url) as client:
        (key,) = client.keys("jiesu:geocoder:*:find:*")
        client.set(key, odd)

    assert made.find(ADDRESS, district=None) is not None
    assert len(service.asked) == 2


def test_names_of_points_are_kept_without_their_point(kind: str, redis_url: str) -> None:
    service = FakeMapService(says(recorded(f"{kind}_named")))
    geocoder(kind, service, redis_url).name((36.10621, 120.38261))
    again = geocoder(kind, service, redis_url).name((36.10622, 120.38262))

    assert len(service.asked) == 1
    assert again is not None
    assert (again.lat, again.lon, again.district, again.address) == (36.10622, 120.38262, "市北区", None)
    assert "36.1" not in _all_of(redis_url)


def _all_of(redis_url: str) -> str:
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        return "\n".join(f"{key} {client.get(key)}" for key in client.keys("*"))


# -- what leaves and what stays ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "sent"),
    [
        ("翠湖小区12号楼2单元1103", "翠湖小区12号楼"),
        ("翠湖小区12号楼2单元1103室，电话１３８１２３４５６７８", "翠湖小区12号楼，电话"),
        ("合肥路688号 139-1234-5678", "合肥路688号"),
        ("合肥路688号\n0532-85912345", "合肥路688号"),
        ("合肥路688号370203199001011234", "合肥路688号"),
        ("合肥路688号37020319900101123X", "合肥路688号"),
    ],
)
def test_flats_and_numbers_of_people_stay(kind: str, said: str, sent: str, redis_url: str) -> None:
    service = found_by(kind)
    geocoder(kind, service, redis_url).find(said, district=None)

    assert service.words == CITY + sent


@pytest.mark.parametrize("said", ["", " ", "13812345678", "1103室", "。。。", "楼下天天吵" * 21])
def test_what_is_no_address_is_not_asked(kind: str, said: str, redis_url: str) -> None:
    service = found_by(kind)

    assert geocoder(kind, service, redis_url).find(said, district="市北区") is None
    assert service.asked == []


@given(
    st.from_regex(r"1[3-9]\d{9}", fullmatch=True), st.sampled_from(["合肥路{}号", "{}", "找我{}，合肥路", "路 {} x"])
)
def test_a_mobile_number_never_leaves(phone: str, around: str) -> None:
    assert phone not in (fit_to_send(around.format(phone)) or "")


def test_no_pin_outside_china_leaves(kind: str, redis_url: str) -> None:
    service = FakeMapService(says(recorded(f"{kind}_named")))

    for point in ((48.85, 2.35), (math.nan, 120.0), (120.38, 36.1)):
        assert geocoder(kind, service, redis_url).name(point) is None
    assert service.asked == []


def test_no_address_and_no_key_stands_in_redis(kind: str, redis_url: str) -> None:
    made = geocoder(kind, found_by(kind), redis_url)
    made.find("合肥路688号", district="市北区")
    kept = _all_of(redis_url)

    assert "36.10" in kept
    for word in ("合肥路", "688", KEY, hashlib.sha256("青岛市市北区合肥路688号".encode()).hexdigest()):
        assert word not in kept


def test_neither_key_nor_address_is_ever_logged_or_told(redis_url: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("httpx", "httpcore", "httpcore.http11", "httpcore.connection"):
        caplog.set_level(logging.DEBUG, logger=name)
    told = []
    wrong = b'{"code":301001,"msg":"tk-3f9a0c"}'
    replies = [
        HEAD + b"content-length: %d\r\n\r\n%s" % (len(wrong), wrong),
        b"HTTP/1.1 500 tk-3f9a0c\r\nset-cookie: a=tk-3f9a0c\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nlocation: http://x/?tk=tk-3f9a0c\r\ncontent-length: 0\r\n\r\n",
        b"nonsense tk-3f9a0c\r\n\r\n",
        b"",
    ]
    for reply in replies:
        with bare_server(lambda one, reply=reply: one.sendall(reply)) as url, redis.Redis.from_url(redis_url) as client:
            client.flushdb()
            for kind in KINDS:
                with pytest.raises(ServiceError) as raised:
                    geocoder(kind, url, redis_url, secret=SECRET, patience=1).find(ADDRESS, district=None)
                told.append("".join(traceback.format_exception(raised.value)))
    with pytest.raises(ServiceError) as raised:
        geocoder("amap", "http://map.example:99999", redis_url).find(ADDRESS, district=None)
    told.append("".join(traceback.format_exception(raised.value)))
    made = geocoder("amap", found_by("amap"), redis_url, secret=SECRET)
    made.find(ADDRESS, district=None)
    told += [repr(vars(made)), repr(made)]

    logged = [(one.name, one.getMessage()) for one in caplog.records]
    assert any(name == "httpx" for name, _ in logged), "httpx logs nothing any more: this test cannot fail"
    for text in [*told, *(message for name, message in logged if not _by_the_server(name, message))]:
        assert KEY not in text and SECRET not in text
        assert "合肥路" not in text and "%E5%90%88%E8%82%A5" not in text


def _by_the_server(logger: str, message: str) -> bool:
    """httpcore logs at DEBUG what a server says, and these repeat our key. Our parts log it from WARNING on."""
    return logger.startswith("httpcore") and message.startswith("receive_response_headers")


# -- the day's quota ---------------------------------------------------------------------------------------------


def test_two_processes_together_never_exceed_the_quota(
    kind: str, redis_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    service, clock = found_by(kind), FakeClock()
    both = [geocoder(kind, service, redis_url, daily_quota=7, clock=clock) for _ in range(2)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda n: both[n % 2].find(f"合肥路{n}号", district=None), range(40)))

    assert len(service.asked) == sum(one is not None for one in found) == 7
    assert both[0].left() == both[1].left() == 0
    assert len([one for one in caplog.records if "used up" in one.getMessage()]) == 1
    with pytest.raises(NeedsPerson, match="used up"):
        both[0].ping()


def test_the_quota_begins_anew_at_midnight_in_china(kind: str, redis_url: str) -> None:
    service, clock = found_by(kind), FakeClock()  # 10:00 in China, 02:00 UTC
    made = geocoder(kind, service, redis_url, daily_quota=1, clock=clock)
    assert made.find("一号路", district=None) is not None
    clock.move(hours=13, minutes=59)
    assert made.find("二号路", district=None) is None
    clock.move(minutes=1)

    assert made.left() == 1
    assert made.find("二号路", district=None) is not None, "that there was no quota was kept as an answer"


def test_what_is_kept_costs_nothing(kind: str, redis_url: str) -> None:
    made = geocoder(kind, found_by(kind), redis_url, daily_quota=1)

    assert made.find(ADDRESS, district=None) is not None
    assert made.find(ADDRESS, district=None) is not None


def test_without_redis_nothing_is_asked(kind: str) -> None:
    service = found_by(kind)
    made = geocoder(kind, service, NOWHERE)

    for what in (lambda: made.find(ADDRESS, district=None), lambda: made.name(POINT), made.left, made.ping):
        with pytest.raises(TryLater, match="Redis"):
            what()
    assert service.asked == []


# -- settings, wiring, doctor ------------------------------------------------------------------------------------


@pytest.fixture
def plain(settings: Settings, redis_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Settings:
    """Settings of a city whose Redis runs."""
    monkeypatch.chdir(tmp_path)
    return settings.model_copy(update={"redis_url": redis_url})


def test_without_a_setting_there_is_no_geocoder(plain: Settings) -> None:
    assert bootstrap.build(plain).geocoder is None
    assert "map service" not in {check.name for check in doctor.examine(plain, running=False)}


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"geocoder": "amap"}, "JIESU_GEOCODER_KEY: .*JIESU_GEOCODER=amap needs the key"),
        ({"geocoder": "tianditu", "geocoder_key": " \n"}, "JIESU_GEOCODER_KEY: .*needs the key"),
        ({"geocoder": "google", "geocoder_key": KEY}, "JIESU_GEOCODER='google'"),
        ({"geocoder_daily_quota": 0}, "JIESU_GEOCODER_DAILY_QUOTA=0"),
        ({"geocoder_url": "map.example"}, "JIESU_GEOCODER_URL='map.example'"),
        ({"geocoder_url": "http://[map.example"}, "JIESU_GEOCODER_URL='http"),
        ({"geocoder_url": "http://map.example:99999"}, "JIESU_GEOCODER_URL='http"),
    ],
)
def test_settings_that_cannot_be_used_are_named(
    given: dict[str, Any], named: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingsError, match=named) as error:
        load(**given)

    assert KEY not in str(error.value)


def test_a_key_is_taken_without_blanks_and_not_shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    made = load(geocoder="amap", geocoder_key=f" {KEY}\n", geocoder_secret=f"{SECRET} ")

    assert (made.geocoder_key, made.geocoder_secret) == (KEY, SECRET)
    assert KEY not in repr(made) and SECRET not in repr(made)


@pytest.mark.parametrize(
    ("chosen", "body"),
    [
        ("tianditu", b'{"status":"0","location":{"lon":120.3,"lat":36.1}}'),
        ("amap", b'{"status":"1","infocode":"10000","geocodes":[]}'),
    ],
)
def test_the_doctor_asks_once_and_says_what_is_left(plain: Settings, chosen: str, body: bytes) -> None:
    wrong = b'{"code":301001,"status":"0","infocode":"10001"}'
    with bare_server(lambda one: one.sendall(HEAD + b"content-length: %d\r\n\r\n%s" % (len(body), body))) as url:
        city = plain.model_copy(
            update={"geocoder": chosen, "geocoder_key": KEY, "geocoder_url": url, "geocoder_daily_quota": 2}
        )
        seen = [doctor._geocoder(city, running=running) for running in (False, True)]
        body = wrong if chosen == "amap" else b'{"code":301001}'
        seen += [doctor._geocoder(city, running=True), doctor._geocoder(city, running=True)]

    assert [check.state for check in seen] == ["ok", "ok", "bad", "warn"]
    assert seen[1].found == f"{chosen} answers, 1 of 2 left today"
    assert "does not know the key" in seen[2].found
    assert "used up" in seen[3].found
    assert doctor._geocoder(city.model_copy(update={"redis_url": NOWHERE}), running=True).state == "warn"
