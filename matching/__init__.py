"""Pure functions and arrays: scores, ranking, assignment, availability. No ORM, no clock, no I/O."""
