"""Words of a recording, from a service on the city's own machines that speaks OpenAI's `/v1/audio/transcriptions`.

FunASR, SenseVoice servers and vLLM speak it. A citizen waits, so there is one deadline for everything, the second try
included; nothing of what was said, nor of an answer, gets into an error or a log.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import httpx

from integrations.clients.trust import trusted
from integrations.services.errors import NeedsPerson, Rejected, TryLater
from kb.media_types import ENDINGS

PATH = "v1/audio/transcriptions"
LONGEST_ANSWER = 256 * 1024
CONNECT_SECONDS = 2.0
_SETTING = {
    401: "JIESU_TRANSCRIBE_API_KEY",
    403: "JIESU_TRANSCRIBE_API_KEY",
    404: "JIESU_TRANSCRIBE_URL or JIESU_TRANSCRIBE_MODEL",
    405: "JIESU_TRANSCRIBE_URL",
}


class _Again(TryLater):
    """A fault that is often gone a moment later."""


class OpenAiTranscriber:
    """The `Transcriber` port. `base_url` is the service's, with or without `/v1`; `timeout` is in seconds for all."""

    def __init__(
        self,
        base_url: str,
        *,
        model: str,
        api_key: str = "",
        timeout: float,
        transport: httpx.BaseTransport | None = None,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        headers = {"authorization": f"Bearer {api_key}"} if api_key else {}
        self._client = httpx.Client(
            base_url=base_url.rstrip("/").removesuffix("/v1") + "/",
            headers=headers,
            transport=transport,
            verify=trusted(),
            follow_redirects=False,  # what a citizen said goes to nobody but the machine that was named
            trust_env=False,
        )
        self._model, self._timeout, self._seconds = model, timeout, seconds

    def transcribe(self, sound: bytes, content_type: str) -> str:
        """The words, "" for none. Raises TryLater, Rejected or NeedsPerson as the port says."""
        until = self._seconds() + self._timeout
        try:
            return self._once(sound, content_type, until)
        except _Again:
            if self._seconds() >= until:
                raise
            return self._once(sound, content_type, until)

    def _once(self, sound: bytes, content_type: str, until: float) -> str:
        left = max(0.05, until - self._seconds())
        timeout = httpx.Timeout(left, connect=min(CONNECT_SECONDS, left))
        name = f"recording.{ENDINGS.get(content_type, 'bin')}"
        form = {"model": self._model, "language": "zh", "response_format": "json"}
        files = {"file": (name, sound, content_type)}
        try:
            with self._client.stream("POST", PATH, data=form, files=files, timeout=timeout) as answer:
                _sort(answer.status_code)
                return _words(self._body(answer, until))
        except (httpx.ReadTimeout, httpx.WriteTimeout, httpx.PoolTimeout) as slow:
            raise TryLater(f"the transcription service takes too long: {type(slow).__name__}") from slow
        except httpx.HTTPError as away:
            raise _Again(f"the transcription service does not answer: {type(away).__name__}") from away

    def _body(self, answer: httpx.Response, until: float) -> bytes:
        """Every byte may come in time and all of them never end."""
        read = bytearray()
        for piece in answer.iter_bytes():
            read += piece
            if len(read) > LONGEST_ANSWER:
                raise TryLater("the transcription service answers without an end")
            if self._seconds() > until:
                raise TryLater("the transcription service takes too long")
        return bytes(read)


def _sort(status: int) -> None:
    if status == 200:
        return
    if status in _SETTING:
        raise NeedsPerson(f"the transcription service answered {status}: look at {_SETTING[status]}")
    if 300 <= status < 400:
        raise NeedsPerson(f"the transcription service answered {status}: JIESU_TRANSCRIBE_URL must be its own address")
    if status >= 500:
        raise _Again(f"the transcription service answered {status}")
    if status in (408, 425, 429):
        raise TryLater(f"the transcription service answered {status}")
    raise Rejected(f"the transcription service does not take this recording ({status})")


def _words(body: bytes) -> str:
    try:
        said = json.loads(body)["text"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise TryLater("the answer of the transcription service cannot be read") from None
    if not isinstance(said, str):
        raise TryLater("the answer of the transcription service cannot be read")
    return _untagged(said).strip()


def _untagged(said: str) -> str:
    """SenseVoice puts language and mood before the words: <|zh|><|NEUTRAL|><|Speech|>."""
    while said.startswith("<|") and "|>" in said:
        said = said.partition("|>")[2].lstrip()
    return said
