"""Where the dispatch backend tells us what it did: signed, each update applied once and in order."""

from __future__ import annotations

import hashlib
import hmac
import logging
import time
from datetime import datetime
from typing import Annotated

import anyio.to_thread
from fastapi import APIRouter, Header, Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from integrations.bootstrap import Services
from integrations.services.casework import DepartmentUpdate
from integrations.services.errors import Conflict, Rejected
from integrations.web.errors import ApiError

log = logging.getLogger(__name__)

# A signed message older than this is refused; the sender signs each try anew.
FRESH_SECONDS = 300


class HookEvent(BaseModel):
    """One update. `sequence` counts from 1 for each request."""

    model_config = ConfigDict(extra="ignore")

    event_id: str
    service_request_id: Annotated[str, Field(min_length=1, max_length=128)]
    sequence: Annotated[int, Field(ge=1)]
    event: str
    at: datetime
    unit: Annotated[str, Field(max_length=128)] | None = None
    note: Annotated[str, Field(max_length=4000)] | None = None


def router(services: Services) -> APIRouter:
    """The hook's route."""
    routes = APIRouter(prefix="/hooks", tags=["dispatch"])

    @routes.post("/dispatch", summary="An update of a request by the dispatch backend")
    async def dispatch(
        request: Request,
        x_dispatch_timestamp: Annotated[str, Header()] = "",
        x_dispatch_signature: Annotated[str, Header()] = "",
    ) -> dict[str, bool]:
        """Header `X-Dispatch-Signature`: 'sha256=' and the HMAC-SHA256 of '<timestamp>.<body>' with the secret.

        2xx: taken (or known already). 409: come again later. 422: will never be taken.
        """
        body = await request.body()
        secret = services.settings.secrets["hook_secret"].encode()
        signed = hmac.new(secret, f"{x_dispatch_timestamp}.".encode() + body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(x_dispatch_signature.encode(), f"sha256={signed}".encode()):
            raise ApiError(403, "bad_signature", "the signature does not fit")
        if not x_dispatch_timestamp.isdigit() or abs(time.time() - int(x_dispatch_timestamp)) > FRESH_SECONDS:
            raise ApiError(403, "stale", f"the timestamp is more than {FRESH_SECONDS} seconds away")
        try:
            event = HookEvent.model_validate_json(body)
            if event.at.tzinfo is None:
                raise ApiError(422, "bad_event", "at: a time without a zone")
            update = DepartmentUpdate(event.sequence, event.event, event.at, event.unit, event.note)
            applied = await anyio.to_thread.run_sync(services.casework.apply, event.service_request_id, update)
        except ValidationError as wrong:
            first = wrong.errors()[0]
            raise ApiError(422, "bad_event", f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from wrong
        except Rejected as refused:
            raise ApiError(422, "bad_event", str(refused)) from refused
        except Conflict as early:
            raise ApiError(409, "come_again", str(early), headers={"Retry-After": "2"}) from early
        return {"applied": applied}

    return routes
