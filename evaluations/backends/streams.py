"""The text of runs as files, made once per data, order and budget and shared by all runs on this host."""

import fcntl
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Protocol

from evaluations.datasets.atomic import atomic_file
from evaluations.datasets.baselines import ppmd_bits
from evaluations.datasets.errors import DataExhausted, DataMissing
from evaluations.datasets.shards import verify
from evaluations.datasets.stream import StreamFile, materialise_heldout, materialise_stream
from evaluations.runner.job import EarlyReference, Schedule
from evaluations.runner.stream import chunk_cuts

EARLY_BYTES = 65_536  # over which a model is compared with PPMd
LATE_BYTES = 4 << 20  # up to which stretch by stretch: later, learning may well be better


def shared_stream(
    data_dir: Path, cache: Path, *, order_seed: int, byte_budget: int, allow_short: bool
) -> StreamFile:
    """The stream's file below `cache`; the shards are verified whether or not it is there already.

    Raises:
        DataError: missing, changed or too little data.
    """
    return _shared(
        materialise_stream,
        data_dir,
        cache,
        order_seed=order_seed,
        byte_budget=byte_budget,
        allow_short=allow_short,
    )


def shared_heldout(
    val_data_dir: Path, cache: Path, *, order_seed: int, byte_budget: int, required: bool
) -> StreamFile | None:
    """The same of the secret val text; None where there is none and none is required.

    Raises:
        DataError: changed data; missing or too little where it is required.
    """
    try:
        return _shared(
            materialise_heldout,
            val_data_dir,
            cache,
            order_seed=order_seed,
            byte_budget=byte_budget,
            allow_short=not required,
        )
    except (DataMissing, DataExhausted):
        if required:
            raise
        return None


def yardsticks(stream: StreamFile, schedule: Schedule) -> dict[str, list[float]]:
    """PPMd's code length in bits at the chunk cuts, as `{"bytes": [...], "ppmd_bits": [...]}`."""
    cut = (schedule.chunk_first_bytes, schedule.chunk_growth, schedule.chunk_max_bytes)
    kept = stream.path.with_suffix(f".{'-'.join(map(str, cut))}.ppmd.json")
    with _alone_with(kept):
        if kept.is_file():
            known: dict[str, list[float]] = json.loads(kept.read_bytes())
            return known
        text = stream.path.read_bytes()
        cuts = chunk_cuts(text, first_bytes=cut[0], growth=cut[1], max_bytes=cut[2])
        computed: dict[str, Any] = {"bytes": cuts, "ppmd_bits": ppmd_bits(text, cuts)}
        _write_json(kept, computed)
        return computed


def early_reference(yardsticks: dict[str, list[float]]) -> EarlyReference:
    """PPMd over the first 64 KiB, up to the end of the chunk that holds them; over all of a shorter text."""
    cuts = yardsticks["bytes"]
    place = next((place for place, cut in enumerate(cuts) if cut >= EARLY_BYTES), len(cuts) - 1)
    return EarlyReference(bytes=int(cuts[place]), bits=yardsticks["ppmd_bits"][place])


def later_references(yardsticks: dict[str, list[float]]) -> tuple[EarlyReference, ...]:
    """PPMd at chunk ends that double the text each time, from the early reference on; the last ends it."""
    reached, found = early_reference(yardsticks).bytes, []
    points = list(zip(yardsticks["bytes"], yardsticks["ppmd_bits"], strict=True))
    for cut, bits in points:
        if cut > LATE_BYTES:
            break
        if cut >= 2 * reached or (cut, bits) == points[-1]:
            found.append(EarlyReference(bytes=int(cut), bits=bits))
            reached = int(cut)
    return tuple(reference for reference in found if reference.bytes > early_reference(yardsticks).bytes)


class Materialise(Protocol):
    """`materialise_stream` or `materialise_heldout`."""

    def __call__(
        self, data_dir: Path, /, *, order_seed: int, byte_budget: int, out: Path, allow_short: bool
    ) -> StreamFile: ...


def _shared(
    materialise: Materialise,
    data_dir: Path,
    cache: Path,
    *,
    order_seed: int,
    byte_budget: int,
    allow_short: bool,
) -> StreamFile:
    manifest = verify(data_dir)
    out = cache / f"{manifest.sha256[:32]}.{order_seed}.{byte_budget}.txt"
    with _alone_with(out):
        kept = _kept(out)
        if kept is not None:
            return kept
        stream = materialise(
            data_dir, order_seed=order_seed, byte_budget=byte_budget, out=out, allow_short=allow_short
        )
        _write_json(_record_of(out), {**asdict(stream), "path": str(out)})
        return stream


@contextmanager
def _alone_with(path: Path) -> Iterator[None]:
    """Whoever comes second waits and finds what the first has made; a lock ends with its process."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_name(f"{path.name}.lock").open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _kept(out: Path) -> StreamFile | None:
    """The stream made earlier, if its bytes still are what they were."""
    record = _record_of(out)
    if not (record.is_file() and out.is_file()):
        return None
    stream = StreamFile(**json.loads(record.read_bytes()))
    with out.open("rb") as file:
        actual = hashlib.file_digest(file, "sha256").hexdigest()
    return replace(stream, path=out) if actual == stream.sha256 else None


def _record_of(out: Path) -> Path:
    return out.with_suffix(".json")


def _write_json(path: Path, value: dict[str, Any]) -> None:
    with atomic_file(path) as file:
        file.write(json.dumps(value).encode())
