"""What a session sends for a burst and a pin, and what it makes of the answers."""

from __future__ import annotations

import json
from threading import Lock
from typing import Any

import httpx
import pytest

from integrations.clients.transcriber import OpenAiTranscriber
from tests.conversations import talking
from tests.conversations.hearing import recording, transcription_service
from tests.conversations.talking import Talker


class Gateway:
    """Answers everything that is posted with one line, once it has been asked twice for the lines."""

    def __init__(self) -> None:
        self.posted: list[dict[str, Any]] = []
        self.looked = 0
        self.lock = Lock()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        with self.lock:
            if request.url.path.endswith("/media"):
                self.posted.append({"body": request.content})
                return httpx.Response(200, json={"state": "pending", "messages": []})
            if request.method == "POST" and request.url.path.endswith("/messages"):
                self.posted.append(json.loads(request.content))
                return httpx.Response(200, json={"state": "pending", "messages": []})
            if request.method == "POST":
                return httpx.Response(200, json={"conversation": "c"})
            self.looked += 1
            lines = [_line(1, "assistant", "您好")]
            if self.looked > 2:
                lines += [_line(2, "citizen", "在吗"), _line(3, "assistant", "在哪儿")]
            seen = int(request.url.params["after"])
            shown = [line for line in lines if line["seq"] > seen]
            return httpx.Response(200, json={"conversation": "c", "messages": shown, "pending": self.looked < 3})


def _line(seq: int, sender: str, text: str) -> dict[str, Any]:
    return {"seq": seq, "from": sender, "text": text, "options": [], "card": None}


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Gateway:
    monkeypatch.setattr(talking, "BETWEEN_SECONDS", 0.01)
    monkeypatch.setattr(talking, "LOOK_EVERY", 0.01)
    return Gateway()


def talker(gateway: Gateway) -> Talker:
    made = Talker("http://gateway", transport=httpx.MockTransport(gateway))
    assert [one["text"] for one in made.begin()] == ["您好"]
    return made


def test_the_messages_of_a_burst_are_sent_each_on_its_own_and_answered_once(gateway: Gateway) -> None:
    heard = talker(gateway).burst(["在吗", "路灯坏了", "同安路"])
    assert [one["text"] for one in gateway.posted] == ["在吗", "路灯坏了", "同安路"]
    assert len({one["id"] for one in gateway.posted}) == 3
    assert [one["text"] for one in heard] == ["在哪儿"]


def test_a_pin_is_sent_as_a_location(gateway: Gateway) -> None:
    heard = talker(gateway).pin({"lat": 36.1, "lon": 120.4, "crs": "WGS-84", "label": ""})
    assert gateway.posted[0]["location"] == {"lat": 36.1, "lon": 120.4, "crs": "WGS-84", "label": ""}
    assert [one["text"] for one in heard] == ["在哪儿"]


def test_photos_are_sent_together_with_what_is_written_beside_them(gateway: Gateway) -> None:
    heard = talker(gateway).photos(2, 36.1, 120.4, "坏了")
    (sent,) = gateway.posted
    assert sent["body"].count(b"\xff\xd8\xff") == 2
    assert "坏了".encode() in sent["body"]
    assert [one["text"] for one in heard] == ["在哪儿"]


def test_the_service_hears_what_is_said_in_a_recording() -> None:
    with transcription_service() as url:
        service = OpenAiTranscriber(url, model="any", timeout=5)
        assert service.transcribe(recording("同安路的灯坏了"), "audio/webm") == "同安路的灯坏了"
        assert service.transcribe(recording(""), "audio/webm") == ""
