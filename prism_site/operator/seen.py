"""Which holds a form means, and as what they were seen."""

from collections.abc import Iterable
from itertools import islice

LONGEST = 18  # digits of an id


def seen_holds(values: Iterable[str], *, at_most: int) -> list[tuple[int, int]]:
    """Id and version of each ticked `id:version`; whatever is written otherwise is passed over."""
    pairs = [value.split(":") for value in islice(values, at_most)]
    return [(int(pair[0]), int(pair[1])) for pair in pairs if len(pair) == 2 and all(map(_is_number, pair))]


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= LONGEST
