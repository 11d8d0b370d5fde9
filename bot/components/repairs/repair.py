"""One repair: something of Rasa's that is replaced while Rasa runs, and only where it is what we know.

Rasa Open Source 3.6.21 is the last of its line and is locked by hash, so what is replaced does not change under us.
Should it change all the same, another version or an edited file, the repair stands back and says so as an error:
Rasa's own code runs, slower, never wrongly.
"""

from __future__ import annotations

import hashlib
import inspect
import logging
from dataclasses import dataclass
from typing import Any, Callable, Optional, Text

import rasa

logger = logging.getLogger(__name__)

VERSION = "3.6.21"


@dataclass(frozen=True)
class Repair:
    """`owner.name` becomes what `made` gives for Rasa's own.

    `digest` is that of the source this was written for: of the function itself, or of `source` where that is given.
    """

    owner: Any
    name: Text
    digest: Text
    made: Callable[[Any], Any]
    source: Optional[Any] = None

    @property
    def where(self) -> Text:
        """What is replaced, as it is shown."""
        return f"{self.owner.__name__}.{self.name}"

    @property
    def is_in(self) -> bool:
        """Whether it is in place."""
        return bool(getattr(_bare(self._there()), "repaired", False))

    def why_not(self) -> Text:
        """Why it must not be put in, as words; empty when it may."""
        if rasa.__version__ != VERSION:
            return f"it is for Rasa {VERSION}, and this is {rasa.__version__}"
        try:
            found = digest(self.source or self._there())
        except (AttributeError, OSError, TypeError) as unreadable:
            return f"its source cannot be read ({unreadable})"
        return "" if found == self.digest else f"the digest of its source is {found}, not {self.digest}"

    def put_in(self) -> bool:
        """Replace it; False, and an error in the log, where that must not be. Twice is once."""
        if self.is_in:
            return True
        if why := self.why_not():
            logger.error("%s is not repaired, Rasa's own code runs: %s", self.where, why)
            return False
        there = self._there()
        kind = type(there) if isinstance(there, (staticmethod, classmethod)) else None
        ours = self.made(_bare(there))
        ours.repaired = True
        ours.own = vars(self.owner).get(self.name)  # None where it is inherited
        setattr(self.owner, self.name, kind(ours) if kind else ours)
        return True

    def take_out(self) -> None:
        """Put Rasa's own back."""
        if not self.is_in:
            return
        own = _bare(self._there()).own
        if own is None:
            delattr(self.owner, self.name)
        else:
            setattr(self.owner, self.name, own)

    def _there(self) -> Any:
        return inspect.getattr_static(self.owner, self.name, None)


def _bare(what: Any) -> Any:
    """A function without the wrapping that makes it static."""
    return getattr(what, "__func__", what)


def digest(what: Any) -> Text:
    """Sixteen characters that change with the source of a function or a module."""
    source = inspect.getsource(_bare(what))
    return hashlib.sha256(source.encode()).hexdigest()[:16]
