"""The map on which a citizen shows where the problem is. Everything comes from here, nothing from a third party."""

from __future__ import annotations

import gzip
import hashlib
import json
import math
import re
from datetime import date
from typing import Annotated, Any, Literal, NamedTuple

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from pydantic import BaseModel, Field

from integrations.services.mapping import MOST_HITS, MOST_INCIDENTS
from integrations.web.chat import Cookies, Mine, Ours, limit
from integrations.web.errors import ApiError, may_answer
from integrations.web.page_files import File, sent
from kb.deadlines import CITY_TIME
from kb.places.drawing import DEEPEST, Box, collection
from kb.places.finding import LONGEST

PATH = "/api/map"
# Of one conversation. A map that is pushed about asks for a few layers a second, and for a dozen tiles.
LAYERS_A_MINUTE, LOOKS_A_MINUTE, SEARCHES_A_MINUTE, INCIDENTS_A_MINUTE, PARTS_A_MINUTE = 360, 120, 120, 120, 1200
# The largest part of the tiles at once: a browser asks for a tile or a directory, some hundred KB at most.
MOST_BYTES = 1024 * 1024
KEPT, ASKED, NEVER = "private, max-age=3600", "private, no-cache", "no-store"
GEOJSON, JSON = "application/geo+json", "application/json"
# Shorter answers are not worth packing.
_WORTH_PACKING = 600
_RANGE = re.compile(r"bytes=(\d{1,15})-(\d{1,15})?")
_BOX = "West, south, east, north in WGS-84 degrees, by commas"


class LayerOut(BaseModel):
    """A layer of GeoJSON, and from which zoom on it has something to show."""

    name: Literal["districts", "streets", "places"]
    min_zoom: int


class TilesOut(BaseModel):
    """Pictures of the city's own, as PMTiles."""

    url: str
    min_zoom: int
    max_zoom: int


class MapOut(BaseModel):
    """What the map is made of."""

    bounds: Annotated[tuple[float, float, float, float], Field(description=_BOX)]
    centre: Annotated[tuple[float, float], Field(description="Latitude, longitude")]
    attribution: Annotated[str, Field(description="Whose map it is, to be shown on it")]
    approval: Annotated[str, Field(description="Number of the map's approval, to be shown on it")]
    crs: Annotated[Literal["WGS-84", "GCJ-02"], Field(description="Of the tiles; everything else is WGS-84")]
    layers: list[LayerOut]
    tiles: TilesOut | None


class SpotOut(BaseModel):
    """What is known of a point."""

    inside: Annotated[bool, Field(description="Whether it is in the city")]
    label: Annotated[str, Field(description="As people would say it; empty: nothing is near")]
    district: str
    street: str
    near: Annotated[str, Field(description="The nearest place that is known by name")]


class PlaceOut(BaseModel):
    """A place or division that was found. Without a coordinate it can be said, but not shown."""

    name: str
    kind: str
    district: str
    street: str
    lat: float | None
    lon: float | None


class PlacesOut(BaseModel):
    """The likeliest first."""

    places: list[PlaceOut]


class DistrictOut(BaseModel):
    """A district with its streets."""

    name: str
    streets: list[str]


class DivisionsOut(BaseModel):
    """In the order of the city's own list."""

    districts: list[DistrictOut]


class IncidentOut(BaseModel):
    """A problem that others have told of, and that is still open."""

    lat: float
    lon: float
    category: str
    citizens: int
    since: date


class IncidentsOut(BaseModel):
    """The latest first."""

    incidents: list[IncidentOut]


router = APIRouter(prefix=PATH, tags=["map"])


def _box(
    services: Ours, bbox: Annotated[str, Query(max_length=100, description=_BOX, examples=["120.3,36,120.4,36.1"])]
) -> Box:
    try:
        box = Box(*map(float, bbox.split(",")))
    except (TypeError, ValueError):
        box = Box(0, 0, 0, 0)
    world = -180 <= box.west < box.east <= 180 and -90 <= box.south < box.north <= 90
    if not (all(map(math.isfinite, box)) and world):
        raise ApiError(422, "bad_box", services.speech.words.say("chat.bad_request"))
    return box


