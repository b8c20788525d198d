"""`python -m tests.runner.killed JOB.json POINT NUMBER`: a referee that dies by SIGKILL on its way.

scored N: chunk N's code length is known · writing N: the checkpoint before chunk N lies there in parts ·
written N: it lies there whole, and no commit is noted since · committed N: commit N is noted.
"""

import os
import signal
import sys
from pathlib import Path
from typing import Any

from evaluations.runner import session
from evaluations.runner.checkpoint_store import Store
from evaluations.runner.commit_journal import Journal
from evaluations.runner.job import Job


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def main(job: Path, point: str, number: int) -> None:
    name, enter = Store._name, Journal.enter

    def dying_name(store: Store, part: Path, index: int) -> None:
        if (point, number) == ("writing", index):
            die()
        name(store, part, index)
        if (point, number) == ("written", index):
            die()

    def dying_enter(journal: Journal, index: int, sha256: str) -> None:
        enter(journal, index, sha256)
        if (point, number) == ("committed", index):
            die()

    def emit(line: dict[str, Any]) -> None:
        if (point, number) == ("scored", line.get("index")):
            die()

    Store._name, Journal.enter = dying_name, dying_enter  # type: ignore[method-assign, assignment]
    session.run(Job.read(job), emit)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
