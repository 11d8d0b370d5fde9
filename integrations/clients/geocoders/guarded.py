"""The `Geocoder` port around a map service: what may leave, how long it may take, how often it may be asked."""

from __future__ import annotations

import contextlib
import json
import logging
import re
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from integrations.clients.geocoders import untrusted
from integrations.clients.geocoders.exchange import Again, Answer, Exchange, Question
from integrations.clients.geocoders.shared import FAILURES, PEACE_SECONDS, SharedMemory
from integrations.clients.geocoders.untrusted import Covers
from integrations.services.errors import NeedsPerson, TryLater
from integrations.services.ports import Clock
from integrations.services.records import Geocoded
from kb.deadlines import CITY_TIME
from kb.places import without_flat
from kb.places.coordinates import Point
from kb.text import clean, folded, hide_phones, says_something

PATIENCE_SECONDS = 2.0
KEPT_SECONDS, NOTHING_KEPT_SECONDS = 30 * 86_400, 86_400
# Longer words are a story, not an address, and stay here.
LONGEST_ADDRESS = 100
# Some ten metres: enough for a street's name, and no more of a pin than that goes out.
POINT_DIGITS = 4
_WORTH_TRYING = 0.2
_OTHER_DISTRICT = 0.5
_KNOWN_EVERYWHERE = "人民政府"
# Stands for a pin in what is kept, so that no pin is.
_NOWHERE = (0.0, 0.0)
# Identity cards, accounts and the like: no house has such a number.
_LONG_NUMBER = re.compile(r"\d{6,}[Xx]?")

log = logging.getLogger(__name__)


class MapService(Protocol):
    """One service's language: its questions, and what its answers mean. Knows nothing of time and quota."""

    @property
    def source(self) -> str: ...
    def find(self, address: str) -> Question: ...
    def found(self, answer: Answer) -> Geocoded | None: ...
    def name(self, point: Point) -> Question: ...
    def named(self, answer: Answer, point: Point) -> Geocoded | None: ...


