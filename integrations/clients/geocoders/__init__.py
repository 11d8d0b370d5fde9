"""Map services that know addresses: 天地图 and 高德, behind one guard for time, quota, failures and privacy."""

from integrations.clients.geocoders.amap import Amap
from integrations.clients.geocoders.guarded import GuardedGeocoder, MapService
from integrations.clients.geocoders.shared import SharedMemory
from integrations.clients.geocoders.tianditu import Tianditu

__all__ = ["Amap", "GuardedGeocoder", "MapService", "SharedMemory", "Tianditu"]