def _visitor(request: Request, services: Ours, sessions: Cookies) -> str:
    """A name for whoever has this session. Tiles come by the dozen: no conversation is looked up for them."""
    address = sessions.address(request)
    if address is None:
        raise ApiError(401, "no_session", services.speech.words.say("chat.no_session"))
    return hashlib.sha256(address.encode()).hexdigest()[:16]


InBox = Annotated[Box, Depends(_box)]


@router.get("", response_model=MapOut, summary="What the map is made of", responses=may_answer(401, 429, 503))
def about(request: Request, mine: Mine, services: Ours) -> Response:
    """Bounds, layers, whose it is, and the city's own tiles if it has any."""
    limit(services, f"map:{mine.id}", LAYERS_A_MINUTE)
    drawing, settings, tiles = services.mapping.city().drawing, services.settings, services.tiles.now()
    made = MapOut(
        bounds=drawing.bounds,
        centre=drawing.centre,
        attribution=settings.map_attribution,
        approval=settings.map_approval,
        crs="GCJ-02" if settings.map_crs == "GCJ-02" else "WGS-84",
        layers=[LayerOut(name=one.name, min_zoom=one.min_zoom) for one in drawing.layers],  # type: ignore[arg-type]
        tiles=TilesOut(url=f"{PATH}/tiles.pmtiles", min_zoom=tiles.min_zoom, max_zoom=tiles.max_zoom)
        if tiles
        else None,
    )
    return _answer(request, made.model_dump(), JSON, ASKED)


@router.get(
    "/layers/{name}",
    response_class=Response,
    summary="A layer of the map",
    responses={200: {"content": {GEOJSON: {"schema": {"type": "object"}}}}, **may_answer(401, 422, 429, 503)},
)
def layer(
    request: Request,
    mine: Mine,
    services: Ours,
    name: Annotated[Literal["districts", "streets", "places"], Path(description="One that the map has")],
    box: InBox,
    zoom: Annotated[int, Query(ge=0, le=DEEPEST, description="As exact as this zoom has room for")],
) -> Response:
    """GeoJSON, at most 500 features with `name` and `kind`. Boundaries are whole, simplified, not cut at the box."""
    limit(services, f"map-layers:{mine.id}", LAYERS_A_MINUTE)
    return _answer(request, collection(services.mapping.features(name, box, zoom)), GEOJSON, KEPT)


@router.get("/divisions", response_model=DivisionsOut, summary="Districts", responses=may_answer(401, 429, 503))
def divisions(request: Request, mine: Mine, services: Ours) -> Response:
    """The districts and their streets, for those who choose by name."""
    limit(services, f"map:{mine.id}", LAYERS_A_MINUTE)
    listed = [{"name": name, "streets": streets} for name, streets in services.mapping.city().divisions]
    return _answer(request, {"districts": listed}, JSON, ASKED)


@router.get("/where", summary="What stands at a point", responses=may_answer(401, 422, 429, 503))
def where(
    response: Response,
    mine: Mine,
    services: Ours,
    lat: Annotated[float, Query(ge=-90, le=90, description="WGS-84")],
    lon: Annotated[float, Query(ge=-180, le=180, description="WGS-84")],
) -> SpotOut:
    """As a pin there would be understood: district and street as far as they are sure, and what is near."""
    limit(services, f"map-where:{mine.id}", LOOKS_A_MINUTE)
    found = services.mapping.where(lat, lon)
    response.headers["cache-control"] = NEVER
    return SpotOut(
        inside=found.inside, label=found.label, district=found.district, street=found.street, near=found.near
    )


