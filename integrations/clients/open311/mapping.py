"""The mapping file: how our words become one backend's, and what that backend can and cannot do."""

from __future__ import annotations

import string
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from integrations.services.records import UpdateKind, WhenUnsure
from kb.content_files import as_model, read_yaml

MAPPING = Path(__file__).with_name("mapping.yml")


class Sort(StrEnum):
    """What an error means for us."""

    TRY_LATER = "try_later"
    NEEDS_PERSON = "needs_person"
    REJECT = "reject"


# The placeholders that each line may have.
_PLACEHOLDERS: dict[str, frozenset[str]] = {
    "service_code": frozenset({"level1"}),
    "description_footer": frozenset({"reference"}),
    "joined_line": frozenset({"incident", "people"}),
    "recurrence_line": frozenset({"recurrence_of"}),
    "since_line": frozenset({"since"}),
    "detail_line": frozenset({"label", "value"}),
    "confidential_line": frozenset(),
    "again_line": frozenset({"reference"}),
    "copy_line": frozenset({"unit", "request_id"}),
    "update_path": frozenset({"request_id"}),
}
_UPDATE_LINE = frozenset({"request_id", "text"})


class Mapping(BaseModel):
    """See `mapping.yml` for what each key means. What has a default may be left out."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal["json", "xml"] = "json"
    service_code: str
    services: dict[Annotated[str, Field(pattern=r"^\d{2}(\d{2}){0,2}$")], str] = {}
    attributes: dict[str, str]
    description_footer: str
    unknown_address: str
    extension: str
    statuses: dict[str, str] = {"open": "", "closed": "closed"}
    tell_of_joining: bool = False
    joined_line: str = ""
    recurrence_line: str = ""
    since_line: str = ""
    detail_line: str = ""
    confidential_line: str = ""
    search: Literal["reference", "place", "nothing"] = "reference"
    shows_after_seconds: Annotated[float, Field(ge=0, le=86400)] = 30.0
    when_unsure: Literal["ask_person", "send_again_marked"] = "ask_person"
    again_line: str = ""
    when_lost: Literal["ask_person", "file_again"] = "ask_person"
    co_units: Literal["request", "attribute", "none"] = "none"
    copy_line: str = ""
    updates: Literal["extension", "request", "none"] = "none"
    update_path: str = "requests/{request_id}/updates"
    update_lines: dict[UpdateKind, str] = {}
    errors: dict[str, Sort] = {}

    @model_validator(mode="before")
    @classmethod
    def _keys_as_text(cls, raw: object) -> object:
        # YAML reads 409 and "41" as it likes; here they are names.
        if isinstance(raw, dict):
            named = {key: raw[key] for key in ("errors", "services") if isinstance(raw.get(key), dict)}
            return {**raw, **{key: {str(name): one for name, one in value.items()} for key, value in named.items()}}
        return raw

    @model_validator(mode="after")
    def _makes_sense(self) -> Mapping:
        for name, known in _PLACEHOLDERS.items():
            _check(name, getattr(self, name), known)
        for kind, line in self.update_lines.items():
            _check(f"update_lines.{kind}", line, _UPDATE_LINE)
        if self.description_footer and "{reference}" not in self.description_footer:
            raise ValueError("description_footer must have {reference} in it, or be empty")
        if self.search == "reference" and not (self.attributes.get("reference") or self.description_footer):
            raise ValueError("search: reference needs attributes.reference or description_footer")
        if self.when_unsure == "send_again_marked" and "{reference}" not in self.again_line:
            raise ValueError("when_unsure: send_again_marked needs an again_line with {reference}")
        if self.co_units == "request" and not self.copy_line:
            raise ValueError("co_units: request needs a copy_line")
        missing = [kind for kind in UpdateKind if not self.update_lines.get(kind)]
        if self.updates != "none" and (missing := self._needed(missing)):
            raise ValueError(f"updates: {self.updates} needs update_lines for {', '.join(missing)}")
        return self

    def _needed(self, missing: Iterable[UpdateKind]) -> list[UpdateKind]:
        """Of the lines that are missing, those this way of telling cannot do without."""
        ours = (UpdateKind.LEAVES, UpdateKind.DOUBLE)
        return [kind for kind in missing if self.updates == "request" or kind in ours]

    @property
    def sent_attributes(self) -> dict[str, str]:
        """The attributes that can be in a request with these settings, our name -> theirs."""
        unsent = {"unit": self.co_units != "request", "co_units": self.co_units != "attribute"}
        return {ours: theirs for ours, theirs in self.attributes.items() if not unsent.get(ours)}

    def service_of(self, category: str) -> str:
        """The backend's service for a six-digit category: the closest entry of `services`, else by the pattern."""
        for length in (6, 4, 2):
            if code := self.services.get(category[:length]):
                return code
        return self.service_code.format(level1=category[:2])

    def unsure(self, mark: str = "") -> WhenUnsure:
        """What to do where nothing was found: a backend that can be searched is believed.

        Place and words tell complaints apart, not what goes beside them with a mark.
        """
        found = self.search == "reference" or (self.search == "place" and not mark)
        return WhenUnsure.SEND if found else WhenUnsure(self.when_unsure)


def _check(name: str, template: str, known: frozenset[str]) -> None:
    try:
        used = {field for _, field, _, _ in string.Formatter().parse(template) if field is not None}
    except ValueError as broken:
        raise ValueError(f"{name} cannot be read ({broken})") from broken
    if unknown := used - known:
        raise ValueError(f"{name} knows {', '.join(f'{{{one}}}' for one in sorted(known))}, not {sorted(unknown)[0]!r}")


def load_mapping(path: Path = MAPPING) -> Mapping:
    """Raises ContentError naming file, line and key."""
    return as_model(Mapping, read_yaml(path), path)
