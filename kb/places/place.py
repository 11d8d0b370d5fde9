"""A place as the rest of the system knows it: where a problem is, as far as it was said or shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Place:
    """Where a problem is. Coordinates are in `crs` ('WGS-84', 'GCJ-02' or 'BD-09').

    `text` is the smallest span that leads a worker there, without flat numbers. A code stands beside a division where
    today's official lists have it. A street that was merged is told as the one that it belongs to now; where that is
    not known, as it was said and without a code. A village is told as people say it, without 村民委员会. `layers` are
    (kind, value) pairs of the city's own layers, set when the complaint is filed: ('heating', '某某热力').
    `pinned` is True where the citizen showed the coordinate, and None where lists or a map service know it.
    `confidence` runs from 0 to 1: how likely `district` and what stands below it are right.
    """

    text: str
    district: str | None = None
    district_code: str | None = None
    street: str | None = None
    street_code: str | None = None
    community: str | None = None
    community_code: str | None = None
    road: str | None = None
    spot: str | None = None
    lat: float | None = None
    lon: float | None = None
    crs: str | None = None
    pinned: bool | None = None
    layers: tuple[tuple[str, str], ...] | None = None
    confidence: float = 0.0

    @property
    def precise(self) -> bool:
        """True when a worker would find it: a spot, a road, a community or a pin, not only a district."""
        return bool(self.spot or self.road or self.community or self.lat is not None)

    @property
    def key(self) -> str | None:
        """The name under which two reports may be about the same spot."""
        return self.spot or self.road or self.community

    @property
    def full(self) -> str:
        """District, street and words, nothing said twice: '李沧区 · 安顺北路娄山物流园门口'."""
        parts = [part for part in (self.district, self.street) if part and part not in self.text]
        return " · ".join([*parts, self.text]) if self.text else " · ".join(parts)

    def as_dict(self) -> dict[str, Any]:
        """For a conversation's memory; `from_dict` reads it back."""
        return {name: value for name in self.__slots__ if (value := getattr(self, name)) is not None}

    @classmethod
    def from_dict(cls, value: dict[str, Any]) -> Place:
        known: dict[str, Any] = {name: value[name] for name in cls.__slots__ if name in value}
        if known.get("layers") is not None:
            known["layers"] = tuple((kind, said) for kind, said in known["layers"])
        return cls(**known)
