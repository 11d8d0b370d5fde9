"""The transcription service, played by a server that is slow, dies, lies, refuses and sends elsewhere."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from integrations.clients.transcriber import LONGEST_ANSWER, OpenAiTranscriber
from integrations.services.errors import NeedsPerson, Rejected, ServiceError, TryLater

SOUND, SECRET = b"\x1aE\xdf\xa3 recorded", "楼下的路灯不亮"
Answer = Callable[[BaseHTTPRequestHandler], None]


class Server:
    """Answers each request by the next of `script`, the last one for all that follow."""

    def __init__(self) -> None:
        self.script: list[Answer] = []
        self.heard: list[tuple[str, Message, bytes]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                outer.heard.append((self.path, self.headers, body))
                answer = outer.script.pop(0) if len(outer.script) > 1 else outer.script[0]
                answer(self)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True).start()


def reply(status: int = 200, body: object = None, **headers: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        raw = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("content-length", str(len(raw)))
        handler.end_headers()
        handler.wfile.write(raw)

    return answer


def die(handler: BaseHTTPRequestHandler) -> None:
    handler.close_connection = True
    handler.connection.close()


def hang(handler: BaseHTTPRequestHandler) -> None:
    time.sleep(4)


def drip(handler: BaseHTTPRequestHandler) -> None:
    """Every byte in time, and no end."""
    handler.send_response(200)
    handler.end_headers()
    for _ in range(120):
        try:
            handler.wfile.write(b" ")
            handler.wfile.flush()
        except OSError:
            return
        time.sleep(0.05)


FINE = reply(body={"text": f" {SECRET}。 "})


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.http.shutdown()
    made.http.server_close()


def ask(server: Server, *script: Answer, timeout: float = 5.0, url: str = "") -> str:
    server.script = list(script)
    client = OpenAiTranscriber(url or server.url, model="sensevoice", api_key="key-1", timeout=timeout)
    return client.transcribe(SOUND, "audio/webm")


def test_the_words_come_back_without_blanks(server: Server) -> None:
    assert ask(server, FINE) == f"{SECRET}。"
    ((path, headers, body),) = server.heard
    assert path == "/v1/audio/transcriptions"
    assert headers["authorization"] == "Bearer key-1"
    for part in (SOUND, b'name="model"\r\n\r\nsensevoice', b'name="language"\r\n\r\nzh', b'filename="recording.webm"'):
        assert part in body
    assert b'name="response_format"\r\n\r\njson' in body


@pytest.mark.parametrize("tail", ["/", "/v1", "/v1/"])
def test_the_address_may_end_with_its_version(server: Server, tail: str) -> None:
    ask(server, FINE, url=server.url + tail)
    assert server.heard[0][0] == "/v1/audio/transcriptions"


def test_tags_of_language_and_mood_are_no_words(server: Server) -> None:
    assert ask(server, reply(body={"text": "<|zh|><|NEUTRAL|><|Speech|><|woitn|>路灯"})) == "路灯"
    assert ask(server, reply(body={"text": "<|nospeech|><|Event_UNK|>"})) == ""


@pytest.mark.parametrize("fault", [die, reply(500), reply(502), reply(503)])
def test_a_fault_of_a_moment_is_tried_once_more(server: Server, fault: Answer) -> None:
    assert ask(server, fault, FINE) == f"{SECRET}。"
    assert len(server.heard) == 2


@pytest.mark.parametrize("fault", [die, reply(500)])
def test_a_fault_that_lasts_is_given_up_after_two_tries(server: Server, fault: Answer) -> None:
    with pytest.raises(TryLater):
        ask(server, fault)
    assert len(server.heard) == 2


@pytest.mark.parametrize(
    ("fault", "sort"),
    [
        (reply(401), NeedsPerson),
        (reply(403), NeedsPerson),
        (reply(404), NeedsPerson),
        (reply(413), Rejected),
        (reply(415), Rejected),
        (reply(400), Rejected),
        (reply(422), Rejected),
        (reply(429), TryLater),
        (reply(body=b"\xff\xfenonsense"), TryLater),
        (reply(body=b"[" * 100_000), TryLater),
        (reply(body=[SECRET]), TryLater),
        (reply(body={"words": SECRET}), TryLater),
        (reply(body={"text": [SECRET]}), TryLater),
        (reply(body=b" " * (LONGEST_ANSWER + 1)), TryLater),
    ],
)
def test_other_faults_are_sorted_and_not_tried_again(
    server: Server, fault: Answer, sort: type[ServiceError], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="integrations")
    with pytest.raises(ServiceError) as error:
        ask(server, fault)
    assert type(error.value) is sort
    assert len(server.heard) == 1
    assert SECRET not in f"{error.value}{error.value.__cause__}{caplog.text}"
    assert "key-1" not in f"{error.value}{caplog.text}"


@pytest.mark.parametrize("fault", [hang, drip])
def test_a_service_that_hangs_costs_the_time_out_once(server: Server, fault: Answer) -> None:
    began = time.monotonic()
    with pytest.raises(TryLater, match="too long"):
        ask(server, fault, timeout=0.4)
    assert time.monotonic() - began < 3
    assert len(server.heard) == 1


def test_nobody_there_is_try_later(server: Server) -> None:
    with pytest.raises(TryLater):
        ask(server, FINE, url="http://127.0.0.1:1")


def test_it_is_not_sent_on_to_another_host(server: Server) -> None:
    other = Server()
    other.script = [FINE]
    with pytest.raises(NeedsPerson):
        ask(server, reply(307, location=f"{other.url}/v1/audio/transcriptions"))
    assert other.heard == []
    other.http.shutdown()
    other.http.server_close()
