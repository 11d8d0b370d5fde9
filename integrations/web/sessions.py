"""Who is on the other side of the web page: a random address in a signed, HttpOnly cookie."""

from __future__ import annotations

import hashlib
import hmac
import secrets

from fastapi import Request, Response

COOKIE = "jiesu_session"
YEAR = 365 * 24 * 3600


class Sessions:
    """Makes and reads the cookie. The address in it is the conversation's address on the channel 'web'."""

    def __init__(self, secret: str, *, secure: bool) -> None:
        self._key = secret.encode()
        self._secure = secure

    def address(self, request: Request) -> str | None:
        """The address of a cookie that we signed, else None."""
        address, _, signature = request.cookies.get(COOKIE, "").partition(".")
        if address and hmac.compare_digest(signature.encode(), self._sign(address).encode()):
            return address
        return None

    def start(self, response: Response) -> str:
        """A new address, its cookie set on the response."""
        address = secrets.token_urlsafe(24)
        self.keep(response, address)
        return address

    def keep(self, response: Response, address: str, *, seconds: int = YEAR) -> None:
        """Go on with this address, for so many seconds."""
        response.set_cookie(
            COOKIE,
            f"{address}.{self._sign(address)}",
            max_age=seconds,
            httponly=True,
            samesite="lax",
            secure=self._secure,
            path="/",
        )

    def _sign(self, address: str) -> str:
        return hmac.new(self._key, f"session:{address}".encode(), hashlib.sha256).hexdigest()
