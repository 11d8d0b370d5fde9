"""What a sentence means, as numbers: a featurizer that asks the embedder of the whole system.

While training, the vectors come from the file that ships beside the training sentences. While running, they come from
the action server, which embeds a message for its own use a moment later. A message whose intent is sure already gets
none, for a vector costs more than the rest of the turn's hearing. Where a vector is not to be had, the message has
none either, and what was judged by characters stays.
"""

from __future__ import annotations

import logging
from typing import Any, Dict, List, Optional, Text

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.featurizers.dense_featurizer.dense_featurizer import DenseFeaturizer
from rasa.shared.nlu.constants import INTENT, PREDICTED_CONFIDENCE_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from components import kept_vectors
from components.kept_vectors import KeptVectors, Space, beginning
from components.vector_service import service

logger = logging.getLogger(__name__)

FILE = "space.npz"


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=True)
class SentenceVectors(DenseFeaturizer, GraphComponent):
    """Gives a message one dense sentence vector of length 1. It needs no tokens.

    `unless_sure`: from this confidence of the intent on, none is asked for; above 1, one is always asked for.
    """

    @staticmethod
    def get_default_config() -> Dict[Text, Any]:
        return {**DenseFeaturizer.get_default_config(), "unless_sure": 1.1}

    def __init__(
        self,
        config: Dict[Text, Any],
        name: Text,
        model_storage: ModelStorage,
        resource: Resource,
        space: Optional[Space] = None,
    ) -> None:
        super().__init__(name, config)
        self._storage, self._resource = model_storage, resource
        self._space = space
        self._kept: Optional[KeptVectors] = None

    @classmethod
    def create(
        cls,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> "SentenceVectors":
        return cls(config, execution_context.node_name, model_storage, resource)

    @classmethod
    def load(
        cls,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> "SentenceVectors":
        space = None
        try:
            with model_storage.read_from(resource) as folder, np.load(folder / FILE, allow_pickle=False) as kept:
                space = Space(str(kept["embedder"]), kept["mean"], kept["directions"])
        except (ValueError, OSError):
            logger.warning("the model knows no sentence vectors")
        return cls(config, execution_context.node_name, model_storage, resource, space)

    def train(self, training_data: TrainingData) -> Resource:
        """Keep the space in which the vectors of the training sentences live."""
        self._kept = kept_vectors.load()
        if self._kept is None:
            logger.warning("no vectors of the training sentences: understanding goes by characters alone")
            return self._resource
        self._space = self._kept.space
        with self._storage.write_to(self._resource) as folder:
            np.savez(
                folder / FILE,
                embedder=np.array(self._space.embedder),
                mean=self._space.mean,
                directions=self._space.directions,
            )
        return self._resource

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Every training sentence gets its vector, however sure anybody is."""
        kept = self._kept or kept_vectors.load()
        missing = 0
        for example in training_data.training_examples:
            text = example.get(TEXT)
            row = kept.of(text) if kept and text else None
            missing += bool(text) and row is None
            self._set(example, row)
        if kept and missing:
            logger.warning("%d training sentences have no vector; `jiesu nlu vectors` makes them", missing)
        return training_data

    def process(self, messages: List[Message]) -> List[Message]:
        for message in messages:
            text = message.get(TEXT)
            if text and not text.startswith("/") and not self._sure(message):
                self._set(message, self._ask(text))
        return messages

    def _sure(self, message: Message) -> bool:
        said = (message.get(INTENT) or {}).get(PREDICTED_CONFIDENCE_KEY)
        return said is not None and float(said) >= self._config["unless_sure"]

    def _ask(self, text: Text) -> Optional[np.ndarray]:
        if self._space is None or (found := service().ask(beginning(text))) is None:
            return None
        embedder, raw = found
        try:
            # what was learned from one embedder is never used with another
            return self._space.project(raw) if embedder == self._space.embedder else None
        except ValueError:
            return None

    def _set(self, message: Message, row: Optional[np.ndarray]) -> None:
        if row is not None:
            self.add_features_to_message(None, row[None, :], TEXT, message)

    @classmethod
    def validate_config(cls, config: Dict[Text, Any]) -> None:
        """Nothing to validate."""
