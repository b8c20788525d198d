"""Known vulnerabilities of what is pinned: `python -m prism_site.audit`, a part of `make check`.

Advisories come from the network. Where they cannot be had this says so loudly and fails nobody: a check that
depends on somebody else's server must not stop a change, and one that is silent must not pass for done.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from prism_site.config import ROOT

REQUIREMENTS = (ROOT / "requirements.txt", ROOT / "requirements-dev.txt")
WAIT_SECONDS = 120
VULNERABLE, CLEAN = 1, 0
BANNER = "!" * 100


def main(requirements: Sequence[Path] = REQUIREMENTS, *, options: Sequence[str] = ()) -> int:
    """0 where nothing is known or nothing can be known, 1 where a pinned version has an advisory."""
    command = [sys.executable, "-m", "pip_audit", "--no-deps", "--disable-pip", "--format", "json"]
    command += ["--progress-spinner", "off", "--timeout", "10", *options]
    for each in requirements:
        command += ["--requirement", str(each)]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=WAIT_SECONDS, cwd=ROOT
        )
    except subprocess.TimeoutExpired:
        return _unknown(f"no answer within {WAIT_SECONDS} seconds")
    try:
        report = json.loads(done.stdout)
    except ValueError:
        lines = done.stderr.strip().splitlines()
        return _unknown(lines[-1] if lines else f"pip-audit ended with {done.returncode}")
    return _judge(report["dependencies"])


def _judge(packages: list[dict[str, Any]]) -> int:
    """A package that is skipped was not found where advisories come from: nothing is known of it."""
    unknown = [package["name"] for package in packages if "skip_reason" in package]
    if len(unknown) == len(packages):
        return _unknown("the source knows none of the packages")
    faults = sorted(
        {
            f"{package['name']} {package['version']}: {fault['id']}"
            for package in packages
            for fault in package.get("vulns", ())
        }
    )
    print(f"pip-audit: {len(packages) - len(unknown)} pinned packages, {len(faults)} known vulnerabilities")
    print(*(f"  {fault}" for fault in faults), sep="\n", end="\n" if faults else "")
    if unknown:
        _unknown(f"nothing is said of {', '.join(unknown)}")
    return VULNERABLE if faults else CLEAN


def _unknown(why: str) -> int:
    print(f"{BANNER}\nNOT AUDITED: the advisories could not be had ({why}).\n{BANNER}", file=sys.stderr)
    return CLEAN


if __name__ == "__main__":
    sys.exit(main())
