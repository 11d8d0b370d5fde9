"""Plays a citizen who sends anything, and looks at everything that is answered."""

from __future__ import annotations

import json
import logging
import time
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import httpx

from integrations.commands.citizen import Message
from tests.conversations.fuzzing import filing
from tests.conversations.fuzzing.leaks import Ledger
from tests.conversations.fuzzing.requests import LATER, LINES, MESSAGES, OTHERS_TICKET, SESSION, Maker, Request
from tests.conversations.sentences import FAILURES, shipped

log = logging.getLogger(__name__)

# So long an answer may take on a machine that has other things to do.
PATIENCE_SECONDS = 300.0
LOOK_EVERY = 0.2
MOST_TRIES = 30
# A long run tells where it is.
SAY_EVERY = 500
# More than these are not needed to see what is wrong.
MOST_FINDINGS = 30
# An answer has fewer bubbles than these.
MOST_BUBBLES = 6
CANCEL = "算了不报了"
QUESTION, ANSWER = "家里暖气多少度才算达标？", "18度"
DESK = "不用人工了"


@dataclass
class Tally:
    """What a run came to, of all citizens together."""

    seed: int
    kinds: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    answers: int = 0
    conversations: int = 0
    findings: list[str] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    @property
    def sent(self) -> int:
        """How many requests were sent, those that were to come again later counted once."""
        return self.kinds.total()

    @property
    def is_enough(self) -> bool:
        """Whether so much is wrong that going on would tell nothing more."""
        return len(self.findings) >= MOST_FINDINGS

    def found(self, citizen: int, number: int, what: str, request: Request | None = None) -> None:
        """Something is wrong with an answer to request `number` of a citizen."""
        sent = f"\n    after {request.shown()}" if request else ""
        log.warning("citizen %s, request %s: %s%s", citizen, number, what, sent)
        with self._lock:
            self.findings.append(f"citizen {citizen}, request {number}: {what}{sent}")

    def count(self, kind: str | None, status: int) -> None:
        """A request was answered; `kind` None where the same was to come again. `status` 0: not answered at all."""
        with self._lock:
            if kind is not None:
                self.kinds[kind] += 1
                if self.sent % SAY_EVERY == 0:
                    log.info("%s requests sent, %s answers heard", self.sent, self.answers)
            self.statuses[status] += 1

    def heard(self, answers: int) -> None:
        """So many messages came to a citizen."""
        with self._lock:
            self.answers += answers


