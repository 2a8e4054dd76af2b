"""How time is taken, seen from the parent: schedule, sampling, isolation, and the race."""
