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
from integrations.services.updates import MOVE_OF_EVENT
from integrations.web.errors import ApiError, may_answer

log = logging.getLogger(__name__)

# A signed message older than this is refused; the sender signs each try anew.
FRESH_SECONDS = 300


class HookEvent(BaseModel):
    """One update. `sequence` counts from 1 for each request."""

    model_config = ConfigDict(extra="ignore")

    event_id: Annotated[str, Field(description="The sender's own number of this update, for its log")]
    service_request_id: Annotated[str, Field(min_length=1, max_length=128)]
    sequence: Annotated[int, Field(ge=1)]
    event: Annotated[str, Field(description=f"One of {', '.join(MOVE_OF_EVENT)}")]
    at: Annotated[datetime, Field(description="When it happened, with its time zone")]
    unit: Annotated[str, Field(max_length=128, description="Who holds it now, or helps")] | None = None
    note: Annotated[str, Field(max_length=4000, description="For the citizen: the answer, or the reason")] | None = None
    due_at: Annotated[datetime, Field(description="With 'extended': the new deadline")] | None = None
    photos: Annotated[list[Annotated[str, Field(max_length=500)]], Field(max_length=12)] | None = None
    solved: Annotated[bool, Field(description="With 'rechecked': whether it is solved")] | None = None
    by: Annotated[str, Field(max_length=64, description="Who of the department did it")] | None = None

    def as_update(self) -> DepartmentUpdate:
        """In our words."""
        return DepartmentUpdate(
            self.sequence,
            self.event,
            self.at,
            self.unit,
            self.note,
            due_at=self.due_at,
            photos=tuple(self.photos or ()),
            solved=self.solved,
            by=self.by,
        )


# The body is read as bytes, for its signature; so it is described by hand.
_BODY = HookEvent.model_json_schema()


def router(services: Services) -> APIRouter:
    """The hook's route."""
    routes = APIRouter(prefix="/hooks", tags=["dispatch"])

    @routes.post(
        "/dispatch",
        summary="An update of a request by the dispatch backend",
        responses=may_answer(403, 409, 413, 422, 503),
        openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": _BODY}}}},
    )
    async def dispatch(
        request: Request,
        x_dispatch_timestamp: Annotated[str, Header(description="Unix time of this try, in seconds")] = "",
        x_dispatch_signature: Annotated[
            str, Header(description="'sha256=' and the HMAC-SHA256 of '<timestamp>.<body>' with the secret, in hex")
        ] = "",
    ) -> dict[str, bool]:
        """`applied` is false where it was known already. Each update of a request is applied once and in order."""
        body = await request.body()
        secret = services.settings.secrets["hook_secret"].encode()
        signed = hmac.new(secret, f"{x_dispatch_timestamp}.".encode() + body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(x_dispatch_signature.encode(), f"sha256={signed}".encode()):
            raise ApiError(403, "bad_signature", "the signature does not fit")
        if not x_dispatch_timestamp.isdigit() or abs(time.time() - int(x_dispatch_timestamp)) > FRESH_SECONDS:
            raise ApiError(403, "stale", f"the timestamp is more than {FRESH_SECONDS} seconds away")
        try:
            event = HookEvent.model_validate_json(body)
            applied = await anyio.to_thread.run_sync(
                services.casework.apply, event.service_request_id, event.as_update()
            )
        except ValidationError as wrong:
            first = wrong.errors()[0]
            raise ApiError(422, "bad_event", f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from wrong
        except Rejected as refused:
            raise ApiError(422, "bad_event", str(refused)) from refused
        except Conflict as early:
            raise ApiError(409, "come_again", str(early), headers={"Retry-After": "2"}) from early
        return {"applied": applied}

    return routes
