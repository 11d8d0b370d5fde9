"""The only place that names concrete things: settings in, use cases out. Nothing is opened before it is needed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine

from integrations.clients.chat_lines import ChatLines
from integrations.clients.embedder import Remembering, ServiceEmbedder, packaged
from integrations.clients.geocoders import Amap, GuardedGeocoder, MapService, SharedMemory, Tianditu, amap, tianditu
from integrations.clients.geocoders.exchange import Exchange
from integrations.clients.issue_feed import HttpIssueFeed
from integrations.clients.open311 import MAPPING, Open311Dispatcher, load_mapping
from integrations.clients.rasa import RasaListener
from integrations.clients.redis import RedisLimiter, RedisTurns
from integrations.services.answering import Answering
from integrations.services.casework import Casework
from integrations.services.comparing import Comparing
from integrations.services.conversing import Conversing
from integrations.services.dispatching import Dispatching
from integrations.services.filing import Filing
from integrations.services.following_feeds import FollowingFeeds
from integrations.services.following_up import FollowingUp
from integrations.services.handing_over import HandingOver
from integrations.services.informing import Informing
from integrations.services.intake import Intake
from integrations.services.issue_ports import IssueFeed
from integrations.services.issue_records import Fetched
from integrations.services.judging import Judging
from integrations.services.learning_categories import LearningCategories
from integrations.services.locating import Locating
from integrations.services.merging import Merging
from integrations.services.notifying import Notifying
from integrations.services.ports import Clock, Dispatcher, Geocoder, Limiter, Listener, Messenger, Turns, UnitOfWork
from integrations.services.rating import RatingTickets
from integrations.services.speech import Speech
from integrations.services.supplementing import Supplementing
from integrations.settings import Settings
from integrations.store import database
from kb import known_issues, referrals, screening, taxonomy, urgency, words
from kb.current import CurrentJudge, Models
from kb.kept_models import KeptModels
from kb.known_issues import KnownIssue, checks, files
from kb.places import atlas
from kb.places.atlas import Atlas
from kb.places.current import CurrentPlaces
from kb.places.kept import KeptPlaces
from kb.referrals import Duty
from kb.taxonomy import Taxonomy
from kb.training import Judge, TrainedClassifier, model_path
from kb.understanding import Alarm, Categoriser, RequestTypes, Understanding
from kb.vectors import Embedder

if TYPE_CHECKING:
    from kb.answers.finding import Answers
    from kb.matching.meaning import Meaning

CHANNELS = ("web", "terminal")


def now() -> datetime:
    """The present moment: the one place that reads the clock."""
    return datetime.now(UTC)


@dataclass
class Services:
    """The use cases of one process. `replacements` put a test's own parts in place of the real ones, by name."""

    settings: Settings
    replacements: dict[str, Any] = field(default_factory=dict)

    def _part(self, name: str, made: Any) -> Any:
        return self.replacements[name] if name in self.replacements else made()

    # -- knowledge -------------------------------------------------------------------------------------------

    @cached_property
    def taxonomy(self) -> Taxonomy:
        return self._part("taxonomy", taxonomy.load)  # type: ignore[no-any-return]

    @cached_property
    def classifier(self) -> Categoriser:
        return self._part("classifier", self._classifier)  # type: ignore[no-any-return]

    def _classifier(self) -> Categoriser:
        return CurrentJudge(self.models)

    @cached_property
    def shipped_classifier(self) -> Judge:
        """The judge that learned from the content alone; fitted now where it is not yet."""
        return TrainedClassifier(self.taxonomy, self.duties, self.settings.data_dir / "models", self.embedder)

    @cached_property
    def models(self) -> Models:
        """The model of categories that ships, and those learned from the city's own tickets."""
        kept = KeptModels(self.settings.data_dir / "models")
        return Models(kept, lambda: self.shipped_classifier, self.taxonomy, self.duties, self.embedder)

    @property
    def classifier_path(self) -> Path:
        """Where the classifier for this content is or will be kept."""
        name = self.embedder.name if self.embedder else None
        return model_path(self.taxonomy, self.duties, self.settings.data_dir / "models", name)

    @cached_property
    def duties(self) -> dict[str, Duty]:
        return self._part("duties", referrals.load)  # type: ignore[no-any-return]

    @cached_property
    def embedder(self) -> Embedder | None:
        return self._part("embedder", self._embedder)  # type: ignore[no-any-return]

    def _embedder(self) -> Embedder | None:
        made: Embedder | None
        if self.settings.embedding_url:
            made = ServiceEmbedder(
                self.settings.embedding_url,
                model=self.settings.embedding_model,
                api_key=self.settings.embedding_api_key,
            )
        else:
            made = packaged()
        return Remembering(made) if made else None

    @cached_property
    def dangers(self) -> Alarm:
        return self._part("dangers", self._dangers)  # type: ignore[no-any-return]

    def _dangers(self) -> Alarm:
        from kb.dangers import TrainedDangers

        folder = self.settings.data_dir / "models"
        return TrainedDangers(urgency.load(), self.taxonomy, self.duties, folder, self.embedder)

    @cached_property
    def request_types(self) -> RequestTypes:
        return self._part("request_types", self._request_types)  # type: ignore[no-any-return]

    def _request_types(self) -> RequestTypes:
        # Imported here because it brings the numeric libraries, which the gateway and the worker do without.
        from kb import request_type_model

        return request_type_model.trained(self.settings.data_dir / "models")

    @cached_property
    def understanding(self) -> Understanding:
        return Understanding(
            self.taxonomy,
            self.classifier,
            self.dangers,
            self.request_types,
            self._part("screening", screening.load),
        )

    @cached_property
    def places(self) -> Callable[[], Atlas]:
        """Gives the places in use: those that ship, or the city's own, taken up while the system works."""
        return self._part("places", self._places)  # type: ignore[no-any-return]

    def _places(self) -> Callable[[], Atlas]:
        current = CurrentPlaces(KeptPlaces(self.settings.data_dir / "places"), atlas.load)
        return lambda: current.atlas

    @cached_property
    def locating(self) -> Locating:
        return Locating(places=self.places, geocoder=lambda: self.geocoder)

    @cached_property
    def known_issues(self) -> tuple[KnownIssue, ...]:
        """Those that ship; the database has those in force, see `informing`."""
        return self._part("known_issues", lambda: known_issues.load(self.taxonomy))  # type: ignore[no-any-return]

    @cached_property
    def answers(self) -> Answers:
        """What the city answers to questions."""
        return self._part("answers", self._answers)  # type: ignore[no-any-return]

    def _answers(self) -> Answers:
        # Imported here because it brings the numeric libraries, which the gateway and the worker do without.
        from kb.answers import entries, finding, meaning, weights

        known = entries.load(self.taxonomy)
        meanings = meaning.read(entries.texts(known), self.settings.data_dir / "models", self.embedder)
        return finding.Answers(known, weights.load(), meanings)

    @cached_property
    def speech(self) -> Speech:
        return Speech(self._part("words", words.load), self.taxonomy)

    # -- adapters --------------------------------------------------------------------------------------------

    @cached_property
    def clock(self) -> Clock:
        return self._part("clock", lambda: now)  # type: ignore[no-any-return]

    @cached_property
    def engine(self) -> Engine:
        return self._part("engine", lambda: database.connect(self.settings.sql_url))  # type: ignore[no-any-return]

    @cached_property
    def unit_of_work(self) -> UnitOfWork:
        return self._part("unit_of_work", lambda: database.unit_of_work(self.engine))  # type: ignore[no-any-return]

    @cached_property
    def turns(self) -> Turns:
        return self._part("turns", lambda: RedisTurns(self.settings.redis))  # type: ignore[no-any-return]

    @cached_property
    def limiter(self) -> Limiter:
        return self._part("limiter", lambda: RedisLimiter(self.settings.redis))  # type: ignore[no-any-return]

    @cached_property
    def listener(self) -> Listener:
        token = self.settings.secrets["internal_token"]
        return self._part("listener", lambda: RasaListener(self.settings.rasa, token=token))  # type: ignore[no-any-return]

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
    def issue_feed(self) -> IssueFeed:
        return self._part("issue_feed", HttpIssueFeed)  # type: ignore[no-any-return]

    # -- use cases -------------------------------------------------------------------------------------------

    @cached_property
    def informing(self) -> Informing:
        return Informing(
            unit_of_work=self.unit_of_work,
            clock=self.clock,
            shipped=lambda: self.known_issues,
            examples=self.settings.issues_examples,
        )

    @cached_property
    def following_feeds(self) -> FollowingFeeds:
        return FollowingFeeds(
            informing=self.informing,
            feed=self.issue_feed,
            read=self._read_issues,
            seconds=self.settings.issues_feed_seconds,
        )

    def check_issue(self, issue: KnownIssue) -> list[checks.Problem]:
        """What an entry names that this city does not have."""
        return list(checks.problems(issue, self.taxonomy, self.places().gazetteer))

    def _read_issues(self, fetched: Fetched, name: str) -> list[KnownIssue]:
        read = files.read_csv if fetched.kind == "csv" else files.read_json
        return read(fetched.body or b"", Path(name), self.check_issue)

    @cached_property
    def answering(self) -> Answering:
        return Answering(answers=lambda: self.answers, understanding=self.understanding)

    @cached_property
    def judging(self) -> Judging:
        return Judging(understanding=self.understanding, meaning=lambda: self.meaning)

    @cached_property
    def meaning(self) -> Meaning | None:
        """What makes the sentence vectors that incidents keep; None where there is no embedder for them."""
        from kb.matching import meaning
        from kb.training import kept_library

        library = kept_library(self.settings.data_dir / "models", self.embedder)
        return meaning.meaning(self.embedder, library.space if library else None)

    @cached_property
    def intake(self) -> Intake:
        return Intake(
            taxonomy=self.taxonomy,
            understanding=self.understanding,
            duties=self.duties,
            locating=self.locating,
            informing=self.informing,
            comparing=Comparing(unit_of_work=self.unit_of_work, clock=self.clock, judging=self.judging),
        )

    @cached_property
    def filing(self) -> Filing:
        return Filing(
            taxonomy=self.taxonomy,
            understanding=self.understanding,
            locating=self.locating,
            judging=self.judging,
            unit_of_work=self.unit_of_work,
            clock=self.clock,
        )

    @cached_property
    def conversing(self) -> Conversing:
        return Conversing(
            unit_of_work=self.unit_of_work,
            listener=self.listener,
            turns=self.turns,
            speech=self.speech,
            clock=self.clock,
        )

    @cached_property
    def casework(self) -> Casework:
        return Casework(unit_of_work=self.unit_of_work, clock=self.clock)

    @cached_property
    def notifying(self) -> Notifying:
        return Notifying(
            unit_of_work=self.unit_of_work, messengers=self.messengers, speech=self.speech, clock=self.clock
        )

    @cached_property
    def dispatching(self) -> Dispatching:
        return Dispatching(
            unit_of_work=self.unit_of_work,
            dispatcher=self.dispatcher,
            notifying=self.notifying,
            casework=self.casework,
            clock=self.clock,
            **self.replacements.get("dispatching", {}),
        )

    @cached_property
    def merging(self) -> Merging:
        return Merging(unit_of_work=self.unit_of_work, clock=self.clock)

    @cached_property
    def supplementing(self) -> Supplementing:
        return Supplementing(unit_of_work=self.unit_of_work, clock=self.clock)

    @cached_property
    def following_up(self) -> FollowingUp:
        return FollowingUp(unit_of_work=self.unit_of_work, limiter=self.limiter)

    @cached_property
    def rating(self) -> RatingTickets:
        return RatingTickets(unit_of_work=self.unit_of_work, clock=self.clock)

    @cached_property
    def learning_categories(self) -> LearningCategories:
        return LearningCategories(self.models, self.settings.data_dir / "models", self.clock)

    @cached_property
    def handing_over(self) -> HandingOver:
        return HandingOver(unit_of_work=self.unit_of_work, messengers=self.messengers, clock=self.clock)


def build(settings: Settings, **replacements: Any) -> Services:
    """The use cases for these settings; opens nothing."""
    return Services(settings, replacements)
