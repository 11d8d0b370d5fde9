"""Rasa with the real domain and rules, hearing intents as commands, and a small action server that answers anything.

What an action answers follows from what it is asked and nothing else, by a hash: so two Rasas that ask the same are
told the same, and whatever one of them does differently shows.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from aiohttp import web
from rasa.core.agent import Agent
from rasa.core.channels.channel import CollectingOutputChannel, UserMessage
from rasa.core.tracker_store import SQLTrackerStore, TrackerStore
from rasa.shared.core.domain import Domain
from rasa.utils.endpoints import EndpointConfig

PROJECT = Path(__file__).parents[2]
BOT = PROJECT / "bot"
CONFIG = """
recipe: default.v1
assistant_id: small
language: zh
pipeline:
  - name: KeywordIntentClassifier
policies:
  - name: RulePolicy
    core_fallback_threshold: 0.3
    core_fallback_action_name: action_not_understood
    enable_fallback_prediction: true
"""
NLU = """
version: "3.1"
nlu:
  - intent: greet
    examples: |
      - 你好
  - intent: report
    examples: |
      - 路灯坏了
"""


def train(folder: Path) -> Path:
    """A model of the real domain and rules, in some seconds."""
    from rasa.model_training import train as rasa_train

    (folder / "config.yml").write_text(CONFIG, encoding="utf-8")
    (folder / "nlu.yml").write_text(NLU, encoding="utf-8")
    made = rasa_train(
        domain=str(BOT / "domain"),
        config=str(folder / "config.yml"),
        training_files=[str(folder / "nlu.yml"), str(BOT / "rules"), str(BOT / "stories")],
        output=str(folder),
        fixed_model_name="small",
    )
    assert made.model, "no model came of it"
    return Path(made.model)


class Office:
    """The action server. It remembers what it was asked."""

    def __init__(self, domain: Domain) -> None:
        self.calls: list[dict[str, Any]] = []
        self.bytes: list[int] = []
        self.odd: web.Response | None = None
        self._forms = {name: domain.required_slots_for_form(name) for name in domain.form_names}
        self._form_names = sorted(self._forms)

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[EndpointConfig]:
        """Serve on a port of the loopback."""
        app = web.Application(client_max_size=2**26)
        app.router.add_post("/webhook", self._answer)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        try:
            yield EndpointConfig(f"http://127.0.0.1:{port}/webhook?token=x")
        finally:
            await runner.cleanup()

    async def _answer(self, request: web.Request) -> web.Response:
        body = await request.read()
        call = json.loads(body)
        self.calls.append(call)
        self.bytes.append(len(body))
        if self.odd is not None:
            odd, self.odd = self.odd, None
            return odd
        return web.json_response(self.answer(call))

    def answer(self, call: dict[str, Any]) -> dict[str, Any]:
        """What follows from the slots, the latest message, and whether a form has run since the citizen spoke."""
        name, tracker = call["next_action"], call["tracker"]
        slots, message = tracker["slots"], tracker["latest_message"]
        asked = slots.get("requested_slot")
        seed = json.dumps(
            [name, asked, message.get("text"), (message.get("metadata") or {}).get("message_id"), _since(tracker)],
            ensure_ascii=False,
        )
        dice = int(hashlib.sha256(seed.encode()).hexdigest(), 16)
        say = [{"custom": {"text": f"{name} {asked} {dice % 1000}", "options": [], "card": None}, "buttons": []}]
        form = name.removeprefix("validate_")
        if form in self._forms:
            return self._form(form, asked, dice, say, message)
        events: list[dict[str, Any]] = [_slot("said_before", dice % 7)]
        match dice % 5:
            case 0:
                events.append({"event": "followup", "timestamp": None, "name": self._form_names[dice // 5 % 3]})
            case 1:
                events += [{"event": "active_loop", "timestamp": None, "name": None}, _slot("requested_slot", None)]
        return {"events": events, "responses": say if dice % 3 else []}

    def _form(self, form: str, asked: str | None, dice: int, say: Any, message: dict[str, Any]) -> dict[str, Any]:
        required = self._forms[form]
        match dice % 6:
            case 0 if asked in required:
                return {"events": [], "responses": []}  # steps back for a rule
            case 1:
                return {"events": [_slot("report_draft", None), _slot("requested_slot", None)], "responses": say}
            case _:
                draft = {"id": dice % 97, "words": message.get("text"), "asked": dict.fromkeys(required, dice % 3)}
                following = required[dice // 6 % len(required)]
                return {"events": [_slot("report_draft", draft), _slot("requested_slot", following)], "responses": say}


def _slot(name: str, value: Any) -> dict[str, Any]:
    return {"event": "slot", "timestamp": None, "name": name, "value": value}


def _since(tracker: dict[str, Any]) -> list[Any]:
    """Names of what was done since the citizen spoke, as our actions look at it."""
    since: list[Any] = []
    for event in reversed(tracker["events"]):
        if event["event"] == "user":
            break
        if event["event"] == "action":
            since.append(event["name"])
    return since


def agent(model: Path, store: TrackerStore | None, endpoint: EndpointConfig | None) -> Agent:
    """Rasa with that model, ready to hear."""
    made: Agent = Agent.load(str(model), action_endpoint=endpoint, tracker_store=store)
    return made


def rasas_own_store(path: Path, domain: Domain) -> SQLTrackerStore:
    return SQLTrackerStore(domain, dialect="sqlite", db=str(path))


async def hear(rasa: Agent, sender: str, text: str, number: int) -> list[dict[str, Any]]:
    """One turn over no channel at all; gives what was said."""
    channel = CollectingOutputChannel()
    metadata = {"message_id": f"m:{number}", "conversation_id": sender, "title": text}
    await rasa.handle_message(UserMessage(text, channel, sender, input_channel="rest", metadata=metadata))
    said: list[dict[str, Any]] = channel.messages
    return said


def plain(event: Any) -> dict[str, Any]:
    """An event without what differs from run to run: times, ids of messages and models."""
    made: dict[str, Any] = event.as_dict()
    for key in ("timestamp", "message_id", "metadata", "policy", "confidence"):
        made.pop(key, None)
    if "parse_data" in made:
        made["parse_data"] = {key: made["parse_data"].get(key) for key in ("text", "intent", "entities")}
    return made
