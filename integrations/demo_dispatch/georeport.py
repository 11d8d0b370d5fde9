"""The routes of Open311 GeoReport v2, http://wiki.open311.org/GeoReport_v2.

As usual in the wild there is no idempotency: the same request posted twice is two requests.
"""

import hmac
from collections.abc import Mapping

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
from integrations.demo_dispatch.faults import FaultQueue
from integrations.demo_dispatch.inquiry import read_inquiry
from integrations.demo_dispatch.intake import read_request
from integrations.demo_dispatch.replies import Refused, reply
from integrations.demo_dispatch.store import Store

PREFIX = "/open311/v2"


def georeport_routes(
    *,
    store: Store,
    catalogue: Catalogue,
    clock: Clock,
    api_key: str,
    faults: FaultQueue | None,
) -> APIRouter:
    """``faults`` is None unless tests may order them."""
    router = APIRouter(prefix=PREFIX)

    @router.get("/discovery.{form}")
    def discovery(form: str, request: Request) -> Response:
        endpoint_url = str(request.base_url).rstrip("/") + PREFIX
        return reply(form, "discovery", discovery_document(endpoint_url))

    @router.get("/services.{form}")
    def services(form: str) -> Response:
        documents = [service_document(service) for service in catalogue.services.values()]
        return reply(form, "services", documents)

    @router.get("/services/{code}.{form}")
    def service_definition(code: str, form: str) -> Response:
        service = _offered(catalogue, code)
        return reply(form, "service_definition", definition_document(service, catalogue))

    @router.post("/requests.{form}")
    async def post_request(form: str, request: Request) -> Response:
        async def work() -> Response:
            pairs = [(name, value) for name, value in (await request.form()).multi_items() if isinstance(value, str)]
            _check_key(dict(pairs), api_key)
            new = read_request(pairs, catalogue)
            now = clock()
            number = await run_in_threadpool(store.add, new, now=now)
            receipt = receipt_document(Case(number, new, now))
            return reply(form, "service_requests", [receipt])

        if form not in ("json", "xml"):
            raise Refused(404, f"There is no format {form!r} here, only json and xml.")
        return await (faults.strike(request, form, work) if faults else work())

    @router.get("/requests.{form}")
    def list_requests(form: str, request: Request) -> Response:
        inquiry = read_inquiry(request.query_params, now=clock())
        cases = store.search(inquiry.wanted, limit=inquiry.limit, offset=inquiry.offset)
        documents = [request_document(case, catalogue) for case in cases]
        return reply(form, "service_requests", documents)

    @router.get("/requests/{number}.{form}")
    def one_request(number: str, form: str) -> Response:
        case = _known(store, number)
        return reply(form, "service_requests", [request_document(case, catalogue)])

    @router.get("/tokens/{token}.{form}")
    def request_of_token(token: str, form: str) -> Response:
        """Numbers are given at once and no token ever is, so a number stands for itself."""
        case = _known(store, token)
        found = {"service_request_id": case.number, "token": token}
        return reply(form, "service_requests", [found])

    return router


def _offered(catalogue: Catalogue, code: str) -> Service:
    service = catalogue.services.get(code)
    if service is None:
        raise Refused(404, f"service_code {code!r} was not found.")
    return service


def _known(store: Store, number: str) -> Case:
    case = store.find(number)
    if case is None:
        raise Refused(404, f"service_request_id {number!r} was not found.")
    return case


def _check_key(fields: Mapping[str, str], api_key: str) -> None:
    given = fields.get("api_key")
    if not given:
        raise Refused(403, "api_key is missing.")
    if not hmac.compare_digest(given.encode(), api_key.encode()):
        raise Refused(403, "api_key is invalid.")
