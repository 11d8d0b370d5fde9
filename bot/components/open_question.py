"""What the open question tells of the answer: after "in which street?" a street is likelier than a farewell.

The probabilities of the intents are weighed by how much likelier each is after that question than elsewhere, and add up
to one again. The weights stand in `config.yml`, by question (the slot's name, or its beginning) and intent; what is not
named weighs 1. The question comes in the message's metadata, see `repairs/parse_message.py`.
"""

from __future__ import annotations

from typing import Any, Dict, List, Text

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.exceptions import InvalidConfigException
from rasa.shared.nlu.constants import INTENT, INTENT_NAME_KEY, INTENT_RANKING_KEY, PREDICTED_CONFIDENCE_KEY
from rasa.shared.nlu.training_data.message import Message

OPEN_QUESTION = "open_question"


@DefaultV1Recipe.register([DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER], is_trainable=False)
class OpenQuestion(GraphComponent):
    """Weighs a ranking by the question that waits for an answer."""

    @staticmethod
    def get_default_config() -> Dict[Text, Any]:
        return {"weights": {}}

    def __init__(self, config: Dict[Text, Any]) -> None:
        self._weights: Dict[Text, Dict[Text, float]] = config["weights"] or {}
        for question, weights in self._weights.items():
            bad = {intent: weight for intent, weight in weights.items() if not float(weight) > 0}
            if bad:
                raise InvalidConfigException(f"weights of {question} must be above 0: {bad}")

    @classmethod
    def create(
        cls,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> "OpenQuestion":
        return cls(config)

    def process(self, messages: List[Message]) -> List[Message]:
        for message in messages:
            weights = self._of((message.get("metadata") or {}).get(OPEN_QUESTION))
            ranking = message.get(INTENT_RANKING_KEY) or []
            if not weights or len(ranking) < 2:
                continue
            raised = [one[PREDICTED_CONFIDENCE_KEY] * weights.get(one[INTENT_NAME_KEY], 1.0) for one in ranking]
            # intents below the end of the ranking keep what was left for them
            left = max(0.0, 1.0 - sum(one[PREDICTED_CONFIDENCE_KEY] for one in ranking))
            whole = sum(raised) + left
            weighed = [
                {**one, PREDICTED_CONFIDENCE_KEY: likely / whole} for one, likely in zip(ranking, raised, strict=True)
            ]
            weighed.sort(key=lambda one: -one[PREDICTED_CONFIDENCE_KEY])
            message.set(INTENT, dict(weighed[0]), add_to_output=True)
            message.set(INTENT_RANKING_KEY, weighed, add_to_output=True)
        return messages

    def _of(self, question: Any) -> Dict[Text, float]:
        """The weights of the question: its own, else those of the longest beginning of its name."""
        if not question:
            return {}
        named = [name for name in self._weights if str(question).startswith(name)]
        return self._weights[max(named, key=len)] if named else {}
