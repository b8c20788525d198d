"""How a figure stands to its yardstick."""

LARGEST_RATIO = 1e20  # beyond it a value is 0 to all digits, and its power stays a number


def relative(base: float, value: float, k: float = 10.0) -> float:
    """`1 / (1 + (value / base)^k)` of figures of which less is better; `base` > 0, `value` at least 0.

    0.5 where it equals the yardstick; with k = 10, 0.63 where it is 5 % less and 0.74 where it is 10 % less.
    """
    if base <= 0 or value < 0:
        raise ValueError(f"{value} over {base} is no ratio of sizes")
    return float(1.0 / (1.0 + min(value / base, LARGEST_RATIO) ** k))