class Fuzzed:
    """One citizen. `play` sends, `finish` is what they really wanted."""

    def __init__(self, url: str, citizen: int, ledger: Ledger, tally: Tally) -> None:
        self._client = httpx.Client(
            base_url=url, headers={"x-jiesu": "fuzz"}, timeout=httpx.Timeout(60, connect=10), trust_env=False
        )
        self._stranger = httpx.Client(base_url=url, timeout=60, trust_env=False)
        self._citizen, self._ledger, self._tally = citizen, ledger, tally
        self._maker = Maker(tally.seed, citizen, ledger.citizens[citizen])
        self._latest = 0
        self._buttons: list[tuple[int, int]] = []
        self._number = 0
        self._request: Request | None = None
        self.conversation = ""

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
        self._stranger.close()

    @property
    def cookie(self) -> str:
        """The session, which belongs into no log."""
        return next(iter(self._client.cookies.values()), "")

    def begin(self) -> None:
        """Open a session."""
        response = self._again_later(lambda: self._client.post(SESSION, json={}))
        self.conversation = response.json()["conversation"]
        self._wait()

    def play(self, count: int) -> None:
        """Send so many requests, each answer looked at."""
        for _ in range(count):
            if self._tally.is_enough:
                return
            self._number += 1
            self._request = self._maker.next()
            self._send(self._request)

    def finish(self, complaint: str, place: str) -> None:
        """A plain question is answered still, and a complaint filed, whatever was sent before."""
        self._number, self._request = self._number + 1, None
        try:
            self._wait()
            self.say(DESK)
            self.say(CANCEL)
            heard = self.say(QUESTION)
            if ANSWER not in str([one["text"] for one in heard]):
                self._found(f"a plain question is not answered: {[one['text'] for one in heard]}")
            self.say(CANCEL)
            filed = filing.file(self.say, self.tap, complaint, place)
            self._ledger.filed(self._citizen, filed.number)
            for message in filed.heard:
                if shipped().any_said(FAILURES, message["text"]):
                    self._found(f"something went wrong: {message['text']}")
        except AssertionError as stuck:
            self._found(f"stuck: {stuck}")
        self._read_again()

    # -- as a front end does it ------------------------------------------------------------------------------

    def say(self, text: str) -> Sequence[Message]:
        """Say something; gives the answer."""
        return self._post({"text": text})

    def tap(self, message: Message, number: int) -> Sequence[Message]:
        """Tap a button; gives the answer."""
        return self._post({"choice": {"seq": message["seq"], "option": number}})

    def _post(self, said: dict[str, Any]) -> Sequence[Message]:
        body = {"id": uuid.uuid4().hex, **said}
        response = self._again_later(lambda: self._client.post(MESSAGES, json=body))
        self._tally.count("at the end", response.status_code)
        assert response.status_code == 200, f"{said} is answered {response.status_code}: {response.text[:300]}"
        return self._wait()

    # -- anything --------------------------------------------------------------------------------------------

    def _send(self, request: Request) -> None:
        body = request.body
        if request.tap is not None:
            body = self._tapped(request)
            if not body:
                return
        elif request.text and OTHERS_TICKET in request.text:
            part = (self._number * 0.618) % 1
            number = self._ledger.somebody_elses(self._citizen, part) or "481720935562"
            body = json.dumps({**json.loads(body), "text": request.text.replace(OTHERS_TICKET, number)}).encode()
        headers = {"content-type": "application/json", **request.headers}
        encoded = {name.encode(): value.encode() for name, value in headers.items()}
        client = self._stranger if "cookie" in headers else self._client
        if client is self._stranger:
            encoded[b"x-jiesu"] = b"fuzz"
        try:
            response = self._again_later(
                lambda: client.request(request.method, request.path, content=body or None, headers=encoded)
            )
        except httpx.HTTPError as broken:
            self._tally.count(request.kind, 0)
            self._found(f"no answer at all: {type(broken).__name__}: {broken}")
            return
        self._look_at(request, response)
        if request.waits and response.status_code == 200 and request.method == "POST":
            self._wait()

    def _tapped(self, request: Request) -> bytes:
        if not self._buttons or request.tap is None:
            return b""
        seq, option = self._buttons[int(request.tap * len(self._buttons))]
        return json.dumps({**json.loads(request.body), "choice": {"seq": seq, "option": option}}).encode()

    def _again_later(self, send: Any) -> httpx.Response:
        """The answer; what comes too fast is sent again when it may."""
        for _ in range(MOST_TRIES):
            response: httpx.Response = send()
            if response.status_code != LATER:
                return response
            self._tally.count(None, LATER)
            after = response.headers.get("retry-after", "")
            if not after.isdigit():
                self._found("429 without Retry-After")
            time.sleep(min(20.0, float(after) if after.isdigit() else 5.0))
        return response

    def _look_at(self, request: Request, response: httpx.Response) -> None:
        status = response.status_code
        self._tally.count(request.kind, status)
        if status >= 500 or status not in request.expects:
            expected = sorted(request.expects)
            self._found(f"answered {status}, expected {expected}: {response.text[:300]}")
        if status in (204, 405) or request.method == "OPTIONS":
            return
        try:
            body = response.json()
        except ValueError:
            self._found(f"an answer that is no JSON ({status}): {response.text[:300]}")
            return
        if status >= 400 and not (isinstance(body, dict) and (body.get("error") or {}).get("message")):
            self._found(f"a refusal without words: {response.text[:300]}")
        if list(self._ledger.foreign(self._citizen, response.text, personal_only=True)):
            self._found(f"something of others: {response.text[:600]}")

    # -- what is answered ------------------------------------------------------------------------------------

    def _wait(self) -> list[Message]:
        """Every new message, once nothing is worked on any more. Raises AssertionError where that never is."""
        until, heard = time.monotonic() + PATIENCE_SECONDS, list[Message]()
        while True:
            page = self._page(self._latest)
            heard += self._new(page["messages"])
            if not page["pending"]:
                self._check_together(page["messages"])
                return heard
            if time.monotonic() > until:
                self._found(f"no answer in {PATIENCE_SECONDS:.0f} s")
                raise AssertionError("an answer is still pending")
            time.sleep(LOOK_EVERY)

    def _page(self, after: int) -> dict[str, Any]:
        response = self._client.get(LINES, params={"after": after})
        assert response.status_code == 200, f"the lines are answered {response.status_code}: {response.text[:300]}"
        page: dict[str, Any] = response.json()
        if page["conversation"] != self.conversation:
            self._found(f"the conversation has become another one, {page['conversation']}")
        return page

    def _new(self, messages: Sequence[Message]) -> list[Message]:
        fresh = [one for one in messages if one["seq"] > self._latest]
        self._latest = max([self._latest, *(one["seq"] for one in fresh)])
        answers = [one for one in fresh if one["from"] != "citizen"]
        for one in fresh:
            self._check(one)
        for one in answers:
            self._buttons += [(one["seq"], option["number"]) for option in one["options"]]
        self._buttons = self._buttons[-12:]
        self._tally.heard(len(answers))
        return answers

    def _check(self, message: Message) -> None:
        if message["from"] == "citizen":
            return
        for leak in self._ledger.in_message(self._citizen, message):
            self._found(f"{leak} is shown: {json.dumps(message, ensure_ascii=False)[:600]}")
        if not (message["text"] or message["card"]):
            self._found(f"an empty answer: {message}")
        if shipped().any_said(FAILURES, message["text"]):
            self._found(f"something went wrong: {message['text']}")
        card = message["card"] or {}
        if card.get("kind") == "ticket":
            self._ledger.filed(self._citizen, str(card["number"]))

    def _check_together(self, messages: Sequence[Message]) -> None:
        """To so many messages nothing is said more often than that, and no answer is a flood."""
        said = sum(one["from"] == "citizen" for one in messages) or 1
        answers = Counter(one["text"] for one in messages if one["from"] == "assistant" and one["text"])
        if any(count > said for count in answers.values()) or answers.total() > MOST_BUBBLES * said:
            self._found(f"one answer says too much: {list(answers.items())}")

    def _read_again(self) -> None:
        """Every page of the history from its beginning: in order, nothing twice, nothing of others."""
        after, ids = 0, list[str]()
        while page := self._page(after)["messages"]:
            numbers = [one["seq"] for one in page]
            if numbers != list(range(after + 1, after + 1 + len(numbers))):
                self._found(f"lines are missing or out of order after {after}: {numbers[:20]}")
            for one in page:
                self._check(one)
            ids += [one["client_id"] for one in page if one["client_id"]]
            after = max(numbers)
        if len(ids) != len(set(ids)):
            self._found("a message stands twice")

    def _found(self, what: str) -> None:
        self._tally.found(self._citizen, self._number, what, self._request)
