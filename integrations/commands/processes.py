"""The parts as commands of their own, for running each as a service: `jiesu gateway | actions | worker`."""

from __future__ import annotations

import logging
import socket
import sys
from collections.abc import Callable
from contextlib import suppress

import typer
import uvicorn

from integrations import bootstrap, settings, worker
from integrations.running.private_logs import PrivateFormatter
from integrations.web.heads import BoundedHead

# What uvicorn itself ends with where it could not start.
STARTUP_FAILED = 3


def add_to(app: typer.Typer) -> None:
    """Register the commands."""

    @app.command(rich_help_panel="Parts, one process each")
    def gateway() -> None:
        """The only public port: web page, chat API, hooks, health."""
        from integrations.web.app import create_app

        chosen = settings.load()
        set_up_logging(chosen.log_level)
        app = create_app(bootstrap.build(chosen))
        ending = app.state.streams.end_all
        serve(app, host=chosen.host, port=chosen.port, proxies=chosen.proxies, stopping=ending)

    @app.command(rich_help_panel="Parts, one process each")
    def actions() -> None:
        """What Rasa calls to speak; loopback only."""
        from actions.server import create_app

        chosen = settings.load()
        set_up_logging(chosen.log_level)
        services = bootstrap.build(chosen)
        # Everything slow is loaded before the first citizen comes.
        _ = services.intake, services.speech, services.feelings, services.anger
        services.judging.judge("?")  # the embedder too
        serve(create_app(services), host="127.0.0.1", port=chosen.actions_port)

    @app.command("worker", rich_help_panel="Parts, one process each")
    def run_worker() -> None:
        """Relays the outbox, asks after requests, runs what is due, makes vectors, fetches the feed. Run any number."""
        chosen = settings.load()
        set_up_logging(chosen.log_level)
        worker.run(bootstrap.build(chosen))


def set_up_logging(level: str) -> None:
    """One line an event, with ids and durations; never what a citizen said, and no phone whoever logs."""
    logging.basicConfig(level=level.upper())
    for handler in logging.getLogger().handlers:
        handler.setFormatter(PrivateFormatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    # httpx logs whole URLs, and ours carry tokens.
    for noisy in ("httpx", "httpcore", "rasa_sdk"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def serve(
    asgi: object, *, host: str, port: int, proxies: str = "", stopping: Callable[[], None] = lambda: None
) -> None:
    """Serve until told to stop; running requests are finished. `proxies` may say for whom they ask.

    `stopping` is called before it waits for them.
    """
    config = uvicorn.Config(
        asgi,  # type: ignore[arg-type]
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=8,
        proxy_headers=bool(proxies),
        forwarded_allow_ips=proxies or None,
    )
    server = Server(config, stopping)
    with suppress(KeyboardInterrupt):  # uvicorn stops in good order, then passes Ctrl-C on
        server.run()
    if not server.started:
        sys.exit(STARTUP_FAILED)


class Server(uvicorn.Server):
    """Says that it stops before it waits for what runs: what would run for long can end. Bounds what requests say."""

    def __init__(self, config: uvicorn.Config, stopping: Callable[[], None]) -> None:
        config.http = BoundedHead
        super().__init__(config)
        self._stopping = stopping

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._stopping()
        await super().shutdown(sockets)
