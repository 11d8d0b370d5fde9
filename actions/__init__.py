"""What the assistant says: one dialogue step = one use-case call = one reply."""
