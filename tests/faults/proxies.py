"""A socket proxy before a backend, which lets posted requests down in the ways that networks do."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum


class Fault(StrEnum):
    """What happens to a posted request. Whether the backend gets it is said by `reaches`."""

    REFUSED = "connection refused by a reset before anything is read"
    SWALLOWED = "taken by the network and never answered"
    ANSWER_LOST = "answered, the connection cut before the answer"
    ANSWER_CUT = "answered, the connection cut in the middle of the answer"
    HALF_CLOSED = "answered, the other side says it will send nothing and stays there"
    NEVER_ANSWERED = "done, but the answer never comes"
    LATE = "arrives when we have long given up"
    DRIPPED = "answered by a byte now and then"

    @property
    def reaches(self) -> bool:
        return self not in (Fault.REFUSED, Fault.SWALLOWED)


class Proxy:
    """Forwards connections to `port`; the next `times` POSTs meet the fault."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._fault: Fault | None = None
        self._times = 0
        self._lock = threading.Lock()
        self._let_go = threading.Event()
        self.struck = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def order(self, fault: Fault, times: int = 1) -> None:
        with self._lock:
            self._fault, self._times = fault, times

    def let_go(self) -> None:
        """What is late arrives now."""
        self._let_go.set()

    def close(self) -> None:
        self.let_go()
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            client.settimeout(30)
            first = client.recv(65536)
            fault = self._take() if first.startswith(b"POST") else None
            if fault is Fault.REFUSED:
                _reset(client)
                return
            if fault is Fault.SWALLOWED:
                _wait_until_gone(client)
                return
            if fault is Fault.LATE:
                first = _whole(client, first)
                self._let_go.wait(60)
            with socket.create_connection(("127.0.0.1", self._target), timeout=30) as backend:
                backend.sendall(first)
                if fault is None:
                    _pump_both(client, backend)
                else:
                    _pump_request(client, backend)
                    self._let_down(client, _answer(backend), fault)

    def _take(self) -> Fault | None:
        with self._lock:
            if self._times <= 0:
                return None
            self._times -= 1
            self.struck += 1
            return self._fault

    def _let_down(self, client: socket.socket, answer: bytes, fault: Fault) -> None:
        match fault:
            case Fault.ANSWER_LOST | Fault.LATE:
                _reset(client)
            case Fault.ANSWER_CUT:
                client.sendall(answer[: len(answer) // 2])
                _reset(client)
            case Fault.HALF_CLOSED:
                client.shutdown(socket.SHUT_WR)
                _wait_until_gone(client)
            case Fault.NEVER_ANSWERED:
                _wait_until_gone(client)
            case Fault.DRIPPED:
                for at in range(len(answer)):
                    client.sendall(answer[at : at + 1])
                    time.sleep(0.5)


def _pump_both(client: socket.socket, backend: socket.socket) -> None:
    def back() -> None:
        with suppress(OSError):
            while data := backend.recv(65536):
                client.sendall(data)
            client.shutdown(socket.SHUT_WR)

    thread = threading.Thread(target=back, daemon=True)
    thread.start()
    with suppress(OSError):
        while data := client.recv(65536):
            backend.sendall(data)
        backend.shutdown(socket.SHUT_WR)
    thread.join(30)


def _pump_request(client: socket.socket, backend: socket.socket) -> None:
    """What is left of the request, in the background: the body may come after its head."""

    def forth() -> None:
        with suppress(OSError):
            while data := client.recv(65536):
                backend.sendall(data)

    threading.Thread(target=forth, daemon=True).start()


def _answer(backend: socket.socket) -> bytes:
    """The whole answer: head, and as much body as its length says."""
    return _whole(backend, b"")


def _whole(sender: socket.socket, data: bytes) -> bytes:
    while b"\r\n\r\n" not in data and (more := sender.recv(65536)):
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
    )
    while len(body) < length and (more := sender.recv(65536)):
        body += more
        data += more
    return data


def _reset(client: socket.socket) -> None:
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    client.close()


def _wait_until_gone(client: socket.socket) -> None:
    while client.recv(65536):
        pass


@contextmanager
def proxy(port: int) -> Iterator[Proxy]:
    """A proxy to that port of this machine."""
    made = Proxy(port)
    try:
        yield made
    finally:
        made.close()
