"""Open311 GeoReport v2: filing a request, finding it again by our reference, reading its progress, telling more of it.

The standard has no idempotency key, so our ticket number travels with every request, as an attribute and in the
description's last line, and `find` looks for it. https://wiki.open311.org/GeoReport_v2/
What differs between backends stands in a mapping file, see `mapping`.
"""

from integrations.clients.open311.dispatcher import Open311Dispatcher
from integrations.clients.open311.mapping import MAPPING, Mapping, load_mapping

__all__ = ["MAPPING", "Mapping", "Open311Dispatcher", "load_mapping"]
