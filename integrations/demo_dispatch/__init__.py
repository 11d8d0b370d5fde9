"""A small city department that takes requests over Open311 GeoReport v2 and works on them.

It stands alone: it imports nothing of the assistant and is spoken to by HTTP only.
Start it with ``python -m integrations.demo_dispatch``; see ``README.md`` beside this file.
"""
