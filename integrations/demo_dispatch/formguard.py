"""Keeps other sites from filling in a clerk's forms for them (CSRF).

The browser holds a random cookie, every form a token made from it; a strange site can
neither read the one nor guess the other.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import Request, Response

COOKIE = "department_forms"
CLERK_COOKIE = "department_clerk"
COOKIE_SHAPE = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Visitor:
    """A browser, by its cookie; ``is_new`` while it doesn't hold the cookie yet."""

    cookie: str
    is_new: bool


def visitor_of(request: Request) -> Visitor:
    held = request.cookies.get(COOKIE, "")
    if COOKIE_SHAPE.fullmatch(held):
        return Visitor(held, is_new=False)
    return Visitor(secrets.token_hex(16), is_new=True)


def give_cookie(response: Response, visitor: Visitor, *, secure: bool) -> None:
    if visitor.is_new:
        response.set_cookie(COOKIE, visitor.cookie, path="/", httponly=True, samesite="lax", secure=secure)


def token_for(visitor: Visitor, number: str, *, key: str) -> str:
    """The token of this browser's forms for one request."""
    message = f"{visitor.cookie}.{number}".encode()
    return hmac.new(key.encode(), message, hashlib.sha256).hexdigest()


def is_token(token: str, visitor: Visitor, number: str, *, key: str) -> bool:
    expected = token_for(visitor, number, key=key)
    return hmac.compare_digest(token.encode(), expected.encode())


def clerk_of(request: Request, clerks: Sequence[str]) -> str:
    """Who signed last in this browser, by their place in the list; the first of all where nobody did."""
    held = request.cookies.get(CLERK_COOKIE, "")
    place = int(held) if held.isascii() and held.isdigit() and len(held) < 4 else 0
    return clerks[place] if place < len(clerks) else clerks[0]


def remember_clerk(response: Response, place: int, *, secure: bool) -> None:
    response.set_cookie(CLERK_COOKIE, str(place), path="/", httponly=True, samesite="lax", secure=secure)
