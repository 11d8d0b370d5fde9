"""Another GeoReport v2 server, written from the specification with habits unlike the demo department's.

It speaks XML alone, wants a jurisdiction, gives tokens first and numbers a little later, keeps no attributes, lists by
time window only (newest first, no pages, cut without saying so), knows open and closed and nothing between, and writes
an error as one object. Standard library only. `python -m tests.other_backend.server PORT` says its address and serves.
What a test orders, and what its clerk does, comes by /_order, /_close, /_forget and /_all in JSON.
"""

from __future__ import annotations

import itertools
import json
import re
import sys
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

KEY, JURISDICTION = "test-api-key", "elsewhere.example"
MOST_LISTED = 25
LONGEST_DESCRIPTION = 4000
SERVICES = {f"S{code}": f"Service {code}" for code in range(11, 80)}
DEFINITION = (("people", "number", False), ("landmark", "string", False))


@dataclass
class Request:
    """One filed request. `number` counts once its token's time has come."""

    token: str
    number: str
    fields: dict[str, str]
    at: datetime
    ready: float
    closed: datetime | None = None
    note: str = ""


@dataclass
class State:
    """Everything the server knows; `delay` seconds lie between a token and its number."""

    delay: float = 0.1
    requests: list[Request] = field(default_factory=list)
    orders: list[dict[str, Any]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    counter: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def numbered(self) -> list[Request]:
        return [one for one in self.requests if one.ready <= time.monotonic()]

    def next_order(self) -> dict[str, Any]:
        with self.lock:
            if not self.orders:
                return {}
            order = self.orders[0]
            order["times"] = order.get("times", 1) - 1
            if order["times"] <= 0:
                self.orders.pop(0)
            return order

    def file(self, fields: dict[str, str]) -> Request:
        with self.lock:
            count = next(self.counter)
            made = Request(f"tok{count:05}", f"{count:06}/26", fields, datetime.now(UTC), time.monotonic() + self.delay)
            self.requests.append(made)
            return made


class Refused(Exception):
    """What is wrong, with its status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Handler(BaseHTTPRequestHandler):
    """The routes."""

    protocol_version = "HTTP/1.1"
    state: State

    def log_message(self, *_about: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self._answer(self._get)

    def do_POST(self) -> None:
        self._answer(self._post)

    def _answer(self, work: Any) -> None:
        try:
            self._say(200, *work())
        except Refused as refused:
            body = f"<error><code>{refused.status}</code><message>{escape(str(refused))}</message></error>"
            self._say(refused.status, body, "text/xml")

    def _say(self, status: int, body: str, kind: str, **headers: str) -> None:
        raw = body.encode()
        self.send_response(status)
        for name, value in {"Content-Type": f"{kind}; charset=utf-8", "Content-Length": str(len(raw))}.items():
            self.send_header(name, value)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(raw)

    # -- reading -----------------------------------------------------------------------------------------------------

    def _get(self) -> tuple[str, str]:
        url = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(url.query).items()}
        if url.path == "/_all":
            every = [{"number": one.number, "token": one.token, **one.fields} for one in self.state.requests]
            return json.dumps(every), "application/json"
        path = self._xml_path(url.path)
        if query.get("jurisdiction_id") != JURISDICTION:
            raise Refused(400, "jurisdiction_id was not provided")
        if path == "services":
            return _list("services", "service", [_service(code) for code in SERVICES]), "text/xml"
        if match := re.fullmatch(r"services/(\w+)", path):
            return self._definition(match[1]), "text/xml"
        if match := re.fullmatch(r"tokens/(\w+)", path):
            return self._token(match[1]), "text/xml"
        if path == "requests":
            return self._list(query), "text/xml"
        if match := re.fullmatch(r"requests/(.+)", path):
            number = match[1].replace("%2F", "/")
            found = [one for one in self.state.numbered() if one.number == number]
            if not found:
                raise Refused(404, "service_request_id not found")
            return _list("service_requests", "request", [_request(found[0])]), "text/xml"
        raise Refused(404, "no such resource")

    def _xml_path(self, path: str) -> str:
        match = re.fullmatch(r"/georeport/v2/(.+)\.xml", path)
        if not match:
            raise Refused(404, "only .xml is served here")
        return match[1]

    def _definition(self, code: str) -> str:
        if code not in SERVICES:
            raise Refused(404, "service_code not found")
        rows = "".join(
            f"<attribute><variable>true</variable><code>{code_}</code><datatype>{kind}</datatype>"
            f"<required>{str(required).lower()}</required><order>1</order><description>{code_}</description></attribute>"
            for code_, kind, required in DEFINITION
        )
        return (
            f"<service_definition><service_code>{code}</service_code>"
            f"<attributes>{rows}</attributes></service_definition>"
        )

    def _token(self, token: str) -> str:
        found = [one for one in self.state.requests if one.token == token]
        if not found:
            raise Refused(404, "token not found")
        number = found[0].number if found[0].ready <= time.monotonic() else ""
        row = f"<service_request_id>{number}</service_request_id><token>{token}</token>"
        return _list("service_requests", "request", [row])

    def _list(self, query: dict[str, str]) -> str:
        end = _moment(query.get("end_date")) or datetime.now(UTC)
        start = _moment(query.get("start_date")) or end - timedelta(days=90)
        if end - start > timedelta(days=90):
            raise Refused(400, "the dates are more than 90 days apart")
        rows = [one for one in self.state.numbered() if start <= one.at.replace(microsecond=0) <= end]
        newest = sorted(rows, key=lambda one: one.number, reverse=True)[:MOST_LISTED]
        return _list("service_requests", "request", [_request(one) for one in newest])

    # -- writing -----------------------------------------------------------------------------------------------------

    def _post(self) -> tuple[str, str]:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        if self.path.startswith("/_"):
            return self._control(self.path, json.loads(raw or "{}"))
        if self._xml_path(urlsplit(self.path).path) != "requests":
            raise Refused(404, "no such resource")
        order = self.state.next_order()
        if order.get("hang"):
            time.sleep(float(order["hang"]))
            raise Refused(503, "too late")
        if status := order.get("status"):
            if "retry_after" in order:
                self.send_response(int(status))
                self.send_header("Retry-After", str(order["retry_after"]))
                self.send_header("Content-Length", "0")
                self.end_headers()
                raise ConnectionAbortedError
            raise Refused(int(status), "as ordered")
        time.sleep(float(order.get("delay_seconds", 0)))
        made = self.state.file(_checked({name: values[-1] for name, values in parse_qs(raw).items()}))
        if order.get("drop_answer"):
            self.close_connection = True
            self.connection.close()
            raise ConnectionAbortedError
        return _list("service_requests", "request", [f"<token>{made.token}</token>"]), "text/xml"

    def _control(self, path: str, content: dict[str, Any]) -> tuple[str, str]:
        state = self.state
        with state.lock:
            if path == "/_order":
                state.orders.append(content)
            elif path == "/_clear":
                state.orders.clear()
                state.delay = 0.1
            elif path == "/_delay":
                state.delay = float(content["seconds"])
            elif path == "/_forget":
                state.requests.clear()
            elif path == "/_close":
                found = next(one for one in state.requests if one.number == content["number"])
                found.closed, found.note = datetime.now(UTC), content.get("note", "")
            else:
                raise Refused(404, "no such control")
        return "{}", "application/json"

    def handle(self) -> None:
        try:
            super().handle()
        except (ConnectionError, ValueError):
            self.close_connection = True


def _checked(fields: dict[str, str]) -> dict[str, str]:
    if fields.get("api_key") != KEY:
        raise Refused(403, "api_key was not valid")
    if fields.get("jurisdiction_id") != JURISDICTION:
        raise Refused(400, "jurisdiction_id was not provided")
    if fields.get("service_code") not in SERVICES:
        raise Refused(404, "service_code was not found")
    if not fields.get("address_string") and not (fields.get("lat") and fields.get("long")):
        raise Refused(400, "no location was provided")
    if len(fields.get("description", "")) > LONGEST_DESCRIPTION:
        raise Refused(400, "description is too long")
    return {name: value for name, value in fields.items() if name != "api_key"}


def _moment(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise Refused(400, "a date cannot be read") from None


def _service(code: str) -> str:
    return (
        f"<service_code>{code}</service_code><service_name>{SERVICES[code]}</service_name><description/>"
        "<metadata>true</metadata><type>realtime</type><keywords/><group/>"
    )


def _request(one: Request) -> str:
    values = {
        "service_request_id": one.number,
        "status": "closed" if one.closed else "open",
        "status_notes": one.note,
        "service_code": one.fields["service_code"],
        "service_name": SERVICES[one.fields["service_code"]],
        "description": one.fields.get("description", ""),
        "requested_datetime": one.at.isoformat(timespec="seconds"),
        "updated_datetime": (one.closed or one.at).isoformat(timespec="seconds"),
        "address": one.fields.get("address_string", ""),
        "lat": one.fields.get("lat", ""),
        "long": one.fields.get("long", ""),
    }
    return "".join(f"<{name}>{escape(value)}</{name}>" for name, value in values.items())


def _list(root: str, item: str, rows: list[str]) -> str:
    inner = "".join(f"<{item}>{row}</{item}>" for row in rows)
    return f'<?xml version="1.0" encoding="utf-8"?>\n<{root}>{inner}</{root}>'


def main(port: int) -> None:
    """Serve until killed; the address is the first line on standard output."""
    handler = type("Bound", (Handler,), {"state": State()})
    server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    server.daemon_threads = True
    print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
