"""Which intent a message has, and how likely that is. The model itself is in `linear_model.py`.

It stands twice in the pipeline. First it judges by characters, in half a millisecond. Where that is not sure enough,
`SentenceVectors` puts a vector on the message, and the second one judges by characters and meaning; a message without
a vector keeps what the first one said. The confidence is a probability: of messages that it is 70 % sure of, about
70 % are what it says.
"""

from __future__ import annotations

import logging
from typing import Any, Dict, List, Optional, Text, Type

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers import LABEL_RANKING_LENGTH
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.nlu.constants import (
    INTENT,
    INTENT_NAME_KEY,
    INTENT_RANKING_KEY,
    PREDICTED_CONFIDENCE_KEY,
    TEXT,
)
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from components.linear_model import LinearModel

logger = logging.getLogger(__name__)

FILE = "intents.npz"


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class LinearIntents(IntentClassifier, GraphComponent):
    """Linear support vectors with a fitted softmax, in Rasa's pipeline."""

    @classmethod
    def required_components(cls) -> List[Type]:
        return []

    @staticmethod
    def get_default_config() -> Dict[Text, Any]:
        return {
            "with_meaning": False,
            "strictness": 3.0,
            "weight_of_meaning": 0.4,
            "ranking_length": LABEL_RANKING_LENGTH,
        }

    def __init__(
        self,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        model: Optional[LinearModel] = None,
    ) -> None:
        self._config = config
        self._storage, self._resource = model_storage, resource
        self._model = model

    @classmethod
    def create(
        cls,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> "LinearIntents":
        return cls(config, model_storage, resource)

    @classmethod
    def load(
        cls,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> "LinearIntents":
        model = None
        try:
            with model_storage.read_from(resource) as folder, np.load(folder / FILE, allow_pickle=False) as kept:
                model = LinearModel.of_arrays(kept)
        except (ValueError, OSError):
            logger.warning("one of the two understandings was not trained")
        return cls(config, model_storage, resource, model)

    def train(self, training_data: TrainingData) -> Resource:
        examples = [one for one in training_data.intent_examples if one.get(TEXT) and one.get(INTENT)]
        vectors = [_vector(one) for one in examples]
        if self._config["with_meaning"] and all(vector is None for vector in vectors):
            logger.warning("no training sentence has a vector: nothing is understood by meaning")
            return self._resource
        self._model = LinearModel.fit(
            [one.get(TEXT) for one in examples],
            [one.get(INTENT) for one in examples],
            vectors,
            with_meaning=self._config["with_meaning"],
            strictness=self._config["strictness"],
            weight_of_meaning=self._config["weight_of_meaning"],
        )
        with self._storage.write_to(self._resource) as folder:
            np.savez(folder / FILE, **self._model.as_arrays())
        return self._resource

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """What comes after learns nothing from intents that were guessed."""
        return training_data

    def process(self, messages: List[Message]) -> List[Message]:
        for message in messages:
            vector = _vector(message)
            if self._config["with_meaning"] and (self._model is None or vector is None):
                continue
            ranking = self._ranking(message.get(TEXT) or "", vector)
            message.set(INTENT, dict(ranking[0]), add_to_output=True)
            message.set(INTENT_RANKING_KEY, ranking, add_to_output=True)
        return messages

    def _ranking(self, text: Text, vector: Optional[np.ndarray]) -> List[Dict[Text, Any]]:
        # a button says its intent itself, and Rasa reads it later
        if self._model is None or not text.strip() or text.startswith("/"):
            return [{INTENT_NAME_KEY: None, PREDICTED_CONFIDENCE_KEY: 1.0 if text else 0.0}]
        likely = self._model.judge(text, vector)
        order = np.argsort(-likely)[: self._config["ranking_length"] or None]
        return [
            {INTENT_NAME_KEY: self._model.intents[one], PREDICTED_CONFIDENCE_KEY: float(likely[one])} for one in order
        ]


def _vector(message: Message) -> Optional[np.ndarray]:
    _, sentence = message.get_dense_features(TEXT, [])
    return None if sentence is None else np.asarray(sentence.features, dtype=np.float32)[0]
