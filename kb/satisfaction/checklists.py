"""What must be checked in a re-check: 三核实一告知 and 六有结案, read from `content/satisfaction/checklists.yml`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from kb.content_files import CONTENT, ContentError, as_model, read_mapping, shown

FILE = CONTENT / "satisfaction/checklists.yml"
Text = Annotated[str, Field(min_length=1)]
Id = Annotated[str, Field(pattern=r"^[a-z][a-z_]*$", max_length=32)]


class Item(BaseModel):
    """One item. `tells`: it is done by telling the citizen, which the system does when the outcome is recorded."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Id
    name: Text
    what: Text
    tells: bool = False


class CheckLists(BaseModel):
    """The two lists. `confirmed`: the bureau has said that these are its words; else they are the general wording."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    confirmed: bool
    verify: Annotated[tuple[Item, ...], Field(min_length=1)]
    file: Annotated[tuple[Item, ...], Field(min_length=1)]

    @property
    def items(self) -> tuple[Item, ...]:
        return self.verify + self.file


def load(path: Path = FILE) -> CheckLists:
    """The lists. Raises ContentError naming file, line, key and value."""
    raw = read_mapping(path)
    lists = as_model(CheckLists, raw, path)
    ids = [item.id for item in lists.items]
    if twice := sorted({one for one in ids if ids.count(one) > 1}):
        raise ContentError(f"{shown(path)}:{raw.line}: id: {twice[0]!r} is given twice; each item needs its own")
    return lists
