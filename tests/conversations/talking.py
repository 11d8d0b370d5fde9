"""A citizen's session over the public chat API, with what a front end does beside typing and tapping."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from integrations.commands.citizen import PENDING_SECONDS, Citizen, Message
from integrations.services.errors import TryLater
from tests.conversations.hearing import recording
from tests.media_files import photo

# Somebody who types fast: so long between two messages of a burst.
BETWEEN_SECONDS = 0.25
LOOK_EVERY = 0.2
_COLOURS = ("gray", "olive", "navy", "maroon", "teal")


class Talks(Protocol):
    """What a conversation needs of a session."""

    @property
    def conversation(self) -> str: ...

    def begin(self) -> Sequence[Message]: ...
    def say(self, text: str) -> Sequence[Message]: ...
    def tap(self, message: Message, number: int) -> Sequence[Message]: ...
    def burst(self, texts: Sequence[str]) -> Sequence[Message]: ...
    def pin(self, location: Mapping[str, Any]) -> Sequence[Message]: ...
    def photos(self, count: int, lat: float | None, lon: float | None, text: str) -> Sequence[Message]: ...
    def voice(self, words: str) -> Sequence[Message]: ...
    def news(self) -> Sequence[Message]: ...


class Talker(Citizen):
    """The real one."""

    def begin(self) -> Sequence[Message]:
        """Open the session; all of them come from one address, which may begin so many a minute and then waits."""
        until = time.monotonic() + PENDING_SECONDS
        while True:
            try:
                return super().begin()
            except TryLater as later:
                if time.monotonic() > until:
                    raise
                time.sleep(min(later.after or 1.0, 5.0))

    def pin(self, location: Mapping[str, Any]) -> Sequence[Message]:
        """Send a place on the map; gives the answer."""
        return self._send({"location": dict(location)})

    def burst(self, texts: Sequence[str]) -> Sequence[Message]:
        """Send these one after the other without waiting; gives everything that is answered to them."""
        senders = []
        for text in texts:
            sender = threading.Thread(target=self._post, args=(text,), daemon=True)
            sender.start()
            senders.append(sender)
            time.sleep(BETWEEN_SECONDS)
        for sender in senders:
            sender.join(PENDING_SECONDS)
        return self._settled()

    def photos(self, count: int, lat: float | None, lon: float | None, text: str) -> Sequence[Message]:
        """Send photos, with the place where they were taken if it is given; gives the answer."""
        pictures = [photo(_COLOURS[n % len(_COLOURS)], lat=lat, lon=lon) for n in range(count)]
        return self._attach([("photo.jpg", one, "image/jpeg") for one in pictures], text)

    def voice(self, words: str) -> Sequence[Message]:
        """Send a recording of these words; gives the answer."""
        return self._attach([("recording.webm", recording(words), "audio/webm")], "")

    def _attach(self, files: Sequence[tuple[str, bytes, str]], text: str) -> Sequence[Message]:
        form = {"id": uuid.uuid4().hex, "text": text}
        self._ask("POST", "/api/chat/media", data=form, files=[("file", one) for one in files])
        return self._settled()

    def _settled(self) -> Sequence[Message]:
        """Everything that comes until nothing is worked on any more."""
        until, heard, pending = time.monotonic() + PENDING_SECONDS, list[Message](), True
        while pending:
            if time.monotonic() > until:
                raise TryLater(f"no answer in {PENDING_SECONDS:.0f} s")
            more, pending = self._news()
            heard += more
            if pending:
                time.sleep(LOOK_EVERY)
        return heard

    def _post(self, text: str) -> None:
        """Only stored here: the answer is fetched with the lines, so that it is counted once."""
        self._ask("POST", "/api/chat/messages", json={"id": uuid.uuid4().hex, "text": text})
