"""The routes of Open311 GeoReport v2, http://wiki.open311.org/GeoReport_v2, and of updates, which are ours.

As usual in the wild there is no idempotency: the same request posted twice is two requests.
"""

import hmac
from collections.abc import Mapping
from datetime import timedelta

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from integrations.demo_dispatch.casework import Case
from integrations.demo_dispatch.catalogue import Catalogue, Service
from integrations.demo_dispatch.clock import Clock
from integrations.demo_dispatch.documents import (
    definition_document,
    discovery_document,
    receipt_document,
    request_document,
    service_document,
)
from integrations.demo_dispatch.faults import FaultQueue, faulty_route
from integrations.demo_dispatch.hearing import Heard, read_update
from integrations.demo_dispatch.hearing import receipt_document as heard_document
from integrations.demo_dispatch.inquiry import read_inquiry
from integrations.demo_dispatch.intake import read_request
from integrations.demo_dispatch.replies import Refused, reply
from integrations.demo_dispatch.settings import Settings
from integrations.demo_dispatch.store import Filter, KeyUsed, NoSuchRequest, Store

PREFIX = "/open311/v2"
FORM = "application/x-www-form-urlencoded"


def georeport_routes(
    *,
    store: Store,
    catalogue: Catalogue,
    clock: Clock,
    settings: Settings,
    faults: FaultQueue | None,
) -> APIRouter:
    """``faults`` is None unless tests may order them."""
    router = APIRouter(prefix=PREFIX)
    if faults is not None:
        router.route_class = faulty_route(faults)
    token_after = None if settings.token_seconds is None else timedelta(seconds=settings.token_seconds)

    def check_jurisdiction(given: str | None) -> None:
        """One jurisdiction is served here, so it need not be named; another one's name is not found."""
        if given and settings.jurisdiction and given != settings.jurisdiction:
            raise Refused(404, f"jurisdiction_id {given[:80]!r} was not found.")

    def known(number: str) -> Case:
        found = store.search(Filter(numbers=(number,), told_by=clock()), limit=1)
        if not found:
            raise Refused(404, f"service_request_id {number[:80]!r} was not found.")
        return found[0]

    @router.get("/discovery.{form}")
    def discovery(form: str, request: Request) -> Response:
        endpoint_url = str(request.base_url).rstrip("/") + PREFIX
        return reply(form, "discovery", discovery_document(endpoint_url))

    @router.get("/services.{form}")
    def services(form: str, jurisdiction_id: str = "") -> Response:
        check_jurisdiction(jurisdiction_id)
        documents = [service_document(one, batch=token_after is not None) for one in catalogue.services.values()]
        return reply(form, "services", documents)

    @router.get("/services/{code}.{form}")
    def service_definition(code: str, form: str, jurisdiction_id: str = "") -> Response:
        check_jurisdiction(jurisdiction_id)
        return reply(form, "service_definition", definition_document(_offered(catalogue, code), catalogue))

    @router.post("/requests.{form}")
    async def post_request(form: str, request: Request) -> Response:
        _check_format(form)
        pairs = await _posted_form(request)
        fields = dict(pairs)
        _check_key(fields, settings.api_key)
        check_jurisdiction(fields.get("jurisdiction_id", "").strip())
        new = read_request(pairs, catalogue)
        receipt = await run_in_threadpool(store.add, new, now=clock(), token_after=token_after)
        return reply(form, "service_requests", [receipt_document(receipt, new)])

    @router.get("/requests.{form}")
    def list_requests(form: str, request: Request, jurisdiction_id: str = "") -> Response:
        check_jurisdiction(jurisdiction_id)
        inquiry = read_inquiry(request.query_params.multi_items(), now=clock())
        cases = store.search(inquiry.wanted, limit=inquiry.limit, offset=inquiry.offset)
        documents = [request_document(case, catalogue, settings.own_url) for case in cases]
        return reply(form, "service_requests", documents)

    @router.get("/requests/{number}.{form}")
    def one_request(number: str, form: str, jurisdiction_id: str = "") -> Response:
        check_jurisdiction(jurisdiction_id)
        return reply(form, "service_requests", [request_document(known(number), catalogue, settings.own_url)])

    @router.get("/tokens/{token}.{form}")
    def request_of_token(token: str, form: str, jurisdiction_id: str = "") -> Response:
        """A number stands for itself, so that who has one may ask here as well."""
        check_jurisdiction(jurisdiction_id)
        try:
            number = store.number_of(token, now=clock())
        except NoSuchRequest:
            if store.find(token) is None:
                raise Refused(404, f"token {token[:80]!r} was not found.") from None
            number = token
        found = {"token": token} if number is None else {"service_request_id": number, "token": token}
        return reply(form, "service_requests", [found])

    @router.post("/requests/{number}/updates.{form}")
    async def post_update(number: str, form: str, request: Request) -> Response:
        """Ours. The same key again is the same update, however often it comes."""
        _check_format(form)
        fields = await _posted_fields(request)
        _check_key(fields, settings.api_key)
        check_jurisdiction(fields.get("jurisdiction_id", "").strip())
        update = read_update(fields, now=clock())
        await run_in_threadpool(known, number)
        try:
            new = await run_in_threadpool(store.hear, number, update)
        except NoSuchRequest as error:
            raise Refused(404, f"service_request_id {number[:80]!r} was not found.") from error
        except KeyUsed as error:
            raise Refused(400, "key stands for an update of another kind already.") from error
        return reply(form, "service_request_updates", [heard_document(Heard(number, update, not new))])

    return router


def _offered(catalogue: Catalogue, code: str) -> Service:
    service = catalogue.services.get(code)
    if service is None:
        raise Refused(404, f"service_code {code[:80]!r} was not found.")
    return service


def _check_format(form: str) -> None:
    """Before anything is stored."""
    if form not in ("json", "xml"):
        raise Refused(404, f"There is no format {form[:20]!r} here, only json and xml.")


def _check_key(fields: Mapping[str, str], api_key: str) -> None:
    given = fields.get("api_key")
    if not given:
        raise Refused(403, "api_key is missing.")
    if not hmac.compare_digest(given.encode(), api_key.encode()):
        raise Refused(403, "api_key is invalid.")


async def _posted_form(request: Request) -> list[tuple[str, str]]:
    """Names and values in their order; files are left aside. Raises Refused for another kind of body."""
    kind = _kind_of_body(request)
    if kind and kind not in (FORM, "multipart/form-data"):
        raise Refused(400, f"A body of type {kind[:60]!r} can't be read; send {FORM}.")
    return [(name, value) for name, value in (await request.form()).multi_items() if isinstance(value, str)]


async def _posted_fields(request: Request) -> dict[str, str]:
    """As ``_posted_form``, or the texts of one JSON object."""
    if _kind_of_body(request) != "application/json":
        return dict(await _posted_form(request))
    try:
        content = await request.json()
    except ValueError as error:
        raise Refused(400, "The body is not JSON.") from error
    if not isinstance(content, dict):
        raise Refused(400, "The body is not a JSON object.")
    return {str(name): value for name, value in content.items() if isinstance(value, str)}


def _kind_of_body(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()
