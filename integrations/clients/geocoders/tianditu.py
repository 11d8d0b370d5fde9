"""天地图, the national map service. http://lbs.tianditu.gov.cn/server/geocodinginterface.html

Its coordinates are CGCS2000, which is WGS-84 to within a few centimetres. A found address comes without its district.
"""

from __future__ import annotations

import json

from integrations.clients.geocoders import untrusted
from integrations.clients.geocoders.exchange import Answer, Question
from integrations.services.errors import NeedsPerson, TryLater
from integrations.services.records import Geocoded
from kb.places.coordinates import Point

URL = "https://api.tianditu.gov.cn"
SOURCE = "天地图"
# The middle of a whole district says less than we know already.
TOO_COARSE = frozenset({"国家", "省", "市", "区县", "省级", "地市级", "区县级", "直辖市", "行政区"})
# Hand-set, not measured: how much of the service's own score an answer of that level is worth to a worker.
_WORTH = {"门址": 1.0, "兴趣点": 0.9, "地名地址": 0.8, "道路": 0.6, "社区村落": 0.6, "乡镇街道": 0.3}
_UNKNOWN_WORTH, _NAMED = 0.5, 0.9
_REASONS = {301001: "it does not know the key", 301013: "the key is not one for servers (服务器端)"}


class Tianditu:
    """How 天地图 is asked and what its answers mean. It looks all over China: every address needs its city."""

    source = SOURCE

    def __init__(self, key: str) -> None:
        self._key = key

    def find(self, address: str) -> Question:
        """The question for an address's point."""
        return Question("/geocoder", {"ds": json.dumps({"keyWord": address}, ensure_ascii=False), "tk": self._key})

    def found(self, answer: Answer) -> Geocoded | None:
        """What it knows of an address. Raises TryLater or NeedsPerson."""
        if not _has_result(answer):
            return None
        location = untrusted.member(answer.body, "location")
        if not location:
            return None
        point = untrusted.point(location.get("lat"), location.get("lon"))
        if point is None:
            raise TryLater(f"{SOURCE}: the point cannot be read")
        level = untrusted.name(location.get("level"))
        if level in TOO_COARSE:
            return None
        score = untrusted.number(location.get("score"))
        share = 0.5 if score is None else min(max(score / 100, 0.0), 1.0)
        # `keyWord` echoes what was asked and is left where it is.
        return Geocoded(*point, None, None, None, level, share * _WORTH.get(level or "", _UNKNOWN_WORTH), SOURCE)

    def name(self, point: Point) -> Question:
        """The question for what is at a WGS-84 point."""
        here = json.dumps({"lon": point[1], "lat": point[0], "ver": 1})
        return Question("/geocoder", {"postStr": here, "type": "geocode", "tk": self._key})

    def named(self, answer: Answer, point: Point) -> Geocoded | None:
        """What it knows of that point. Raises TryLater or NeedsPerson."""
        if not _has_result(answer):
            return None
        result = untrusted.member(answer.body, "result")
        parts = untrusted.member(result, "addressComponent")
        district = untrusted.name(parts.get("county"))
        if district is None:
            return None
        address = untrusted.words(result.get("formatted_address"))
        return Geocoded(*point, district, untrusted.name(parts.get("town")), address, None, _NAMED, SOURCE)


def _has_result(answer: Answer) -> bool:
    code = answer.body.get("code")
    if answer.status == 408:
        raise TryLater(f"{SOURCE} answered 408")
    if answer.status >= 400 or (isinstance(code, int) and "status" not in answer.body):
        # The text of a refusal may repeat the key, so only its number goes on.
        known = code if isinstance(code, int) and abs(code) < 10**7 else None
        reason = _REASONS.get(known or 0, f"code {known}" if known is not None else "without a reason")
        raise NeedsPerson(f"{SOURCE} refused ({answer.status}): {reason}")
    match str(answer.body.get("status"))[:10]:
        case "0":
            return True
        case "101":
            return False
    raise TryLater(f"{SOURCE} reports an error of its own")
