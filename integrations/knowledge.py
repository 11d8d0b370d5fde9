"""What a process knows of the city: content, models and places, each read when it is first needed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from integrations.clients.embedder import Remembering, ServiceEmbedder, packaged
from integrations.clients.tiles import CityTiles
from integrations.services.caring import Feels
from integrations.services.speech import Speech
from integrations.settings import Settings
from kb import known_issues, questions, referrals, screening, taxonomy, urgency, words, working_time
from kb.current import CurrentJudge, Models
from kb.feelings import anger, distress
from kb.feelings.anger import Anger
from kb.feelings.distress import Feelings
from kb.handover import desk as desks
from kb.handover.desk import Desk
from kb.kept_models import KeptModels
from kb.known_issues import KnownIssue
from kb.places import atlas
from kb.places.atlas import Atlas
from kb.places.current import CurrentPlaces
from kb.places.kept import KeptPlaces
from kb.questions import Library
from kb.referrals import Duty
from kb.satisfaction import checklists, hearing, policy, reasons
from kb.satisfaction.checklists import CheckLists
from kb.satisfaction.hearing import Hearing
from kb.satisfaction.policy import Policy
from kb.satisfaction.reasons import Reasons
from kb.taxonomy import Taxonomy
from kb.training import Judge, TrainedClassifier, model_path
from kb.understanding import Alarm, Categoriser, RequestTypes, Understanding
from kb.urgency import Dangers
from kb.vectors import Embedder

if TYPE_CHECKING:
    from kb.answers.finding import Answers


@dataclass
class Knowledge:
    """The knowledge of one process. `replacements` put a test's own parts in place of the real ones, by name."""

    settings: Settings
    replacements: dict[str, Any] = field(default_factory=dict)

    def _part(self, name: str, made: Any) -> Any:
        return self.replacements[name] if name in self.replacements else made()

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
    def desk(self) -> Desk:
        """When somebody sits at the desk to take over conversations."""
        return self._part("desk", self._desk)  # type: ignore[no-any-return]

    def _desk(self) -> Desk:
        fixed = {"always": desks.ALWAYS, "never": desks.NEVER}
        return fixed.get(self.settings.desk_hours) or desks.load(working_time.city())

    @cached_property
    def danger_words(self) -> Dangers:
        """The rules alone, which need no model: for the gateway, to let nobody in danger wait."""
        return self._part("danger_words", urgency.load)  # type: ignore[no-any-return]

    @cached_property
    def feeling_words(self) -> Feelings:
        """The rules for distress, which need no model: for the gateway, to answer before everything else."""
        return self._part("feeling_words", distress.shipped)  # type: ignore[no-any-return]

    @cached_property
    def feelings(self) -> Feels:
        """The rules, and a model for what they miss."""
        return self._part("feelings", self._feelings)  # type: ignore[no-any-return]

    def _feelings(self) -> Feels:
        from kb.feelings.trained import TrainedFeelings

        folder = self.settings.data_dir / "models"
        return TrainedFeelings(self.feeling_words, self.taxonomy, self.duties, folder, self.embedder)

    @cached_property
    def anger(self) -> Anger:
        return self._part("anger", anger.load)  # type: ignore[no-any-return]

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
    def tiles(self) -> CityTiles:
        """The city's own map tiles, where it has some."""
        return CityTiles(self.settings.map_tiles)

    @cached_property
    def known_issues(self) -> tuple[KnownIssue, ...]:
        """Those that ship; the database has those in force, see `informing`."""
        return self._part("known_issues", lambda: known_issues.load(self.taxonomy))  # type: ignore[no-any-return]

    @cached_property
    def questions(self) -> Library:
        """What is worth asking about a problem of one kind."""
        return self._part("questions", lambda: questions.load(self.taxonomy))  # type: ignore[no-any-return]

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
    def hearing(self) -> Hearing:
        """How answers about a closed complaint are heard."""
        return self._part("hearing", hearing.load)  # type: ignore[no-any-return]

    @cached_property
    def reasons(self) -> Reasons:
        """Why somebody may not be content."""
        return self._part("reasons", reasons.load)  # type: ignore[no-any-return]

    @cached_property
    def checklists(self) -> CheckLists:
        """What a re-check must show."""
        return self._part("checklists", checklists.load)  # type: ignore[no-any-return]

    @cached_property
    def verdict_policy(self) -> Policy:
        """How long re-checks may take, and what puts an incident on the ledger."""
        return self._part("verdict_policy", policy.load)  # type: ignore[no-any-return]

    @cached_property
    def speech(self) -> Speech:
        return Speech(self._part("words", words.load), self.taxonomy)
