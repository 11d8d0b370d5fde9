"""Words with which a citizen goes on with a conversation on another channel: asking for the code, and giving it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from kb.content_files import CONTENT, ContentError, as_model, read_mapping, shown
from kb.text import folded, spoken_digits

FILE = CONTENT / "linking.yml"
DIGITS = 8
# Who says more than this has something else to say.
LONGEST = 30
Pattern = Annotated[str, Field(min_length=3)]


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    asks: Annotated[tuple[Pattern, ...], Field(min_length=1)]
    gives: Annotated[tuple[Pattern, ...], Field(min_length=1)]


@dataclass(frozen=True)
class LinkWords:
    """How people ask for a code and give one."""

    asks: re.Pattern[str]
    gives: re.Pattern[str]

    def wants_code(self, text: str) -> bool:
        """'连接码', '怎么在微信上接着说'."""
        return len(text) <= LONGEST and bool(self.asks.fullmatch(folded(text).strip("。.！!？?吧啊呢")))

    def code(self, text: str) -> str | None:
        """The digits of '连接码 1234 5678', spoken ones too; '' where there are not eight. None for other words."""
        if len(text) > LONGEST or not (found := self.gives.match(folded(text))):
            return None
        rest = folded(text)[found.end() :]
        digits = spoken_digits(rest)
        if not digits:
            return None
        return digits if len(digits) == DIGITS else ""


def load(path: Path = FILE) -> LinkWords:
    """Read and check the file. Raises ContentError naming file, line, key and value."""
    raw = read_mapping(path)
    file = as_model(_File, raw, path)
    made = []
    for key, patterns in (("asks", file.asks), ("gives", file.gives)):
        for pattern in patterns:
            try:
                re.compile(pattern)
            except re.error as wrong:
                raise ContentError(f"{shown(path)}:{raw.line}: {key}: {pattern!r}: {wrong}") from wrong
        made.append(re.compile("|".join(f"(?:{pattern})" for pattern in patterns)))
    return LinkWords(*made)


@cache
def shipped() -> LinkWords:
    """The file that ships, read once."""
    return load()
