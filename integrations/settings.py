"""Every setting, from the environment (JIESU_…) or a `.env` file; secrets that nobody set are made once and kept."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import tempfile
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from integrations.clients.sealing import read_keys
from kb import quiet_hours
from kb.satisfaction import levels

ROOT = Path(__file__).resolve().parent.parent
WEB = r"^$|^https?://[^\s/]+"
DATABASE = r"^$|^sqlite:///.+|^postgresql(\+psycopg)?://.+"
SECRET = ("_key", "_secret", "_token")


class SettingsError(ValueError):
    """A setting that cannot be used: the message names it, its value and what would do."""


class Settings(BaseSettings):
    """All settings. Ports and URLs are those the parts listen on and reach each other by."""

    model_config = SettingsConfigDict(env_prefix="JIESU_", env_file=".env", extra="ignore", frozen=True)

    data_dir: Path = Field(default=ROOT / "var", description="Folder for everything that is kept")
    host: str = Field(default="127.0.0.1", description="Address the gateway listens on")
    port: int = Field(default=8000, ge=1, le=65535, description="The only public port: page, chat API, hooks")
    rasa_port: int = Field(default=8005, ge=1, le=65535, description="Loopback port of Rasa")
    actions_port: int = Field(default=8055, ge=1, le=65535, description="Loopback port of the actions")
    department_port: int = Field(default=8311, ge=1, le=65535, description="Loopback port of the demo department")
    database_url: str = Field(
        default="", repr=False, pattern=DATABASE, description="PostgreSQL by URL; empty: SQLite in the data folder"
    )
    redis_url: str = Field(
        default="",
        repr=False,
        pattern=r"^$|^(rediss?|unix)://.+",
        description="Redis by URL; empty: an embedded server",
    )
    rasa_processes: int = Field(
        default=1, ge=1, le=16, description="How many Rasas `jiesu up` starts, on ports from rasa_port on"
    )
    rasa_url: str = Field(
        default="",
        pattern=r"^$|^https?://[^\s/]+\S*( +https?://[^\s/]+\S*)*$",
        description="Rasa elsewhere, several by blanks; empty: started by `jiesu up`",
    )
    dispatch_url: str = Field(
        default="",
        pattern=WEB,
        description="GeoReport v2 backend, up to and without /requests.json; empty: the demo department",
    )
    dispatch_api_key: str = Field(
        default="", repr=False, description="api_key of the backend; empty: one made for the demo"
    )
    dispatch_jurisdiction: str = Field(default="", description="jurisdiction_id, where the backend wants one")
    dispatch_mapping: Path | None = Field(default=None, description="Mapping file; empty: the one that ships")
    dispatch_timeout_seconds: float = Field(default=10.0, gt=0, le=20, description="How long an answer is waited for")
    dispatch_poll_seconds: float = Field(default=60.0, gt=0, description="How often open requests are asked after")
    hook_secret: str = Field(
        default="", repr=False, description="Secret of the dispatch hook; empty: one made and kept"
    )
    session_secret: str = Field(
        default="", repr=False, description="Signs the page's session; empty: one made and kept"
    )
    internal_token: str = Field(default="", repr=False, description="Token between the parts; empty: one made and kept")
    proxies: str = Field(
        default="",
        description="Addresses of reverse proxies that say who calls, by commas; empty: none is believed",
    )
    cookie_secure: bool = Field(default=False, description="Send the session cookie over HTTPS only")
    bot_python: Path = Field(default=ROOT / "bot/.venv/bin/python", description="Python of Rasa's environment")
    embedding_url: str = Field(
        default="",
        pattern=WEB,
        description="On-premises embedding service; empty: the packaged model",
    )
    embedding_model: str = Field(default="multilingual-e5-small", description="Its model")
    embedding_api_key: str = Field(default="", repr=False, description="Its key, where it wants one")
    geocoder: str = Field(
        default="", pattern=r"^(tianditu|amap)?$", description="Map service for addresses; empty: none is asked"
    )
    geocoder_key: str = Field(default="", repr=False, validate_default=True, description="Its key, for servers")
    geocoder_secret: str = Field(default="", repr=False, description="Signs the questions, where amap wants it")
    geocoder_url: str = Field(default="", pattern=WEB, description="A mirror of it; empty: the public service")
    geocoder_city: str = Field(default="青岛市", description="City that goes before every address")
    geocoder_daily_quota: int = Field(default=5000, ge=1, description="Most questions to it in a day")
    map_attribution: str = Field(default="", max_length=200, description="Whose map it is, shown on it; empty: nothing")
    map_approval: str = Field(default="", max_length=60, description="Number of the map's approval; empty: none")
    map_tiles: Path | None = Field(default=None, description="PMTiles file of the city's own, pictures; empty: none")
    map_crs: str = Field(default="WGS-84", pattern="^(WGS-84|GCJ-02)$", description="Coordinate system of the tiles")
    map_least_citizens: int = Field(
        default=2, ge=1, le=100, description="How many citizens must tell of an open problem before the map shows it"
    )
    issues_examples: bool = Field(default=True, description="Tell the invented known issues that ship as examples")
    issues_feed: str = Field(default="", repr=False, pattern=WEB, description="Feed of known issues; empty: none")
    issues_feed_seconds: float = Field(default=900.0, ge=10, description="How often the feed is fetched")
    quiet_hours: str = Field(
        default="21:00-8:00", description="City time in which no notice is sent unless it is urgent; empty: none"
    )
    feedback_days: int = Field(default=14, ge=1, le=365, description="How long a citizen is asked after a closure")
    feedback_remind_days: int = Field(default=7, ge=0, description="When one reminder comes; 0 or too late: none")
    satisfaction_levels: int = Field(default=5, description="Levels of satisfaction to choose from: 5 or 2")
    recheck_rounds: int = Field(default=2, ge=0, le=10, description="Most re-checks of one complaint")
    data_key: str = Field(
        default="", repr=False, description="Keys that seal contacts, the first one; empty: one made and kept"
    )
    retention_days: int = Field(
        default=365, ge=30, le=36500, description="How long personal data stays after a ticket is over"
    )
    burst_seconds: float = Field(
        default=1.5, ge=0, le=10, description="How long an unfinished message waits for the next; 0: not at all"
    )
    pause_hours: float = Field(default=12.0, gt=0, description="After such a silence it is said where we were")
    turns_at_once: int = Field(default=16, ge=1, le=1000, description="Turns that one gateway has heard at a time")
    queue_gateway: int = Field(default=400, ge=1, description="Most turns that wait in one gateway")
    streams: int = Field(default=1000, ge=1, description="Most pages that one gateway keeps a stream open for")
    queue_conversation: int = Field(default=20, ge=1, description="Most messages of one conversation that wait")
    please_wait_seconds: float = Field(default=4.0, gt=0, description="After so long a wait the citizen is told")
    desk_hours: str = Field(
        default="", pattern="^(|always|never)$", description="When staff take over; empty: kb/content/desk.yml"
    )
    handover_lease_seconds: float = Field(
        default=300.0, ge=30, le=3600, description="How long a clerk may be silent before the conversation goes back"
    )
    transcribe_url: str = Field(
        default="", pattern=WEB, description="On-premises service that makes words of recordings; empty: none"
    )
    transcribe_model: str = Field(default="sensevoice", description="Its model")
    transcribe_api_key: str = Field(default="", repr=False, description="Its key, where it wants one")
    transcribe_timeout_seconds: float = Field(
        default=12.0, gt=0, le=20, description="How long the words of a recording are waited for"
    )
    public_url: str = Field(
        default="", pattern=WEB, description="The gateway as the department reaches it, for photos; empty: only counted"
    )
    wechat_appid: str = Field(default="", description="App id of the WeChat official account; empty: no WeChat")
    wechat_secret: str = Field(default="", repr=False, description="Its app secret")
    wechat_token: str = Field(default="", repr=False, description="Token that signs WeChat's pushes")
    wechat_aes_key: str = Field(
        default="", repr=False, description="EncodingAESKey; while it is being changed the new and the old by a blank"
    )
    wechat_mode: str = Field(
        default="safe", pattern="^(plain|compatible|safe)$", description="How pushes are sealed: as in WeChat's console"
    )
    wechat_verified: bool = Field(
        default=True, description="Whether the account may send customer service messages; false: passive replies only"
    )
    wechat_links: bool = Field(default=False, description="Show choices as links to tap instead of numbers to type")
    wechat_notices: Path | None = Field(
        default=None, description="File with the account's subscription notices; empty: none are sent"
    )
    wechat_url: str = Field(default="https://api.weixin.qq.com", pattern=WEB, description="WeChat's API")
    wechat_open_url: str = Field(
        default="https://open.weixin.qq.com", pattern=WEB, description="Where a page inside WeChat signs in"
    )
    wechat_script_url: str = Field(
        default="https://res.wx.qq.com/open/js/jweixin-1.6.0.js", pattern=WEB, description="WeChat's script for pages"
    )
    wechat_picture_url: str = Field(
        default="https://mmbiz.qpic.cn", pattern=WEB, description="Where pictures may be fetched from by their address"
    )
    log_level: str = Field(
        default="INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="DEBUG, INFO, WARNING or ERROR"
    )

    @field_validator("geocoder_key", "geocoder_secret")
    @classmethod
    def _without_blanks(cls, value: str, about: ValidationInfo) -> str:
        """Keys are pasted from web pages, often with a blank or a line end, and refused for it."""
        value = value.strip()
        if about.field_name == "geocoder_key" and about.data.get("geocoder") and not value:
            raise ValueError(f"JIESU_GEOCODER={about.data['geocoder']} needs the key that the service gave out")
        return value

    @field_validator("geocoder_url", "issues_feed")
    @classmethod
    def _with_a_port(cls, value: str) -> str:
        _ = urlsplit(value).port  # raises ValueError for brackets and ports that are none
        return value

    @field_validator("satisfaction_levels")
    @classmethod
    def _a_scale(cls, value: int) -> int:
        levels.scale(value)  # raises ValueError with what would do
        return value

    @field_validator("data_key")
    @classmethod
    def _keys(cls, value: str) -> str:
        if value:
            read_keys(value)  # raises ValueError with what would do and nothing of the keys
        return value

    @field_validator("quiet_hours")
    @classmethod
    def _two_times(cls, value: str) -> str:
        quiet_hours.read(value)  # raises ValueError with what would do
        return value

    @property
    def sql_url(self) -> str:
        """The database's URL, the default one filled in."""
        url = self.database_url or f"sqlite:///{self.data_dir / 'jiesu.db'}"
        return url.replace("postgresql://", "postgresql+psycopg://", 1)

    @property
    def data_key_file(self) -> Path:
        """Where the key of the contacts is kept when none is set."""
        return self.data_dir / "data_key"

    @property
    def redis_socket(self) -> Path:
        """Where the embedded Redis listens. A socket's path is limited to about 100 characters."""
        inside = self.data_dir.resolve() / "redis.sock"
        if len(str(inside)) <= 100:
            return inside
        short = hashlib.sha256(str(inside).encode()).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"jiesu-{short}.sock"

    @property
    def redis(self) -> str:
        """Redis's URL, the embedded one filled in."""
        return self.redis_url or f"unix://{self.redis_socket}"

    @property
    def rasa_ports(self) -> tuple[int, ...]:
        """The ports of the Rasas that are started here."""
        return tuple(range(self.rasa_port, self.rasa_port + self.rasa_processes))

    @property
    def rasas(self) -> tuple[str, ...]:
        """The base URL of every Rasa."""
        return tuple(self.rasa_url.split()) or tuple(f"http://127.0.0.1:{port}" for port in self.rasa_ports)

    @property
    def dispatch(self) -> str:
        """The backend's base URL."""
        return self.dispatch_url or f"http://127.0.0.1:{self.department_port}/open311/v2"

    @cached_property
    def secrets(self) -> Secrets:
        """The secrets, made on first use. Raises SettingsError when the folder cannot be written."""
        return Secrets(self)


