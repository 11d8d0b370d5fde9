"""How a citizen feels: distress, which is answered before everything else, and anger, which is met with action."""
