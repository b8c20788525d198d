"""Starting, watching and ending the children. Nothing they start outlives the run."""

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from evaluations.runner.constants import LOG_CAP_BYTES, STARTUP_SECONDS
from evaluations.runner.meeting import ALONE, Meeting
from evaluations.runner.sandbox.attestation import accept
from evaluations.runner.sandbox.errors import SandboxUnavailable
from evaluations.runner.sandbox.policy import Policy
from evaluations.runner.slot import Slot
from evaluations.runner.wire import Channel, WireError

ROOT = Path(__file__).resolve().parents[2]
# By the path without symbolic links: behind its walls a child cannot read where a link points.
PYTHON = Path(sys.executable).parent.resolve() / Path(sys.executable).name
BOOT = ("-P", "-m", "evaluations.runner.boot")
PR_SET_DUMPABLE, PR_SET_CHILD_SUBREAPER = 4, 36
ANSWER_BODY_CAP_BYTES = 1 << 31
REAP_SECONDS = 5.0


@dataclass(frozen=True)
class Place:
    """Where one child lives: the module it becomes, and the folders that are its own."""

    role: str
    module: str
    home: Path  # its working directory
    scratch: Path  # temporary files; gone when the child is
    kept: tuple[Path, ...] = ()  # what else it may write
    spins: bool = False  # its threads wait for one another without sleeping, as training does best
    gpus: tuple[str, ...] | None = ()  # UUIDs of those that CUDA shows it; null: all

    @property
    def writable(self) -> tuple[Path, ...]:
        """Every folder that it may write in."""
        return tuple(dict.fromkeys((self.home, self.scratch, *self.kept)))


class Child:
    """One untrusted process: its channel, its slot and its log."""

    def __init__(
        self, place: Place, policy: Policy | None, log: Path, threads: int, meeting: Meeting | None = None
    ) -> None:
        for folder in place.writable:
            folder.mkdir(parents=True, exist_ok=True)
        ours, theirs = socket.socketpair()
        self.role, self.place, self.policy = place.role, place, policy
        self.slot = Slot(place.role)
        self.channel = Channel(ours, body_cap=ANSWER_BODY_CAP_BYTES)
        self.breach: tuple[str, str] | None = None  # code and reason, where the referee's watch ended it
        fds = (theirs.fileno(), self.slot.fd)
        listeners = () if meeting is None or meeting.listener is None else (meeting.listener,)
        walls = policy.to_json() if policy else "off"
        others = meeting.to_json() if meeting else ALONE
        self.process = subprocess.Popen(
            [str(PYTHON), *BOOT, place.module, walls, others, *map(str, fds), str(os.getpid())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=place.home,
            env=environment(place, threads) | (meeting.environment() if meeting else {}),
            pass_fds=(*fds, *listeners),
            start_new_session=True,
        )
        theirs.close()
        assert self.process.stdout is not None
        self.pump = threading.Thread(target=keep_log, args=(self.process.stdout, log), daemon=True)
        self.pump.start()

    def attestation(self) -> dict[str, Any]:
        """Wait for what the child says of its walls, and until it has imported what it needs.

        Raises `SandboxUnavailable` where the walls do not stand. No submitted line has run by then.
        """
        attested = accept(self._comes_up(), required=self.policy is not None)
        self._comes_up()
        return attested

    def _comes_up(self) -> dict[str, Any]:
        try:
            return self.channel.receive(deadline=time.monotonic() + STARTUP_SECONDS).header
        except WireError as error:
            raise SandboxUnavailable(f"the {self.role} did not come up: {error}") from error

    def end_for(self, code: str, reason: str) -> None:
        """Kill it for taking up too much; whoever waits for it finds the reason. For the watching thread."""
        self.breach = self.breach or (code, reason)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)

    def stand_still(self) -> None:
        """Stop it where it is; returns when all its threads have stopped, or it is dead."""
        if self.process.poll() is not None:
            return
        os.killpg(self.process.pid, signal.SIGSTOP)
        os.waitid(os.P_PID, self.process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    def go_on(self) -> None:
        """Let it run again."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGCONT)

    def end(self) -> int:
        """Kill the whole process group, take its exit status, forget its resources; may be called twice."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        status = self.process.wait()
        self.channel.close()
        return status

    def exit_status(self, seconds: float) -> int | None:
        """Exit status of a child that has hung up; None if it still lives after `seconds`."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None


def environment(place: Place, threads: int) -> dict[str, str]:
    """All that a child inherits: nothing of ours. Threads of all but learners sleep instead of spinning: they
    are asked now and then, and who spins between two questions takes the processor from others."""
    scratch = str(place.scratch)
    return {
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": str(ROOT),
        "PYTHONHASHSEED": "0",
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": scratch,
        "TMPDIR": scratch,
        "LANG": "C.UTF-8",
        "LOGNAME": "prism",
        "USER": "prism",
        "TORCHINDUCTOR_CACHE_DIR": scratch,
        "OMP_NUM_THREADS": str(threads),
        "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
        **({} if place.spins else {"OMP_WAIT_POLICY": "PASSIVE"}),
        **({} if place.gpus is None else {"CUDA_VISIBLE_DEVICES": ",".join(place.gpus)}),
        "CUDA_CACHE_DISABLE": "1",  # kernels compiled on the spot stay in memory
    }


def keep_log(source: IO[bytes], path: Path) -> None:
    """Write a child's output to `path` up to the cap; count what comes after and drop it."""
    dropped, room = 0, LOG_CAP_BYTES
    with source, path.open("wb", buffering=0) as log:
        while piece := os.read(source.fileno(), 65_536):
            log.write(piece[:room])
            dropped += max(0, len(piece) - room)
            room -= min(room, len(piece))
        if dropped:
            log.write(f"\n[{dropped} more bytes were written and not kept]\n".encode())


def guard_referee() -> None:
    """Let no process of our user read the referee's memory, and let orphans of its children fall to it."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end_descendants() -> None:
    """Kill and reap whatever the children left behind, also what moved to a session of its own."""
    deadline = time.monotonic() + REAP_SECONDS
    while time.monotonic() < deadline and (orphans := _children_of(os.getpid())):
        for pid in orphans:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)


def _children_of(parent: int) -> list[int]:
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = status.read_text(errors="replace").rpartition(")")[2].split()
            if int(fields[1]) == parent:
                found.append(int(status.parent.name))
    return found
