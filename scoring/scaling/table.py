"""Reading points from a table of runs, as papers publish them."""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from scoring.scaling.law import FLOPS_PER_PARAMETER_TOKEN
from scoring.scaling.observations import ObservationInvalid, Observations

NO_COLUMN = "column missing"


@dataclass(frozen=True)
class Columns:
    """Which column holds what. `tokens` or `flops`: where a table gives training FLOPs, D = C / (6 N)."""

    parameters: str
    loss: str
    tokens: str | None = None
    flops: str | None = None


def read_table(path: Path, columns: Columns, *, drop_highest: int = 0) -> Observations:
    """The points of a CSV file with a header, without the `drop_highest` of the highest loss.

    Raises:
        ObservationInvalid: a column or a number is missing.
        TooFewObservations: too few rows are left.
    """
    with path.open(newline="", encoding="utf-8") as file:
        points = sorted(_points(csv.DictReader(file), columns), key=lambda point: point[2])
    kept = points[: len(points) - drop_highest]
    return Observations.of(*zip(*kept, strict=True)) if kept else Observations.of([], [], [])


def _points(
    rows: Iterable[Mapping[str, str | None]], columns: Columns
) -> Iterable[tuple[float, float, float]]:
    for number, row in enumerate(rows, start=2):  # line 1 is the header
        parameters, loss = _number(row, columns.parameters, number), _number(row, columns.loss, number)
        if columns.tokens:
            tokens = _number(row, columns.tokens, number)
        else:
            flops = _number(row, columns.flops or NO_COLUMN, number)
            tokens = flops / (FLOPS_PER_PARAMETER_TOKEN * parameters) if parameters else 0.0
        yield parameters, tokens, loss


def _number(row: Mapping[str, str | None], column: str, line: int) -> float:
    try:
        return float(row[column] or "")
    except KeyError as error:
        raise ObservationInvalid(f"no column {column!r}; there are {', '.join(map(repr, row))}") from error
    except ValueError as error:
        raise ObservationInvalid(f"line {line}, {column!r}: {row[column]!r} is no number") from error
