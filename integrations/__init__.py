"""What the assistant does: use cases, store, clients of outside systems, front doors."""

__version__ = "0.1.0"
