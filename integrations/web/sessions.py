"""Who is on the other side of the web page: a random address in a signed, HttpOnly cookie."""

from __future__ import annotations

import hashlib
import hmac
import secrets

from fastapi import Request, Response

COOKIE = "jiesu_session"
# Browsers take a cookie of this name over HTTPS only, from this very host and for no other: nobody else can plant one.
HOST_COOKIE = f"__Host-{COOKIE}"
COOKIES = (COOKIE, HOST_COOKIE)
YEAR = 365 * 24 * 3600


class Sessions:
    """Makes and reads the cookie. The address in it is the conversation's address on the channel 'web'."""

    def __init__(self, secret: str, *, secure: bool) -> None:
        self._key = secret.encode()
        self._secure = secure
        self._name = HOST_COOKIE if secure else COOKIE

    def address(self, request: Request) -> str | None:
        """The address of a cookie that we signed, else None."""
        return self._read(request, self._name)

    def former(self, request: Request) -> str | None:
        """The address of a cookie from before the page was served over HTTPS only: good for renewing it, once."""
        return self._read(request, COOKIE) if self._secure and self._name not in request.cookies else None

    def start(self, response: Response) -> str:
        """A new address, its cookie set on the response."""
        address = secrets.token_urlsafe(24)
        self.keep(response, address)
        return address

    def keep(self, response: Response, address: str, *, seconds: int = YEAR) -> None:
        """Go on with this address, for so many seconds."""
        response.set_cookie(
            self._name,
            f"{address}.{self._sign(address)}",
            max_age=seconds,
            httponly=True,
            samesite="lax",
            secure=self._secure,
            path="/",
        )
        if self._secure:
            response.delete_cookie(COOKIE, httponly=True, samesite="lax", secure=True, path="/")

    def end(self, response: Response) -> None:
        """Who comes next with this browser begins anew."""
        for name in {self._name, COOKIE}:
            response.delete_cookie(name, httponly=True, samesite="lax", secure=self._secure, path="/")

    def _read(self, request: Request, name: str) -> str | None:
        address, _, signature = request.cookies.get(name, "").partition(".")
        if address and hmac.compare_digest(signature.encode(), self._sign(address).encode()):
            return address
        return None

    def _sign(self, address: str) -> str:
        return hmac.new(self._key, f"session:{address}".encode(), hashlib.sha256).hexdigest()
