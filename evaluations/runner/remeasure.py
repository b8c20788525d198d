"""Measuring a finished run's held-out figures again, from its folder alone."""

from pathlib import Path
from typing import Any

from evaluations.runner import manifest, packs, tokenizers
from evaluations.runner.constants import MANIFEST_NAME
from evaluations.runner.encoding import Encoding
from evaluations.runner.heldout import Heldout
from evaluations.runner.job import Job, JobInvalid
from evaluations.runner.processes import guard_referee
from evaluations.runner.session import stopped_by, verified_text
from evaluations.runner.stream import chunk_cuts, chunks


class NotFinished(Exception):
    """The folder holds no scored run whose weights could be measured."""

    code = "run_not_finished"


def measure_again(job: Job) -> dict[str, Any]:
    """{verdict, code, reason, traceback, heldout}; `measured`, or how the submission stopped it.

    The manifest of the run stays as it is. Raises `NotFinished` and `JobInvalid`.
    """
    guard_referee()
    if job.heldout is None:
        raise JobInvalid("the job names no held-out text")
    commits = _commits(Path(job.output_folder))
    data, val = verified_text(job.stream), verified_text(job.heldout)
    staged, found = packs.read_all(job), dict[str, Any]()

    def measure() -> None:
        encoding = Encoding(tokenizers.declared(job), job)
        shown = list(chunks(data, _cuts(job, data)))
        found.update(Heldout(job, encoding, shown, staged).measure(val, commits))

    end = stopped_by(measure)
    if end is None:
        return _report("measured", "measured", heldout=found)
    return _report(end.verdict, end.code, end.reason, end.traceback)


def _report(
    verdict: str, code: str, reason: str = "", traceback: str = "", heldout: dict[str, Any] | None = None
) -> dict[str, Any]:
    return {
        "verdict": verdict,
        "code": code,
        "reason": reason,
        "traceback": traceback,
        "heldout": heldout,
    }


def _commits(folder: Path) -> int:
    try:
        found = manifest.read(folder / MANIFEST_NAME)
    except manifest.ManifestInvalid as error:
        raise NotFinished(f"{folder.name} holds no finished run: {error}") from error
    if found.verdict != "scored" or not found.training:
        raise NotFinished(f"the run of {folder.name} was {found.verdict}: it left no final weights")
    return int(found.training["commits"])


def _cuts(job: Job, data: bytes) -> list[int]:
    schedule = job.schedule
    return chunk_cuts(
        data,
        first_bytes=schedule.chunk_first_bytes,
        growth=schedule.chunk_growth,
        max_bytes=schedule.chunk_max_bytes,
    )
