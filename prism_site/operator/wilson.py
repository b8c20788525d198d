"""How sure a share of few cases is. Pure."""

import math

Z_95 = 1.959964  # two-sided, 95 %


def wilson(hits: int, trials: int, z: float = Z_95) -> tuple[float, float]:
    """The Wilson score interval of a share, from 0 to 1; without trials nothing is known: (0, 1).

    Wilson 1927: unlike p ± z·sd it stays within 0 and 1 and says something at 0 and n hits of n.
    Raises `ValueError` where there are more hits than trials, or negative ones.
    """
    if not 0 <= hits <= trials:
        raise ValueError("a share has from 0 to all of its trials as hits")
    if not trials:
        return 0.0, 1.0
    share, weight = hits / trials, z * z / trials
    centre = (share + weight / 2) / (1 + weight)
    half = z / (1 + weight) * math.sqrt(share * (1 - share) / trials + weight / (4 * trials))
    return max(0.0, centre - half), min(1.0, centre + half)
