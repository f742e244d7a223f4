"""How many simulated experiments a test makes.

With `BAKEOFF_EXPERIMENTS=400` as many as are behind the tables of docs/check-the-statistics.md; without it fewer, which
find a wrong method as well: the tests allow for what so few can tell.
"""

import os


def experiments(few: int) -> int:
    """`few`, unless the environment asks for another number."""
    return int(os.environ.get("BAKEOFF_EXPERIMENTS", few))
