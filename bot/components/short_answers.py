"""Short answers are short: a long message is never only 'yes', 'cancel' or 'hello'.

A classifier over few words is easily drawn to '算了' or '你好' at the head of a long complaint, and would then throw
the complaint away. This component moves such an intent down when the message is longer than the intent ever is.
"""

from __future__ import annotations

from typing import Any, Dict, List, Text

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import INTENT, INTENT_RANKING_KEY, PREDICTED_CONFIDENCE_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message


@DefaultV1Recipe.register([DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER], is_trainable=False)
class ShortAnswers(GraphComponent):
    """Longest sensible length in characters by intent, as a table in `config.yml` or the default below."""

    @staticmethod
    def get_default_config() -> Dict[Text, Any]:
        return {
            "longest": {
                "affirm": 12,
                "deny": 12,
                "unsure": 16,
                "cancel": 16,
                "start_over": 16,
                "repeat": 16,
                "greet": 14,
                "goodbye": 14,
                "thanks": 22,
                "ask_menu": 22,
                "ask_identity": 22,
                "ask_person": 30,
                "off_topic": 30,
                "start_report": 24,
                "report_again": 24,
            },
            # An intent of the table counts only at this confidence; below it the next one is taken.
            "least_confidence": 0.3,
        }

    def __init__(self, config: Dict[Text, Any]) -> None:
        self._longest: Dict[Text, int] = config["longest"]
        self._least: float = config["least_confidence"]

    @classmethod
    def create(
        cls,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> "ShortAnswers":
        return cls(config)

    def process(self, messages: List[Message]) -> List[Message]:
        for message in messages:
            ranking = message.get(INTENT_RANKING_KEY) or []
            length = len((message.get(TEXT) or "").strip())
            if not ranking or (message.get(TEXT) or "").startswith("/"):
                continue
            fitting = [one for one in ranking if self._fits(one, length)]
            if fitting and fitting[0] is not ranking[0]:
                rest = [one for one in ranking if one not in fitting]
                message.set(INTENT, fitting[0], add_to_output=True)
                message.set(INTENT_RANKING_KEY, fitting + rest, add_to_output=True)
        return messages

    def _fits(self, intent: Dict[Text, Any], length: int) -> bool:
        longest = self._longest.get(intent["name"])
        if longest is None:
            return True
        return length <= longest and intent.get(PREDICTED_CONFIDENCE_KEY, 1.0) >= self._least