@router.get("/search", summary="Places by name", responses=may_answer(401, 422, 429, 503))
def search(
    response: Response,
    mine: Mine,
    services: Ours,
    q: Annotated[str, Query(max_length=LONGEST, description="A name, its beginning or a part of it, or pinyin")],
) -> PlacesOut:
    """Places of the city's list, at most 10; slips of the pen are forgiven. An empty text finds nothing."""
    limit(services, f"map-search:{mine.id}", SEARCHES_A_MINUTE)
    response.headers["cache-control"] = NEVER
    found = services.mapping.search(q)[:MOST_HITS]
    return PlacesOut(
        places=[
            PlaceOut(
                name=one.name,
                kind=one.kind,
                district="、".join(one.districts),
                street=one.street,
                lat=one.lat,
                lon=one.lon,
            )
            for one in found
        ]
    )


@router.get("/incidents", summary="What is open already", responses=may_answer(401, 422, 429, 503))
def incidents(response: Response, mine: Mine, services: Ours, box: InBox) -> IncidentsOut:
    """Problems of others that are open there, at most 100, to about 11 m; none for a box wider than some 25 km.

    Nothing of who said them; none that only one citizen, or confidential complaints alone, tell of.
    """
    limit(services, f"map-incidents:{mine.id}", INCIDENTS_A_MINUTE)
    response.headers["cache-control"] = NEVER
    names = services.taxonomy.names
    found = services.mapping.incidents(box)[:MOST_INCIDENTS]
    return IncidentsOut(
        incidents=[
            IncidentOut(
                lat=round(one.lat, 4),
                lon=round(one.lon, 4),
                category=names.get(one.category) or names[one.category[:2]],
                citizens=one.people,
                since=one.opened_at.astimezone(CITY_TIME).date(),
            )
            for one in found
        ]
    )


class _Part(NamedTuple):
    """Bytes of a file, the last one included."""

    first: int
    last: int


@router.get(
    "/tiles.pmtiles",
    status_code=206,
    response_class=Response,
    summary="A part of the city's tiles",
    responses=may_answer(401, 404, 416, 429),
)
def tiles(
    visitor: Annotated[str, Depends(_visitor)],
    services: Ours,
    range_: Annotated[str, Header(alias="range", description="bytes=FIRST-LAST, at most 1 MB")] = "",
) -> Response:
    """Only by parts: a program that reads PMTiles asks for the tiles that it shows."""
    limit(services, f"map-tiles:{visitor}", PARTS_A_MINUTE)
    found, say = services.tiles.now(), services.speech.words.say
    if found is None:
        raise ApiError(404, "no_tiles", say("chat.not_found"))
    part = _part(range_, found.size)
    if part is None:
        raise ApiError(416, "bad_range", say("chat.bad_request"), headers={"content-range": f"bytes */{found.size}"})
    headers = {
        "content-range": f"bytes {part.first}-{part.last}/{found.size}",
        "accept-ranges": "bytes",
        "etag": f'"{found.tag}"',
        "cache-control": KEPT,
    }
    body = found.part(part.first, part.last - part.first + 1)
    return Response(body, status_code=206, headers=headers, media_type="application/vnd.pmtiles")


def _part(asked: str, size: int) -> _Part | None:
    """What a Range header asks for; None for what is no part of the file, several parts, or more than is given."""
    given = _RANGE.fullmatch(asked.strip())
    if given is None:
        return None
    first = int(given[1])
    last = min(int(given[2]) if given[2] else size - 1, size - 1)
    return _Part(first, last) if first <= last and last - first < MOST_BYTES else None


def _answer(request: Request, content: Any, kind: str, kept: str) -> Response:
    """JSON as this browser takes it, with a tag, so that what it has already is not sent again."""
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    tag = hashlib.sha256(body).hexdigest()[:16]
    zipped = gzip.compress(body, 6, mtime=0) if len(body) >= _WORTH_PACKING else None
    return sent(request, File(body, zipped, kind, tag), {"etag": f'"{tag}"', "cache-control": kept})
