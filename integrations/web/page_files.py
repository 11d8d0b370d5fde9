"""The page's files: read once, packed once, and kept by browsers for as long as they are what they are.

A path with the version in it (`/page/v-<hash>/chat.js`) never changes and is never asked for twice; the modules name
each other relatively, so that one version holds together. Without the version, or with another gateway's, a browser
asks each time whether the file has changed.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import Response

from integrations.web.packing import packed

PAGE = Path(__file__).parent / "page"
TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".md": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
}
ZIPPED = (".js", ".css", ".html", ".svg", ".txt", ".md", ".webmanifest")
FOREVER, ASK = "public, max-age=31536000, immutable", "no-cache"
# Load balancers and previews of links ask for the head alone; the server leaves the body out.
ASKED = ["GET", "HEAD"]
_VERSIONED = re.compile(r"^v-([0-9a-f]{12})/(.+)$")
_IMPORT = re.compile(r"""^(?:import|export)\b[^;]*?\bfrom\s*["']\./([\w/.-]+)["']""", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class File:
    """One file: its bytes, the same zipped (None where that is of no use), and its tag."""

    body: bytes
    zipped: bytes | None
    kind: str
    tag: str


class PageFiles:
    """All files of the page, by their path under it."""

    def __init__(self, folder: Path = PAGE) -> None:
        self._folder = folder

    @cached_property
    def files(self) -> dict[str, File]:
        found = {}
        for path in sorted(self._folder.rglob("*")):
            if path.is_file() and path.suffix in TYPES:
                body = packed(path)
                zipped = gzip.compress(body, 9, mtime=0) if path.suffix in ZIPPED else None
                tag = hashlib.sha256(body).hexdigest()[:12]
                found[path.relative_to(self._folder).as_posix()] = File(body, zipped, TYPES[path.suffix], tag)
        return found

    @cached_property
    def version(self) -> str:
        """Of all files together."""
        every = "".join(f"{name}:{file.tag};" for name, file in self.files.items())
        return hashlib.sha256(every.encode()).hexdigest()[:12]

    @property
    def base(self) -> str:
        """What versioned paths begin with."""
        return f"/page/v-{self.version}"

    def needed_by(self, name: str) -> list[str]:
        """The modules that a module needs before it can run, nearest first, itself left out."""
        seen: dict[str, None] = {}
        waiting = [name]
        while waiting:
            one = waiting.pop(0)
            for other in self._imports(one):
                if other not in seen and other != name:
                    seen[other] = None
                    waiting.append(other)
        return list(seen)

    def _imports(self, name: str) -> Iterator[str]:
        folder = name.rpartition("/")[0]
        for other in _IMPORT.findall((self._folder / name).read_text(encoding="utf-8")):
            yield f"{folder}/{other}" if folder else other

    def router(self) -> APIRouter:
        """The route of the files."""
        routes = APIRouter()

        @routes.api_route("/page/{path:path}", methods=ASKED, include_in_schema=False)
        async def file(request: Request, path: str) -> Response:
            versioned = _VERSIONED.match(path)
            found = self.files.get(versioned[2] if versioned else path)
            if found is None:
                return Response(status_code=404)
            lasting = bool(versioned) and versioned[1] == self.version  # type: ignore[index]
            headers = {"etag": f'"{found.tag}"', "cache-control": FOREVER if lasting else ASK}
            return sent(request, found, headers)

        return routes


def sent(request: Request, file: File, headers: dict[str, str]) -> Response:
    """The file as this browser takes it; 304 where it has it already."""
    headers = {**headers, "vary": "accept-encoding"}
    if headers.get("etag") in [
        one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")
    ]:
        return Response(status_code=304, headers=headers)
    if file.zipped is not None and _takes_gzip(request.headers.get("accept-encoding", "")):
        return Response(file.zipped, headers={**headers, "content-encoding": "gzip"}, media_type=file.kind)
    return Response(file.body, headers=headers, media_type=file.kind)


def _takes_gzip(accepted: str) -> bool:
    """Whether an Accept-Encoding header takes gzip: by name, or by `*`, and not with a weight of nothing."""
    weights: dict[str, bool] = {}
    for one in accepted.lower().split(",")[:20]:
        name, _, weight = one.partition(";")
        weights[name.strip()] = re.fullmatch(r"q=0(\.0*)?", weight.replace(" ", "")) is None
    return weights.get("gzip", weights.get("*", False))
