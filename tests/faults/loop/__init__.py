"""A city in small: citizens, our own processes and the department live through weeks of virtual time."""
