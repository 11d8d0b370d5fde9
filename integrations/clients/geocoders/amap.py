"""高德 (Amap), web service v3. https://lbs.amap.com/api/webservice/guide/api/georegeo

Its coordinates are GCJ-02 and become WGS-84 here. What it does not know in an answer is an empty list.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from integrations.clients.geocoders import untrusted
from integrations.clients.geocoders.exchange import BUSY_PAUSE, Again, Answer, Question
from integrations.services.errors import NeedsPerson, TryLater
from integrations.services.records import Geocoded
from kb.places.coordinates import Point, from_wgs84, to_wgs84

URL = "https://restapi.amap.com"
SOURCE = "高德"
# The middle of a whole district says less than we know already.
TOO_COARSE = frozenset({"国家", "省", "市", "区县"})
# Hand-set, not measured: how surely an answer of that level leads a worker there.
_WORTH = {
    **dict.fromkeys(("门牌号", "单元号", "楼栋号", "住宅区"), 0.9),
    **dict.fromkeys(("兴趣点", "道路交叉路口", "公交地铁站点", "公交站台、地铁站"), 0.8),
    **dict.fromkeys(("村庄", "道路"), 0.5),
    **dict.fromkeys(("热点商圈", "乡镇"), 0.3),
}
_UNKNOWN_WORTH, _NAMED, _SEVERAL = 0.2, 0.9, 0.5
BUSY = frozenset({"10004", "10014", "10015", "10016", "10017", "10019", "10020", "10021", "10022"})
USED_UP = frozenset({"10003", "10044", "10045"})
# Its engine found nothing it could give (30000 to 39999), or the point is at sea or abroad.
NOTHING = frozenset({"20800", "20801", "20802", "20803"})
_BAD_QUESTION = frozenset({"20000", "20001", "20002"})
_REASONS = {
    "10001": "it does not know the key",
    "10002": "the key has no permission for this service",
    "10005": "this machine's address is not on the key's list",
    "10007": "the signature is wrong: check JIESU_GEOCODER_SECRET",
    "10009": "the key is not one for web services (Web服务)",
    "10012": "the key has no permission for this service",
}


class Amap:
    """How 高德 is asked about the `city` and what its answers mean. With a `secret` every question is signed."""

    source = SOURCE

    def __init__(self, key: str, *, city: str, secret: str = "") -> None:
        self._key = key
        self._city = city
        self._secret = secret

    def find(self, address: str) -> Question:
        """The question for an address's point."""
        # '|' would begin another address.
        return self._question("/v3/geocode/geo", address=address.replace("|", " "), city=self._city)

    def found(self, answer: Answer) -> Geocoded | None:
        """What it knows of an address. Raises Again, TryLater or NeedsPerson."""
        if not _has_result(answer):
            return None
        listed = answer.body.get("geocodes")
        if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
            raise TryLater(f"{SOURCE}: the list of addresses cannot be read")
        # Asked for our city it still answers with others when it knows nothing there.
        ours = [one for one in listed if self._is_ours(untrusted.name(one.get("city")))]
        if not ours or untrusted.name(ours[0].get("level")) in TOO_COARSE:
            return None
        first = ours[0]
        districts = {untrusted.name(one.get("district")) for one in ours}
        level = untrusted.name(first.get("level"))
        worth = _WORTH.get(level or "", _UNKNOWN_WORTH) * (_SEVERAL if len(districts) > 1 else 1.0)
        return Geocoded(
            *to_wgs84(_point(first.get("location")), "GCJ-02"),
            untrusted.name(first.get("district")),
            untrusted.name(first.get("township")),
            untrusted.words(first.get("formatted_address")),
            level,
            worth,
            SOURCE,
        )

    def name(self, point: Point) -> Question:
        """The question for what is at a WGS-84 point."""
        lat, lon = from_wgs84(point, "GCJ-02")
        return self._question("/v3/geocode/regeo", location=f"{lon:.6f},{lat:.6f}", extensions="base")

    def named(self, answer: Answer, point: Point) -> Geocoded | None:
        """What it knows of that point. Raises Again, TryLater or NeedsPerson."""
        if not _has_result(answer):
            return None
        result = untrusted.member(answer.body, "regeocode")
        parts = untrusted.member(result, "addressComponent")
        district = untrusted.name(parts.get("district"))
        if district is None:
            return None
        address = untrusted.words(result.get("formatted_address"))
        return Geocoded(*point, district, untrusted.name(parts.get("township")), address, None, _NAMED, SOURCE)

    def _is_ours(self, city: str | None) -> bool:
        return city is None or city.removesuffix("市") == self._city.removesuffix("市")

    def _question(self, path: str, **params: str) -> Question:
        asked = {**params, "output": "JSON", "key": self._key}
        if self._secret:
            asked["sig"] = signature(asked, self._secret)
        return Question(path, asked)


def signature(params: Mapping[str, str], secret: str) -> str:
    """高德's `sig`: the MD5 of 'a=1&b=2', sorted by name and not encoded, with the secret right behind it."""
    line = "&".join(f"{name}={params[name]}" for name in sorted(params))
    return hashlib.md5((line + secret).encode(), usedforsecurity=False).hexdigest()


def _point(value: Any) -> Point:
    """'120.38,36.06' as (latitude, longitude) in GCJ-02. Raises TryLater."""
    lon, _, lat = value.partition(",") if isinstance(value, str) else ("", "", "")
    point = untrusted.point(lat, lon)
    if point is None:
        raise TryLater(f"{SOURCE}: the point cannot be read")
    return point


def _has_result(answer: Answer) -> bool:
    if answer.status == 408:
        raise TryLater(f"{SOURCE} answered 408")
    if answer.status >= 400:
        raise NeedsPerson(f"{SOURCE} refused ({answer.status})")
    code = str(answer.body.get("infocode"))[:5]
    if code == "10000" and str(answer.body.get("status"))[:2] == "1":
        return True
    if code in BUSY:
        raise Again(f"{SOURCE} is asked too often ({code})", pause=BUSY_PAUSE)
    if code in USED_UP:
        raise NeedsPerson(f"{SOURCE}: the day's quota of the key is used up ({code})")
    if code in NOTHING or (code.startswith("3") and code.isascii() and code.isdigit()):
        return False
    if code in _REASONS or (code.isascii() and code.isdigit() and code[:2] in ("10", "40")) or code in _BAD_QUESTION:
        raise NeedsPerson(f"{SOURCE} refused ({code}): {_REASONS.get(code, 'see its list of error codes')}")
    raise TryLater(f"{SOURCE} reports an error of its own")
