"""The signature by which WeChat trusts a page that uses the JS-SDK (WeChat's documentation of the JS-SDK, appendix)."""

from __future__ import annotations

import hashlib


def signed(ticket: str, url: str, *, noncestr: str, timestamp: int) -> str:
    """The signature of the page at `url`, which is taken without what follows '#'. `timestamp` is in seconds."""
    page = url.partition("#")[0]
    text = f"jsapi_ticket={ticket}&noncestr={noncestr}&timestamp={timestamp}&url={page}"
    # SHA-1 is what WeChat checks; the ticket in it is a secret of two hours.
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
