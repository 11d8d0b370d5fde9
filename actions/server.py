"""The action server: one route that hands Rasa's call to the SDK's executor."""

from __future__ import annotations

import hmac
import logging
from typing import Any

import anyio.to_thread
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse
from rasa_sdk.executor import ActionExecutor, CollectingDispatcher
from rasa_sdk.interfaces import ActionNotFoundException

from actions.feedback import HearRating
from actions.feelings import Upset
from actions.followup import HearProgress
from actions.handover import AskPerson, HearCallBack
from actions.question import AnswerQuestion
from actions.repair import HoldOn, LeaveForm, OldButton, Undo, WhyAsked
from actions.report import DropReport, HearReport, KeepSecret, RestartReport, ResumeReport, SubmitReport
from actions.smalltalk import Smalltalk
from actions.step import Step
from actions.unclear import Misheard, NotUnderstood
from actions.vectors import NoVector, vector
from integrations.bootstrap import Services
from integrations.services.errors import ServiceError

log = logging.getLogger(__name__)

STEPS: tuple[type[Step], ...] = (
    HearReport,
    SubmitReport,
    KeepSecret,
    DropReport,
    RestartReport,
    ResumeReport,
    HearProgress,
    HearRating,
    AskPerson,
    HearCallBack,
    Smalltalk,
    Upset,
    NotUnderstood,
    AnswerQuestion,
    OldButton,
    LeaveForm,
    WhyAsked,
    HoldOn,
    Undo,
    Misheard,
)


def create_app(services: Services) -> FastAPI:
    """The server with every step registered. Only Rasa, which knows the token, may call it."""
    executor = ActionExecutor()
    for step in STEPS:
        executor.register_action(step(services))
    token = services.settings.secrets["internal_token"]
    app = FastAPI(title="Jiesu actions", docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/health")
    async def health() -> dict[str, object]:
        return {"status": "ok", "actions": len(STEPS)}

    async def webhook(request: Request) -> JSONResponse:
        if not hmac.compare_digest(request.query_params.get("token", "").encode(), token.encode()):
            raise HTTPException(403, "wrong token")
        call = await request.json()
        try:
            result = await executor.run(call)
        except ActionNotFoundException as unknown:
            return JSONResponse({"error": str(unknown), "action_name": unknown.action_name}, status_code=404)
        except ServiceError as failed:
            log.error("action failed: action=%s %s", call.get("next_action"), failed)
            return JSONResponse(_sorry(services), status_code=200)
        return JSONResponse(result.model_dump() if result else None)

    async def vectors(request: Request) -> JSONResponse:
        if not hmac.compare_digest(request.query_params.get("token", "").encode(), token.encode()):
            raise HTTPException(403, "wrong token")
        try:
            return JSONResponse(await anyio.to_thread.run_sync(vector, services, await request.json()))
        except ValueError as wrong:
            raise HTTPException(400, "expected a text") from wrong
        except NoVector as none:
            raise HTTPException(503, "no vector") from none

    # Called several times in each turn, by Rasa alone: FastAPI's checks of parameters would take as long as the step.
    app.add_route("/webhook", webhook, methods=["POST"])
    app.add_route("/vectors", vectors, methods=["POST"])
    return app


def _sorry(services: Services) -> dict[str, Any]:
    """What the citizen hears when the store or another part is away; nothing is remembered of the failed step."""
    dispatcher = CollectingDispatcher()
    dispatcher.utter_message(json_message=services.speech.say("repair.sorry").as_json())
    return {"events": [], "responses": dispatcher.messages}
