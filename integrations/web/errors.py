"""Errors as the API answers them: `{"error": {"code", "message"}}`, the message in words for a citizen."""

from __future__ import annotations

import logging
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from integrations.services.errors import TryLater
from kb.words import Words

log = logging.getLogger(__name__)


class ApiError(Exception):
    """An answer that is no success, on purpose."""

    def __init__(self, status: int, code: str, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.headers = status, code, headers


class Problem(BaseModel):
    """What went wrong. `code` is for programs and stays the same, `message` is for people."""

    code: str
    message: str
    detail: str | None = Field(default=None, description="The field that cannot be used and why, for developers")


class ErrorOut(BaseModel):
    """Every answer that is no success."""

    error: Problem


# What each status of an error means, wherever it is given.
MEANINGS = {
    401: "No session yet, or one that is over: begin one with POST /api/chat/session",
    403: "A header that only our own page or the signed sender can send is missing or wrong",
    404: "There is no such thing, or not any more",
    409: "Too early: something that comes before it has not arrived; come again after Retry-After seconds",
    410: "It was there, and is gone: begin anew",
    413: "Larger than is taken",
    415: "Not of the type that is named",
    416: "Not a part of the file, or too large a part",
    422: "It cannot be used; it will never be taken as it is",
    429: "Too fast; come again after Retry-After seconds",
    503: "A part is away; what was stored is kept. Come again after Retry-After seconds",
}


def may_answer(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """These errors as an OpenAPI description."""
    return {status: {"model": ErrorOut, "description": MEANINGS[status]} for status in statuses}


def _answer(status: int, code: str, message: str, **more: object) -> JSONResponse:
    headers = more.pop("headers", None)
    body = {"error": {"code": code, "message": message, **more}}
    return JSONResponse(body, status_code=status, headers=headers)  # type: ignore[arg-type]


def install(app: FastAPI, words: Words) -> None:
    """Answer every error of the app in this form."""

    @app.exception_handler(ApiError)
    async def on_purpose(_request: Request, error: ApiError) -> JSONResponse:
        return _answer(error.status, error.code, str(error), headers=error.headers)

    @app.exception_handler(TryLater)
    async def later(_request: Request, error: TryLater) -> JSONResponse:
        log.warning("answered 503: %s", error)
        return _answer(503, "try_later", words.say("chat.busy"), headers={"Retry-After": "3"})

    @app.exception_handler(RequestValidationError)
    async def invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        return _answer(422, "bad_request", words.say("chat.bad_request"), detail=f"{place}: {first['msg']}")

    @app.exception_handler(HTTPException)
    async def http(_request: Request, error: HTTPException) -> JSONResponse:
        key = "chat.not_found" if error.status_code == 404 else "chat.bad_request"
        return _answer(error.status_code, f"http_{error.status_code}", words.say(key), headers=error.headers)
