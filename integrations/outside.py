"""What lies outside of a process: database, Redis, Rasa, backend, map service; opened when it is first needed."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cached_property

from sqlalchemy import Engine

from integrations.clients import sealing
from integrations.clients.chat_lines import ChatLines
from integrations.clients.geocoders import Amap, GuardedGeocoder, MapService, SharedMemory, Tianditu, amap, tianditu
from integrations.clients.geocoders.exchange import Exchange
from integrations.clients.issue_feed import HttpIssueFeed
from integrations.clients.open311 import MAPPING, Open311Dispatcher, load_mapping
from integrations.clients.rasa import RasaListener
from integrations.clients.redis import RedisLimiter, RedisTurns
from integrations.clients.redis_news import RedisNews
from integrations.clients.sealing import AesSealer
from integrations.clients.several_rasas import SeveralRasas
from integrations.clients.trackers import SqlTrackers
from integrations.clients.transcriber import OpenAiTranscriber
from integrations.knowledge import Knowledge
from integrations.services.announcing import News
from integrations.services.dispatch_ports import Dispatcher
from integrations.services.issue_ports import IssueFeed
from integrations.services.media_ports import Transcriber
from integrations.services.personal_ports import KeysInUse, Sealer, Trackers
from integrations.services.ports import Clock, Geocoder, Limiter, Listener, Messenger, Turns, UnitOfWork
from integrations.settings import make_folder
from integrations.store import database

CHANNELS = ("web", "terminal", "wechat")


def now() -> datetime:
    """The present moment: the one place that reads the clock."""
    return datetime.now(UTC)


class Outside(Knowledge):
    """The adapters of one process, beside what it knows."""

    @cached_property
    def clock(self) -> Clock:
        return self._part("clock", lambda: now)  # type: ignore[no-any-return]

    @cached_property
    def engine(self) -> Engine:
        return self._part("engine", lambda: database.connect(self.settings.sql_url))  # type: ignore[no-any-return]

    @cached_property
    def unit_of_work(self) -> UnitOfWork:
        return self._part("unit_of_work", self._unit_of_work)  # type: ignore[no-any-return]

    def _unit_of_work(self) -> UnitOfWork:
        return database.unit_of_work(self.engine, self.sealer, self.news.tell)

    @cached_property
    def news(self) -> News:
        return self._part("news", lambda: RedisNews(self.settings.redis))  # type: ignore[no-any-return]

    @cached_property
    def reading(self) -> UnitOfWork:
        """For what changes nothing: waits for no writer."""
        return self._part("reading", lambda: database.reading(self.engine, self.sealer))  # type: ignore[no-any-return]

    def sealer(self, in_use: KeysInUse) -> Sealer:
        """What seals contacts. Raises NeedsPerson where their key is gone."""
        if self._sealer is None:
            self._sealer = self._part("sealer", lambda: self._aes(in_use))
        return self._sealer

    _sealer: Sealer | None = None

    def _aes(self, in_use: KeysInUse) -> AesSealer:
        if self.settings.data_key:
            return AesSealer(sealing.read_keys(self.settings.data_key))
        path = self.settings.data_key_file
        make_folder(self.settings.data_dir)
        return AesSealer(sealing.keys_of(path, in_use), again=lambda: sealing.kept_keys(path))

    @cached_property
    def trackers(self) -> Trackers:
        return self._part("trackers", self._rasa_store)  # type: ignore[no-any-return]

    def _rasa_store(self) -> SqlTrackers:
        """Rasa keeps its memory beside our tables, or in a file of its own: see `running.parts`."""
        own = f"sqlite:///{self.settings.data_dir / 'trackers.db'}"
        return SqlTrackers(own if self.settings.sql_url.startswith("sqlite") else self.settings.sql_url)

    @cached_property
    def turns(self) -> Turns:
        return self._part("turns", lambda: RedisTurns(self.settings.redis))  # type: ignore[no-any-return]

    @cached_property
    def limiter(self) -> Limiter:
        return self._part("limiter", lambda: RedisLimiter(self.settings.redis))  # type: ignore[no-any-return]

    @cached_property
    def listener(self) -> Listener:
        return self._part("listener", self._rasas)  # type: ignore[no-any-return]

    def _rasas(self) -> SeveralRasas:
        token = self.settings.secrets["internal_token"]
        return SeveralRasas([RasaListener(url, token=token) for url in self.settings.rasas])

    @cached_property
    def dispatcher(self) -> Dispatcher:
        return self._part("dispatcher", self._open311)  # type: ignore[no-any-return]

    def _open311(self) -> Open311Dispatcher:
        return Open311Dispatcher(
            self.settings.dispatch,
            api_key=self.settings.secrets["dispatch_api_key"],
            taxonomy=self.taxonomy,
            mapping=load_mapping(self.settings.dispatch_mapping or MAPPING),
            jurisdiction=self.settings.dispatch_jurisdiction or None,
            timeout=self.settings.dispatch_timeout_seconds,
            clock=self.clock,
        )

    @cached_property
    def messengers(self) -> dict[str, Messenger]:
        return self._part("messengers", lambda: {channel: ChatLines() for channel in CHANNELS})  # type: ignore[no-any-return]

    @cached_property
    def geocoder(self) -> Geocoder | None:
        return self._part("geocoder", self._geocoder)  # type: ignore[no-any-return]

    def _geocoder(self) -> Geocoder | None:
        chosen = self.settings
        service: MapService
        match chosen.geocoder:
            case "tianditu":
                service, url = Tianditu(chosen.geocoder_key), tianditu.URL
            case "amap":
                service = Amap(chosen.geocoder_key, city=chosen.geocoder_city, secret=chosen.geocoder_secret)
                url = amap.URL
            case _:
                return None
        return GuardedGeocoder(
            service,
            Exchange(chosen.geocoder_url or url),
            SharedMemory(chosen.redis, service=chosen.geocoder, pepper=chosen.geocoder_key),
            city=chosen.geocoder_city,
            daily_quota=chosen.geocoder_daily_quota,
            clock=self.clock,
            covers=lambda point: self.places().areas.covers(point),  # noqa: PLW0108 - the places may change
        )

    @cached_property
    def transcriber(self) -> Transcriber | None:
        return self._part("transcriber", self._transcriber)  # type: ignore[no-any-return]

    def _transcriber(self) -> OpenAiTranscriber | None:
        chosen = self.settings
        if not chosen.transcribe_url:
            return None
        return OpenAiTranscriber(
            chosen.transcribe_url,
            model=chosen.transcribe_model,
            api_key=chosen.transcribe_api_key,
            timeout=chosen.transcribe_timeout_seconds,
        )

    @cached_property
    def issue_feed(self) -> IssueFeed:
        return self._part("issue_feed", HttpIssueFeed)  # type: ignore[no-any-return]
