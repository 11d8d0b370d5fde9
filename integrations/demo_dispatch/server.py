"""Starts the department as a process of its own."""

import logging
import os
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

import uvicorn

from integrations.demo_dispatch.app import create_app
from integrations.demo_dispatch.faults import DroppableConnection
from integrations.demo_dispatch.settings import BadSettings, Settings, read_settings
from integrations.demo_dispatch.store import StoreUnusable

GRACE_SECONDS = 3
"""How long running answers may take once the process is told to stop."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until told to stop; 2 with one sentence on stderr when it can't be started."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)  # our own line says it with ids
    try:
        settings = read_settings(sys.argv[1:] if arguments is None else arguments, os.environ)
        listener = _listen(settings)
        settings = with_own_url(settings, listener.getsockname()[1])
        app = create_app(settings)
    except BadSettings as error:
        return _give_up(str(error))
    except StoreUnusable as error:
        return _give_up(f"--data {error}")
    config = uvicorn.Config(
        app,
        http=DroppableConnection if settings.faults else "auto",
        access_log=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    host, port = listener.getsockname()[:2]
    print(f"demo dispatch: http://{host}:{port}{settings.public_base}/", flush=True)
    with suppress(KeyboardInterrupt):  # uvicorn stops in good order, then passes Ctrl-C on
        uvicorn.Server(config).run(sockets=[listener])
    return 0


def with_own_url(settings: Settings, port: int) -> Settings:
    """A port that was taken free is known only now; one that listens everywhere is reached from here."""
    if settings.own_url:
        return settings
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::", "") else settings.host  # noqa: S104
    host = f"[{host}]" if ":" in host else host
    return replace(settings, own_url=f"http://{host}:{port}{settings.public_base}")


def _give_up(sentence: str) -> int:
    print(f"demo dispatch: {sentence}", file=sys.stderr)
    return 2


def _listen(settings: Settings) -> socket.socket:
    """Take the port before anything else, so that a taken one is told in plain words."""
    place = (settings.host, settings.port)
    try:
        family = socket.getaddrinfo(*place, type=socket.SOCK_STREAM)[0][0]
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(place)
    except OSError as error:
        raise BadSettings(
            f"--host {settings.host} --port {settings.port} can't be listened on: {error.strerror or error}."
        ) from error
    return listener
