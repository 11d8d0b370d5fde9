"""An official account as its console shows it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Mode(StrEnum):
    """How pushes are sealed."""

    PLAIN = "plain"
    COMPATIBLE = "compatible"
    SAFE = "safe"


@dataclass(frozen=True, slots=True)
class Template:
    """A subscription notice chosen in the console. `fields` are names such as thing1 and what stands before them."""

    id: str
    title: str
    fields: dict[str, str]
    long_term: bool = False


TEMPLATES = (
    Template(
        "tmpl-accepted-0000000000000000000000000001",
        "受理通知",
        {"character_string1": "编号", "thing2": "事项", "time3": "时间"},
        long_term=True,
    ),
    Template(
        "tmpl-closed-000000000000000000000000000002",
        "办结通知",
        {"character_string1": "编号", "thing2": "办理单位", "phrase3": "结果"},
    ),
)


@dataclass(slots=True)
class Account:
    """What the console keeps. An empty `ip_list` lets every address ask for a token; so do empty domains for pages."""

    appid: str = "wx0123456789abcdef"
    secret: str = "0123456789abcdef0123456789abcdef"
    token: str = "emulated"
    aes_key: str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
    mode: Mode | str = Mode.SAFE
    verified: bool = True
    original_id: str = "gh_0123456789ab"
    templates: tuple[Template, ...] = TEMPLATES
    ip_list: tuple[str, ...] = ()
    page_domain: str = ""

    def __post_init__(self) -> None:
        self.mode = Mode(self.mode)
        if len(self.aes_key) != 43 or not self.aes_key.isalnum():
            raise ValueError("an EncodingAESKey has 43 letters and digits")

    def template(self, template_id: str) -> Template | None:
        return next((one for one in self.templates if one.id == template_id), None)
