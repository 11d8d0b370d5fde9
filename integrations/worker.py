"""The worker: relays the outbox, does what timers say, asks the backend after open requests, fetches known issues.

Any number of them may run.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from types import FrameType

from integrations.bootstrap import Services
from integrations.services.errors import NeedsPerson, Rejected, TryLater
from kb.content_files import ContentError

log = logging.getLogger(__name__)

IDLE_SECONDS = 0.5
BEAT_SECONDS = 3.0
BEAT_KEY = "worker"
# How often a worker looks whether the feed of known issues is due.
FEED_LOOK_SECONDS = 5.0
TIMER_LOOK_SECONDS = 1.0
VECTOR_LOOK_SECONDS = 1.0
# How often a worker looks for WeChat's pushes that nobody has finished.
LEFT_LOOK_SECONDS = 5.0
# The niceness of what can wait.
PATIENT = 15
# How long a worker that stops waits for the timers that it is doing.
LAST_TIMERS_SECONDS = 10.0


class Worker:
    """Runs until `stop`; a row that is being worked on is finished first."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._name = f"{socket.gethostname()}:{os.getpid()}"
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Finish the row at hand and return from `run`."""
        self._stopping.set()

    def run(self) -> None:
        """Relay rows as they come; poll and beat on their own rhythm."""
        threading.Thread(target=self._beat, daemon=True).start()
        threading.Thread(target=self._poll, daemon=True).start()
        timers = threading.Thread(target=self._do_timers, daemon=True)
        timers.start()
        threading.Thread(target=self._make_vectors, daemon=True).start()
        if self._services.wechat.is_on:
            threading.Thread(target=self._tell, daemon=True).start()
        if self._services.settings.issues_feed:
            threading.Thread(target=self._follow, daemon=True).start()
        log.info("worker started: name=%s", self._name)
        while not self._stopping.is_set():
            try:
                busy = self._services.dispatching.relay_one(self._name)
            except TryLater as away:
                log.warning("worker waits: %s", away)
                busy = False
            except Exception:
                log.exception("worker failed")
                busy = False
            if not busy:
                self._stopping.wait(IDLE_SECONDS)
        timers.join(LAST_TIMERS_SECONDS)
        log.info("worker stopped: name=%s", self._name)

    def _do_timers(self) -> None:
        begun = False
        while not self._stopping.is_set():
            done = 0
            try:
                if not begun:
                    self._services.timing.begin()
                    begun = True
                done = self._services.timing.run_due(self._name)
            except TryLater as away:
                log.warning("timers wait: %s", away)
            except Exception:
                log.exception("timers failed")
            if not done:
                self._stopping.wait(TIMER_LOOK_SECONDS)

    def _make_vectors(self) -> None:
        """Vectors of new incidents. Whoever is talking goes first; but no transaction is held by who must wait."""
        judging = self._services.judging
        with ThreadPoolExecutor(1, "vectors", initializer=_give_way) as patient:
            while not self._stopping.is_set():
                made = {}
                try:
                    if waiting := judging.without_vector():
                        made = patient.submit(judging.vectors, waiting).result()
                        judging.keep(made)
                except TryLater as away:
                    log.warning("vectors wait: %s", away)
                except Exception:
                    log.exception("vectors failed")
                if not made:
                    self._stopping.wait(VECTOR_LOOK_SECONDS)

    def _poll(self) -> None:
        while not self._stopping.wait(self._services.settings.dispatch_poll_seconds):
            try:
                self._services.dispatching.poll()
            except TryLater as away:
                log.warning("poll waits: %s", away)
            except Exception:
                log.exception("poll failed")

    def _tell(self) -> None:
        """What WeChat's citizens were not told in a push's own reply, and what was left behind."""
        delivering, looked = self._services.wechat.delivering, 0.0
        while not self._stopping.is_set():
            told = 0
            try:
                told = delivering.run_due()
                if time.monotonic() - looked > LEFT_LOOK_SECONDS:
                    told += delivering.recover()
                    delivering.forget()
                    looked = time.monotonic()
            except TryLater as away:
                log.warning("deliveries wait: %s", away)
            except Exception:
                log.exception("deliveries failed")
            if not told:
                self._stopping.wait(IDLE_SECONDS)

    def _follow(self) -> None:
        url = self._services.settings.issues_feed
        while not self._stopping.is_set():
            try:
                if done := self._services.following_feeds.fetch(url, due_only=True):
                    log.info("feed: %s", done)
            except (TryLater, NeedsPerson, Rejected, ContentError) as failed:
                log.warning("feed of known issues: %s", failed)
            except Exception:
                log.exception("feed failed")
            self._stopping.wait(FEED_LOOK_SECONDS)

    def _beat(self) -> None:
        while not self._stopping.is_set():
            try:
                self._services.limiter.mark(BEAT_KEY, seconds=int(BEAT_SECONDS * 4))
            except TryLater as away:
                log.warning("worker cannot show that it lives: %s", away)
            self._stopping.wait(BEAT_SECONDS)


def _give_way() -> None:
    """Let the thread run when nobody else wants the core; on Linux threads have a priority of their own."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), PATIENT)


def run(services: Services) -> None:
    """Run in the foreground until SIGTERM or SIGINT."""
    worker = Worker(services)

    def stop(_signal: int, _frame: FrameType | None) -> None:
        worker.stop()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    worker.run()
