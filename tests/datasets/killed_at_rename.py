"""Prepares local files and kills itself, with SIGKILL, right before its n-th rename.

Every checkpoint is a rename (a shard, the journal, a manifest), so these are the moments that matter.
Usage: killed_at_rename.py SOURCE DATA_DIR SHARD_BYTES N
"""

import os
import signal
import sys
from pathlib import Path

from evaluations.datasets.plan import local_plan
from evaluations.datasets.prepare import prepare


def main(source: str, data_dir: str, shard_bytes: str, fatal: str) -> None:
    renames = 0

    def count(event: str, _: tuple[object, ...]) -> None:
        nonlocal renames
        if event == "os.rename":
            renames += 1
            if renames == int(fatal):
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)
    plan = local_plan([Path(source)], shard_bytes=int(shard_bytes))
    prepare(plan, Path(data_dir), Path(data_dir) / "secret")


if __name__ == "__main__":
    main(*sys.argv[1:])
