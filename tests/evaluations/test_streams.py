"""The text of runs as files that every run of a host shares."""

import multiprocessing
from pathlib import Path

from evaluations.backends.streams import shared_stream

BYTES = 100_000
TOGETHER = 3


def lay_out(data: Path, cache: Path) -> str:
    stream = shared_stream(data, cache, order_seed=3, byte_budget=BYTES, allow_short=True)
    return f"{stream.sha256} {stream.path.stat().st_ino}"


def test_processes_that_need_a_stream_at_once_make_it_once(text_folder: Path, tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(TOGETHER) as pool:
        made = pool.starmap(lay_out, [(text_folder, tmp_path)] * TOGETHER)
    assert len(set(made)) == 1
    assert not list(tmp_path.glob("*.tmp"))
