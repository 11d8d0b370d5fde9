"""What the API's description has besides the routes: the order of calls, examples, and errors in our own form."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from integrations.web.errors import MEANINGS

ORDER = """A front end calls in this order:

1. `POST /api/chat/session`, which sets the session's cookie
2. `GET /api/chat/stream?after=N&conversation=ID`, or `GET /api/chat/messages?after=N` every few seconds
3. `POST /api/chat/messages`, each message with an `id` of its own; without an answer send the same again

A line may come by the answer, the stream and a look: `seq` says that it is the same. Every unsafe method needs the
header `X-Jiesu`. Errors are `{"error": {"code", "message"}}`, the message in words for a citizen.
"""

_OWN: dict[str, Any] = {
    "seq": 2,
    "from": "citizen",
    "at": "2026-11-23T09:00:00Z",
    "text": "…",
    "media": [],
    "stand_in": False,
    "client_id": "6f1c9c0e-3a52-4d0b-9f7e-0a8d1c2b3e4f",
    "language": None,
    "options": [],
    "card": None,
}
_ANSWER: dict[str, Any] = {
    **_OWN,
    "seq": 3,
    "from": "assistant",
    "client_id": None,
    "language": "zh-Hans",
    "options": [{"number": 1, "title": "…"}, {"number": 2, "title": "…"}],
}
CONVERSATION = "0f3b5d0e6a7c4e0fb2d1c9a8e7f60514"

# What people say is left out: `…`.
BEGUN: list[dict[str, Any]] = [{}, {"language": "en"}]
SESSION: list[dict[str, Any]] = [{"conversation": CONVERSATION, "latest": 1}]
INCOMING: list[dict[str, Any]] = [
    {"id": _OWN["client_id"], "text": "…"},
    {"id": "b2c1a0f9-0d3e-4c57-8a66-5f4e3d2c1b0a", "choice": {"seq": 3, "option": 1}},
    {
        "id": "c3d2b1a0-1e4f-4d68-9b77-6a5f4e3d2c1b",
        "location": {"lat": 36.0671, "lon": 120.3826, "crs": "GCJ-02", "label": "…"},
    },
]
MESSAGES: list[dict[str, Any]] = [
    {"conversation": CONVERSATION, "messages": [_OWN, _ANSWER], "latest": 3, "pending": False},
    {"conversation": CONVERSATION, "messages": [_OWN], "latest": 2, "pending": True},
]
ANSWERED: list[dict[str, Any]] = [
    {"state": "answered", "messages": [_OWN, _ANSWER]},
    {"state": "pending", "messages": [_OWN]},
]
ERROR: list[dict[str, Any]] = [
    {"error": {"code": "too_fast", "message": "…"}},
    {"error": {"code": "bad_request", "message": "…", "detail": "body.id: Field required"}},
]

EXAMPLES = {
    "Begun": BEGUN,
    "SessionOut": SESSION,
    "Incoming": INCOMING,
    "MessagesOut": MESSAGES,
    "AnswerOut": ANSWERED,
    "ErrorOut": ERROR,
}
_ERROR = {"$ref": "#/components/schemas/ErrorOut"}


def install(app: FastAPI) -> None:
    """Complete the description of the app."""
    make = app.openapi

    def openapi() -> dict[str, Any]:
        if not app.openapi_schema:
            _complete(make())
        return app.openapi_schema or {}

    app.openapi = openapi  # type: ignore[method-assign]


def _complete(document: dict[str, Any]) -> None:
    """FastAPI describes an error of its own where a request cannot be used, and leaves nothings out of examples."""
    for methods in document["paths"].values():
        for route in methods.values():
            refused = route["responses"].get("422")
            if refused and refused["content"]["application/json"]["schema"] != _ERROR:
                refused |= {"description": MEANINGS[422], "content": {"application/json": {"schema": _ERROR}}}
    schemas = document["components"]["schemas"]
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    for name, examples in EXAMPLES.items():
        schemas[name]["examples"] = examples
