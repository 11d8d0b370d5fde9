"""Log lines without phones and identity cards, whatever a library or an error put into them."""

from __future__ import annotations

import logging

from kb.text import hide_personal


class PrivateFormatter(logging.Formatter):
    """Formats as usual, the traceback and the arguments included, and hides numbers in what comes of it."""

    def format(self, record: logging.LogRecord) -> str:
        return hide_personal(super().format(record))
