"""A small HTTP client that costs the measuring process little: one kept connection, JSON in and out."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import urlsplit


class Broken(RuntimeError):
    """The server sent something else than an answer, or nothing in time."""


class Wire:
    """One connection; opened when it is first needed, and anew after it was closed."""

    def __init__(self, url: str, *, seconds: float = 60.0, headers: dict[str, str] | None = None) -> None:
        split = urlsplit(url)
        self._host, self._port = split.hostname or "", split.port or 80
        self._seconds = seconds
        more = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
        self._headers = f"Host: {split.netloc}\r\nContent-Type: application/json\r\n{more}"
        self._open: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """(status, JSON). Raises Broken."""
        try:
            async with asyncio.timeout(self._seconds):
                return await self._asked(method, path, body)
        except (OSError, EOFError, ValueError, TimeoutError) as broken:
            await self.close()
            raise Broken(type(broken).__name__) from broken

    async def close(self) -> None:
        """Close the connection, if one is open."""
        if self._open:
            self._open[1].close()
            self._open = None

    async def _asked(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        if self._open is None:
            self._open = await asyncio.open_connection(self._host, self._port)
        reader, writer = self._open
        content = b"" if body is None else json.dumps(body).encode()
        head = f"{method} {path} HTTP/1.1\r\n{self._headers}Content-Length: {len(content)}\r\n\r\n"
        writer.write(head.encode() + content)
        await writer.drain()
        status = int((await reader.readuntil(b"\r\n")).split()[1])
        length, closes = 0, False
        while (line := await reader.readuntil(b"\r\n")) != b"\r\n":
            name, _, value = line.decode("latin-1").partition(":")
            match name.lower():
                case "content-length":
                    length = int(value)
                case "connection":
                    closes = value.strip().lower() == "close"
                case "transfer-encoding":
                    raise ValueError("chunks are not read here")
        answer = await reader.readexactly(length)
        if closes:
            await self.close()
        return status, json.loads(answer) if answer else None
