"""Where a curve comes from, in words that lead back to the rows and bytes it was made of."""

from collections.abc import Mapping
from typing import Any

from evaluations.curves import CurveHead

SHORT = 12  # hex digits of a hash, enough to find it by


def provenance(head: CurveHead) -> list[list[str]]:
    """`[[name, value], ...]`: attempt, run, seed, rows of policy, and the text; empty without a run."""
    if head.attempt is None:
        return []
    attempt, run = head.attempt, head.attempt.run
    rows = attempt.policy_row_ids or run.policy_row_ids
    return [
        ["attempt", f"{attempt.number} on {attempt.host or 'no host'}"],
        ["run", str(run.pk)],
        ["seed", str(run.seed)],
        ["mode", run.get_mode_display()],
        ["policy", _policy(rows)],
        ["text", _text(head.data)],
    ]


def _policy(rows: Mapping[str, Any]) -> str:
    known = [f"{key} #{row}" for key, row in sorted(rows.items()) if row is not None]
    return ", ".join(known) or "defaults"


def _text(data: Mapping[str, Any] | None) -> str:
    if not isinstance(data, dict):
        return "named by the manifest at the end of the run"
    source, revision = (str(data.get(name) or "unknown")[:100] for name in ("source", "revision"))
    return f"{source} at {revision}, manifest {str(data.get('manifest_sha256') or 'unknown')[:SHORT]}"
