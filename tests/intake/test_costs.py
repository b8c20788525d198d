"""What the worst uploads cost: a process that may use little memory and time reads every one of them."""

import resource
import subprocess
import sys

from prism_site.config import ROOT

MEMORY_BYTES = 64 * 2**20  # above what the interpreter has already
CASE_SECONDS = 0.05  # of one processor, on average
MARK = "refused"


def read_every_bad_bundle() -> int:
    """Read all of them under the limits; return how many were refused. Run in a process of its own."""
    from evaluations.intake.bundle import pack, read_bundle
    from evaluations.intake.refusals import BundleRefused
    from tests.intake import test_archive_refusals as archives
    from tests.intake.crafted import CONTRACT, LIMITS
    from tests.intake.test_bundle import bomb
    from tests.intake.test_manifest import CASES as MANIFESTS
    from tests.intake.test_text import CASES as TEXTS

    bundles = [raw for raw, _ in archives.CASES.values()] + [bomb()]
    bundles += [pack({**CONTRACT, "a.py": text}) for text, _, _ in TEXTS.values()]
    bundles += [pack({**CONTRACT, "prism.yaml": text}) for text, _ in MANIFESTS.values()]
    _limit(len(bundles))
    refused = 0
    for raw in bundles:
        try:
            read_bundle(raw, LIMITS)
        except BundleRefused:
            refused += 1
    assert refused == len(bundles)
    return refused


def _limit(cases: int) -> None:
    pages = int(open("/proc/self/statm", encoding="ascii").read().split()[0])  # noqa: PTH123, SIM115
    most_bytes = pages * resource.getpagesize() + MEMORY_BYTES
    used = resource.getrusage(resource.RUSAGE_SELF)
    most_seconds = int(used.ru_utime + used.ru_stime + cases * CASE_SECONDS) + 1
    resource.setrlimit(resource.RLIMIT_AS, (most_bytes, most_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (most_seconds, most_seconds))


def test_every_bad_bundle_is_read_within_64_mib_and_50_ms_each() -> None:
    program = f"from tests.intake.test_costs import *; print('{MARK}', read_every_bad_bundle())"
    child = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert child.returncode == 0, child.stderr
    assert int(child.stdout.removeprefix(MARK)) > 150