class Secrets:
    """Secrets from the settings, or made once and kept in `<data_dir>/secrets.json`, readable by its owner only."""

    NAMES = ("hook_secret", "session_secret", "internal_token", "dispatch_api_key")

    def __init__(self, settings: Settings) -> None:
        self._values = {name: getattr(settings, name) for name in self.NAMES}
        if not all(self._values.values()):
            kept = _kept(settings.data_dir)
            self._values = {name: value or kept[name] for name, value in self._values.items()}

    def __getitem__(self, name: str) -> str:
        return str(self._values[name])


def _kept(folder: Path) -> dict[str, str]:
    path = folder / "secrets.json"
    make_folder(folder)
    if not path.exists():
        made = {name: secrets.token_urlsafe(32) for name in Secrets.NAMES}
        descriptor, part = tempfile.mkstemp(dir=folder)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            json.dump(made, stream)
        # Several parts may start at once: the first to link wins, the others read what it made.
        with contextlib.suppress(FileExistsError):
            os.link(part, path)
        Path(part).unlink()
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        return {name: str(kept[name]) for name in Secrets.NAMES}
    except KeyError as missing:
        raise SettingsError(f"{path}: has no {missing}") from missing
    except (OSError, ValueError, TypeError) as broken:
        raise SettingsError(f"{path}: cannot be read ({broken})") from broken


def make_folder(folder: Path) -> None:
    """Make the data folder. Raises SettingsError with one clear sentence when that cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as refused:
        raise SettingsError(f"JIESU_DATA_DIR={folder}: cannot be written ({refused.strerror})") from refused


def load(**given: object) -> Settings:
    """The settings of this process. Raises SettingsError naming the setting and its value."""
    try:
        return Settings(**given)  # type: ignore[arg-type]
    except ValidationError as wrong:
        first = wrong.errors()[0]
        field = str(first["loc"][0])
        shown = not field.endswith(SECRET)
        given_as = f"={first['input']!r}" if shown else ""  # secrets are not repeated
        raise SettingsError(f"JIESU_{field.upper()}{given_as}: {first['msg']}") from (wrong if shown else None)
