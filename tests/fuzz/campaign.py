"""One bounded campaign of coverage-guided fuzzing: seeds made by code, and a target that must not raise.

`make fuzz` runs the three. A crash, a hang (10 s) or more than 1 GiB ends a campaign with a failure and
prints the input in base64.
"""

import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

import atheris

INPUT_SECONDS = 10
MEMORY_MIB = 1024
MAX_BYTES = 4096


def run(target: Callable[[bytes], None], seeds: Iterable[bytes]) -> None:
    """Fuzz for as many seconds as the command line says (60); does not return."""
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    corpus = Path(tempfile.mkdtemp(prefix="prism-fuzz-"))
    for number, seed in enumerate(seeds):
        (corpus / f"seed-{number}").write_bytes(seed)
    options = [
        f"-max_total_time={seconds}",
        f"-timeout={INPUT_SECONDS}",
        f"-rss_limit_mb={MEMORY_MIB}",
        f"-max_len={MAX_BYTES}",
        f"-artifact_prefix={corpus}/",
        "-print_final_stats=1",
    ]
    atheris.Setup([sys.argv[0], str(corpus), *options], target)
    atheris.Fuzz()
