"""The services this department offers, read once from ``services.json``."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SERVICES_FILE = Path(__file__).with_name("services.json")


@dataclass(frozen=True, slots=True)
class Attribute:
    """One thing a sender may add; ``datatype`` is a GeoReport one (string, number, ...).

    ``values`` are the keys of a list, empty for everything else.
    """

    code: str
    datatype: str
    required: bool
    description: str
    datatype_description: str | None
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Service:
    code: str
    name: str
    group: str
    description: str
    keywords: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Services by code, in the file's order, and the attributes they all share."""

    services: Mapping[str, Service]
    attributes: tuple[Attribute, ...]

    def name_of(self, code: str) -> str:
        """The service's name, or the code itself for one that is offered no more."""
        service = self.services.get(code)
        return service.name if service else code


def load_catalogue(path: Path = SERVICES_FILE) -> Catalogue:
    """Raises ValueError, KeyError or OSError for a file that isn't as ``services.json`` is."""
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    attributes = tuple(
        Attribute(
            code=row["code"],
            datatype=row["datatype"],
            required=row["required"],
            description=row["description"],
            datatype_description=row["datatype_description"],
            values=tuple(row.get("values", ())),
        )
        for row in content["attributes"]
    )
    services: dict[str, Service] = {}
    for group in content["groups"]:
        for row in group["services"]:
            if row["code"] in services:
                raise ValueError(f"{path.name}: service code {row['code']} stands twice")
            services[row["code"]] = Service(
                code=row["code"],
                name=row["name"],
                group=group["name"],
                description=row["description"],
                keywords=tuple(row["keywords"]),
            )
    return Catalogue(services=services, attributes=attributes)
