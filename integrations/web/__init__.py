"""FastAPI front doors: the only thing that strangers can reach."""
