"""Whom this machine trusts on an encrypted line."""

from __future__ import annotations

import ssl
from functools import cache

import httpx


@cache
def trusted() -> ssl.SSLContext:
    """The authorities, read once for all clients: httpx reads its file for each of them (some 25 ms of computing).

    `SSL_CERT_FILE` or `SSL_CERT_DIR` names a city's own; without them they are those that come with httpx.
    """
    return httpx.create_ssl_context()
