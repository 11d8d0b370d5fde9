"""Speaking to a person: the states of a hand-over, the desk's hours, times for a call back, short wishes on the way."""
