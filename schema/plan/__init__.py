"""The read planner: a selection becomes one SQL statement for each root field, which returns the JSON of the answer."""
