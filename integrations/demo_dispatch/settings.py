"""How this department is started: command line first, then the environment.

Every option has an environment variable, so that no secret needs to stand on a command line.
"""

import argparse
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit


class BadSettings(Exception):
    """A setting that can't be used; the message is one sentence with its key and value."""


@dataclass(frozen=True, slots=True)
class Hook:
    """Where events are sent, and the key that signs them."""

    url: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Settings:
    """``hook`` None keeps events undelivered; ``public_base`` is "" or like "/department".

    ``own_url``, without a slash at its end, is where pictures are fetched; "" until the port is known.
    ``jurisdiction`` "" takes any name.
    ``token_seconds`` None gives numbers at once, else tokens that tell the number after that time.
    """

    database: Path
    api_key: str = field(repr=False)
    hook: Hook | None = None
    host: str = "127.0.0.1"
    port: int = 8311
    public_base: str = ""
    own_url: str = ""
    jurisdiction: str = ""
    token_seconds: float | None = None
    faults: bool = False


OPTIONS: Mapping[str, tuple[str, str | None, str]] = {
    # option: (environment variable, default, help)
    "--host": ("JIESU_DEMO_HOST", "127.0.0.1", "address to listen on"),
    "--port": ("JIESU_DEMO_PORT", "8311", "port to listen on; 0 takes a free one"),
    "--data": ("JIESU_DEMO_DATA", None, "the SQLite file; its folder must exist"),
    "--api-key": ("JIESU_DEMO_API_KEY", None, "the key a sender of requests must give"),
    "--hook-url": ("JIESU_DEMO_HOOK_URL", None, "where to send every step taken"),
    "--hook-secret": ("JIESU_DEMO_HOOK_SECRET", None, "the key that signs what is sent"),
    "--public-base": ("JIESU_DEMO_PUBLIC_BASE", "", "path prefix under which a proxy shows us"),
    "--own-url": ("JIESU_DEMO_OWN_URL", "", "address before /photos/...; by default http://host:port and the prefix"),
    "--jurisdiction": ("JIESU_DEMO_JURISDICTION", "", "the only jurisdiction_id that is known here"),
    "--token-seconds": ("JIESU_DEMO_TOKEN_SECONDS", "", "give tokens, which tell the number after so many seconds"),
}
FAULTS_VARIABLE = "JIESU_DEMO_FAULTS"
SWITCH = {"": False, "0": False, "1": True}


def read_settings(arguments: Sequence[str], environment: Mapping[str, str]) -> Settings:
    """Raises BadSettings; leaves by SystemExit only for ``--help`` and unknown options."""
    given = vars(_parser().parse_args(arguments))
    values: dict[str, str | None] = {
        option: given[_name(option)] or environment.get(variable) or default
        for option, (variable, default, _) in OPTIONS.items()
    }
    return Settings(
        host=values["--host"] or "",
        port=_port(values["--port"] or ""),
        database=_database(_required(values, "--data")),
        api_key=_required(values, "--api-key"),
        hook=_hook(values["--hook-url"], values["--hook-secret"]),
        public_base=_public_base(values["--public-base"] or ""),
        own_url=_own_url(values["--own-url"] or ""),
        jurisdiction=values["--jurisdiction"] or "",
        token_seconds=_token_seconds(values["--token-seconds"] or ""),
        faults=given["faults"] or _switch(environment.get(FAULTS_VARIABLE, "")),
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m integrations.demo_dispatch",
        description="A small city department that speaks Open311 GeoReport v2.",
        allow_abbrev=False,
    )
    for option, (variable, _, help_text) in OPTIONS.items():
        parser.add_argument(option, help=f"{help_text} [{variable}]")
    parser.add_argument("--faults", action="store_true", help=f"allow tests to order faults [{FAULTS_VARIABLE}=1]")
    return parser


def _name(option: str) -> str:
    return option.removeprefix("--").replace("-", "_")


def _required(values: Mapping[str, str | None], option: str) -> str:
    value = values[option]
    if not value:
        raise BadSettings(f"{option} (or {OPTIONS[option][0]}) is needed and was not given.")
    return value


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= 65535):
        raise BadSettings(f"--port {text!r} is not a number from 0 to 65535.")
    return int(text)


def _database(text: str) -> Path:
    path = Path(text)
    if not path.parent.is_dir():
        raise BadSettings(f"--data {text!r}: the folder {str(path.parent)!r} does not exist.")
    if path.is_dir():
        raise BadSettings(f"--data {text!r} is a folder, but a file is needed.")
    return path


def _hook(url: str | None, secret: str | None) -> Hook | None:
    if not url:
        return None
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadSettings(f"--hook-url {url!r} is not an http or https address.")
    if not secret:
        raise BadSettings("--hook-url needs --hook-secret (or JIESU_DEMO_HOOK_SECRET) beside it.")
    return Hook(url=url, secret=secret)


def _public_base(text: str) -> str:
    base = text.rstrip("/")
    if not re.fullmatch(r"(/[A-Za-z0-9._~-]+)*", base):
        raise BadSettings(f"--public-base {text!r} is not a path like '/department'.")
    return base


def _own_url(text: str) -> str:
    parts = urlsplit(text)
    if text and (parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment):
        raise BadSettings(f"--own-url {text!r} is not an http or https address.")
    return text.rstrip("/")


def _token_seconds(text: str) -> float | None:
    if not text:
        return None
    if not re.fullmatch(r"[0-9]{1,5}(\.[0-9]{1,3})?", text):
        raise BadSettings(f"--token-seconds {text!r} is not a number of seconds from 0 to 99999.")
    return float(text)


def _switch(text: str) -> bool:
    if text not in SWITCH:
        raise BadSettings(f"{FAULTS_VARIABLE}={text!r} is neither 0 nor 1.")
    return SWITCH[text]
