import subprocess
import sys
import threading
from dataclasses import dataclass, field
from typing import Any, cast

from evaluations.runner.patience import BUSY, TIMEOUT, limited, processor_seconds


@dataclass
class Timed:
    """A process of our own in place of a walled child, which takes torch to start."""

    process: subprocess.Popen[bytes]
    over: threading.Event = field(default_factory=threading.Event)
    code: str = ""

    def end_for(self, code: str, reason: str) -> None:
        self.code = code
        self.process.kill()
        self.over.set()


def test_a_child_past_its_time_is_ended_with_the_reason() -> None:
    command = [sys.executable, "-c", "import sys; print(flush=True); sys.stdin.read()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert processor_seconds(process.pid)[0] > 0
        child = Timed(process)
        with limited(cast(list[Any], [child]), 0.01):
            assert child.over.wait(30)
        assert child.code in {TIMEOUT, BUSY}
        assert process.wait() < 0


def test_a_child_in_time_is_left_alone() -> None:
    with subprocess.Popen(["/bin/true"]) as process:
        child = Timed(process)
        with limited(cast(list[Any], [child]), 600):
            process.wait()
    assert child.code == ""


def test_a_process_that_is_gone_used_nothing() -> None:
    with subprocess.Popen(["/bin/true"]) as process:
        process.wait()
    assert processor_seconds(process.pid) == (0.0, 0.0)