class GuardedGeocoder:
    """The `Geocoder` port. `city` and district go before every address.

    Points outside China, or outside the city as far as `covers` knows, are no answer.
    """

    def __init__(
        self,
        service: MapService,
        exchange: Exchange,
        shared: SharedMemory,
        *,
        city: str,
        daily_quota: int,
        clock: Clock,
        covers: Covers | None = None,
        patience: float = PATIENCE_SECONDS,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._service = service
        self._exchange = exchange
        self._shared = shared
        self._city = city
        self._quota = daily_quota
        self._clock = clock
        self._covers = covers
        self._patience = patience
        self._sleep = sleep

    def find(self, address: str, *, district: str | None) -> Geocoded | None:
        """The point of an address; None when the service knows none, or the day's quota is used up.

        Raises TryLater or NeedsPerson. Flat numbers, phones and other long numbers are taken out first.
        """
        asked = fit_to_send(address)
        if asked is None:
            return None
        whole = self._whole(asked, district)
        found = self._answered(self._shared.key("find", folded(whole)), self._service.find(whole), self._service.found)
        if found is None or not self._here((found.lat, found.lon)):
            return None
        if district and found.district and found.district != district:
            return replace(found, confidence=found.confidence * _OTHER_DISTRICT)
        return found

    def name(self, point: Point) -> Geocoded | None:
        """District, street and address of a WGS-84 point; the point in the answer is the one asked for.

        None and errors as in `find`.
        """
        if not untrusted.in_china(point):
            return None
        about = round(point[0], POINT_DIGITS), round(point[1], POINT_DIGITS)
        key = self._shared.key("name", f"{about[0]} {about[1]}")
        named = self._answered(key, self._service.name(about), lambda answer: self._service.named(answer, _NOWHERE))
        return named and replace(named, lat=point[0], lon=point[1])

    def left(self) -> int:
        """How many questions may still be asked today. Raises TryLater."""
        return max(0, self._quota - self._shared.taken(self._today()))

    def ping(self) -> None:
        """Ask for something that every city has; counts. Raises TryLater, or NeedsPerson also without quota."""
        question = self._service.find(self._whole(_KNOWN_EVERYWHERE, None))
        try:
            self._ask(question, self._service.found, time.monotonic() + self._patience)
        except _UsedUp:
            raise NeedsPerson(f"the {self._quota:,} questions of today are used up") from None

    # -- one question ----------------------------------------------------------------------------------------

    def _answered(self, key: str, question: Question, read: Callable[[Answer], Geocoded | None]) -> Geocoded | None:
        until = time.monotonic() + self._patience
        kept, peace = self._shared.look(key)
        if kept is not None and (known := _kept(kept, self._service.source)) is not _UNREADABLE:
            return known
        if peace:
            raise TryLater(f"{self._service.source} has failed and is left in peace for a while")
        try:
            answer = self._ask(question, read, until)
        except _UsedUp:
            self._say_used_up()
            return None
        except (TryLater, NeedsPerson) as failed:
            self._count_failure(failed)
            raise
        seconds = KEPT_SECONDS if answer else NOTHING_KEPT_SECONDS
        with contextlib.suppress(TryLater):
            self._shared.keep(key, _to_keep(answer), seconds=seconds)
        return answer

    def _ask(self, question: Question, read: Callable[[Answer], Geocoded | None], until: float) -> Geocoded | None:
        """Ask, and once more when that may help and there is time. Each time counts."""
        try:
            return self._ask_once(question, read, until)
        except Again as again:
            if until - time.monotonic() < again.pause + _WORTH_TRYING:
                raise
            self._sleep(again.pause)
            with contextlib.suppress(_UsedUp):
                return self._ask_once(question, read, until)
            raise

    def _ask_once(self, question: Question, read: Callable[[Answer], Geocoded | None], until: float) -> Geocoded | None:
        self._take()
        answer = self._exchange.ask(question, seconds=max(until - time.monotonic(), 0.0))
        return read(answer)

    def _whole(self, address: str, district: str | None) -> str:
        rest = address.removeprefix(self._city)
        return self._city + (district if district and district not in rest else "") + rest

    def _here(self, point: Point) -> bool:
        return untrusted.in_china(point) and not (self._covers and self._covers(point) is False)

    # -- quota and failures ----------------------------------------------------------------------------------

    def _take(self) -> None:
        if not self._shared.take(self._today(), self._quota):
            raise _UsedUp

    def _say_used_up(self) -> None:
        with contextlib.suppress(TryLater):
            if self._shared.first_to_say(self._today()):
                log.warning("%s: the %d questions of today are used up", self._service.source, self._quota)

    def _count_failure(self, failed: Exception) -> None:
        with contextlib.suppress(TryLater):
            if self._shared.failed():
                log.warning(
                    "%s: not asked for %d s after %d failures: %s",
                    self._service.source,
                    PEACE_SECONDS,
                    FAILURES,
                    failed,
                )

    def _today(self) -> str:
        return self._clock().astimezone(CITY_TIME).date().isoformat()


class _UsedUp(Exception):
    """The day's quota is used up."""


def fit_to_send(address: str) -> str | None:
    """What of an address may leave the city's machines; None when nothing of use is left.

    Without unit and flat numbers, phones and other long numbers, on one line.
    """
    line = _LONG_NUMBER.sub("", hide_phones(" ".join(clean(address).split())))
    line = without_flat(line).strip(" ；;，,。.、")
    return line if says_something(line) and len(line) <= LONGEST_ADDRESS else None


# -- what is kept ------------------------------------------------------------------------------------------------

_UNREADABLE = Geocoded(0.0, 0.0, None, None, None, None, 0.0, "")


def _to_keep(answer: Geocoded | None) -> str:
    if answer is None:
        return "{}"
    kept = {
        "lat": answer.lat,
        "lon": answer.lon,
        "district": answer.district,
        "street": answer.street,
        "level": answer.level,
        "confidence": answer.confidence,
    }
    return json.dumps(kept, ensure_ascii=False)


def _kept(value: str, source: str) -> Geocoded | None:
    """A kept answer, None for a kept 'knows none', `_UNREADABLE` for what another version may have written."""
    try:
        read = json.loads(value)
        if read == {}:
            return None
        return Geocoded(
            float(read["lat"]),
            float(read["lon"]),
            read["district"],
            read["street"],
            None,
            read["level"],
            float(read["confidence"]),
            source,
        )
    except (ValueError, KeyError, TypeError):
        return _UNREADABLE
