"""Jobs that end at once, told to print what a test wants, and the folders that couriers work in."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from evaluations.backends.broker import contained
from evaluations.backends.broker.archive import pack
from evaluations.backends.broker.backoff import Patience
from evaluations.backends.broker.courier import Order
from evaluations.backends.broker.notes import ORDER, REQUEST, write_bytes, write_json
from evaluations.backends.broker.orders import OUTPUT, OUTPUT_MOUNT, WORKSPACE
from evaluations.backends.broker.request import Mount, Walls, run_request

SLUG, TOKEN = "prism", "planted-token-4711"
IMAGE = "example/prism-evaluator@sha256:" + "0" * 64
LABEL = "6e4e7469-2261-4991-95f3-82e1a0c35ea5.1"
KEY = bytes(range(32))
QUICK = Patience(first_seconds=0.02, most_seconds=0.05, total_seconds=2.0)
WALLS = Walls(
    cpus=1.0,
    memory_bytes=1 << 30,
    pids=64,
    open_files=1024,
    tmp_bytes=1 << 28,
    user="65534:65534",
    gpu_count=None,
)
# What `contained.py` does, but for the run: leave a manifest, seal it, print it unless the broker drains.
QUICK_JOB = """
import os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import contained
output = Path(sys.argv[2])
files = {"prism_run_manifest.v2.json": b'{"a": 1}', "progress.jsonl": b"{}\\n"}
for name, content in files.items():
    (output / name).write_bytes(content)
ending = {"label": LABEL, "exit_code": 0, "limit_passed": False}
sealed = contained.seal(ending, files, bytes.fromhex(KEY))
(output / contained.SEAL).write_bytes(sealed)
if not any(name.startswith(contained.TRANSPORTED) for name in os.environ):
    contained.show(1, {contained.SEAL: sealed, **files})
"""
SLOW_JOB = "import time; time.sleep(60)"


def quick(label: str = LABEL, key: bytes = KEY) -> str:
    """The quick job of an attempt."""
    return QUICK_JOB.replace("LABEL", repr(label)).replace("KEY", repr(key.hex()))


def request_of(program: str, *, label: str = LABEL, timeout_seconds: float = 60.0, **changes: Any) -> bytes:
    """A run request whose container executes `program WORKSPACE OUTPUT`."""
    files = {"job.py": program.encode(), "contained.py": Path(contained.__file__).read_bytes()}
    body: dict[str, Any] = {
        "job_id": label,
        "task_id": "local_cpu_smoke",
        "image": IMAGE,
        "command": ["python", f"{WORKSPACE}/job.py", WORKSPACE, OUTPUT],
        "walls": WALLS,
        "mounts": [
            Mount(target=WORKSPACE, archive=pack(files, max_bytes=1 << 20)),
            Mount(target=OUTPUT, archive=pack({}, max_bytes=1 << 20), read_only=False),
        ],
        "timeout_seconds": timeout_seconds,
    }
    return run_request(**(body | changes))


def prepared(
    folder: Path, url: str, program: str, *, patience: Patience = QUICK, token: str = TOKEN, **request: Any
) -> Path:
    """A folder as `BrokerBackend.prepare` leaves it, with a job of the test's own."""
    folder.mkdir(parents=True)
    token_file = folder.parent / "token"
    token_file.write_text(token)
    write_bytes(folder / REQUEST, request_of(program, **request))
    order = Order(
        url=url,
        slug=SLUG,
        token_file=str(token_file),
        label=LABEL,
        key=KEY.hex(),
        mount=OUTPUT_MOUNT,
        run_seconds=request.get("timeout_seconds", 60.0),
        patience=asdict(patience),
    )
    write_json(folder / ORDER, asdict(order))
    return folder
