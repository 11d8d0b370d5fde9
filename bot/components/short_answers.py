"""Short answers are short: a long message is hardly ever only 'yes', 'cancel' or 'hello'.

A classifier over few words is easily drawn to '算了' or '你好' at the head of a long complaint, and would then throw
the complaint away. This component moves such an intent down when the message is longer than the intent usually is,
unless it is all but certain.
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
    """Longest usual length in characters by intent, as a table in `config.yml` or the default below.

    A longer message is of that intent only from the confidence `sure` on, and none at all from `longest_of_all` on.
    """

    @staticmethod
    def get_default_config() -> Dict[Text, Any]:
        return {
            "longest": {
                "affirm": 12,
                "deny": 14,
                "unsure": 18,
                "cancel": 18,
                "start_over": 20,
                "undo": 22,
                "repeat": 22,
                "misheard": 24,
                "why_asked": 22,
                "hold_on": 18,
                "greet": 14,
                "goodbye": 16,
                "thanks": 22,
                "ask_menu": 22,
                "ask_identity": 22,
                "ask_person": 30,
                "call_back": 36,
                "keep_secret": 30,
                "off_topic": 30,
                "start_report": 26,
                "report_again": 26,
                "inform": 40,
            },
            "sure": 0.9,
            "longest_of_all": 60,
        }

    def __init__(self, config: Dict[Text, Any]) -> None:
        self._longest: Dict[Text, int] = config["longest"]
        self._sure: float = config["sure"]
        self._longest_of_all: int = config["longest_of_all"]

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
                # what was ruled out leaves its probability to the rest
                whole = sum(one[PREDICTED_CONFIDENCE_KEY] for one in fitting) or 1.0
                left = [{**one, PREDICTED_CONFIDENCE_KEY: one[PREDICTED_CONFIDENCE_KEY] / whole} for one in fitting]
                out = [{**one, PREDICTED_CONFIDENCE_KEY: 0.0} for one in ranking if one not in fitting]
                message.set(INTENT, dict(left[0]), add_to_output=True)
                message.set(INTENT_RANKING_KEY, left + out, add_to_output=True)
        return messages

    def _fits(self, intent: Dict[Text, Any], length: int) -> bool:
        longest = self._longest.get(intent["name"])
        if longest is None or length <= longest:
            return True
        return length < self._longest_of_all and intent.get(PREDICTED_CONFIDENCE_KEY, 1.0) >= self._sure
