"""Which time zones there are: looked up once, for it takes hundredths of a second and is asked of every row of a file."""

from functools import lru_cache
from zoneinfo import available_timezones


@lru_cache(maxsize=1)
def zones() -> frozenset[str]:
    """Their names, like Europe/Berlin."""
    return frozenset(available_timezones())
