"""The table at the end of a soak: what was accepted, what became of it, and whether the invariants hold."""

import json
import os
import subprocess
import sys

from django.db import connection

from evaluations.enums import Mode, Stage, Status
from evaluations.models import Attempt, Run, Submission
from prism_site.config import ROOT
from prism_site.invariants import check_all
from scoring.payout import payout
from tests.soak.trouble import SETTLE_SECONDS, Soak

REPEATED_AT_MOST = 0.05


def print_table(soak: Soak) -> bool:
    """Print figures and verdicts; whether everything holds."""
    for what, count in sorted(soak.did.items()):
        print(f"{count:>6}  {what}")
    rows = [*_figures(soak), *((each.name, len(each.broken), not each.broken) for each in check_all())]
    rows.append(_weights(soak))
    for name, value, holds in rows:
        print(f"{'holds' if holds else 'BROKEN':<7} {name:<44} {value}")
    for found in check_all():
        for line in found.broken[:5]:
            print(f"        {line}")
    return all(holds for _, _, holds in rows)


def _figures(soak: Soak) -> list[tuple[str, object, bool]]:
    heard = {upload.bundle.code_hash: set(upload.receipts) for upload in soak.uploads}
    known = {str(pk) for pk in Submission.objects.values_list("pk", flat=True)}
    ids = [submission_id for receipts in heard.values() for submission_id in receipts]
    done = Submission.objects.filter(stage=Stage.DONE)
    completed = done.filter(status=Status.COMPLETED).count()
    runs, made = Run.objects.count(), Attempt.objects.exclude(reason="never_started").count()
    ours = soak.did["job kill"]
    repeated = max(made - runs - ours, 0) / max(runs, 1)
    refusals = [status for upload in soak.uploads for status in upload.refusals]
    answers = sum(len(upload.receipts) + upload.unheard for upload in soak.uploads)
    return [
        ("uploads sent, repetitions included", answers, True),
        ("refused, neither yes nor later", refusals, not refusals),
        ("accepted", len(set(ids)), bool(ids)),
        ("lost after an acknowledgement", len(set(ids) - known), set(ids) <= known),
        ("one message, several submissions", sum(len(each) > 1 for each in heard.values()),
         all(len(each) <= 1 for each in heard.values())),
        ("submissions", len(known), len(known) == len(heard)),
        ("finished", done.count(), done.count() == len(known)),
        ("of these completed", completed, completed > 0),
        ("runs", runs, runs > 0),
        ("attempts", made, True),
        ("runs repeated, beside killed jobs", f"{repeated:.1%}", repeated <= REPEATED_AT_MOST),
        ("seconds until all was decided", f"{soak.settled_seconds:.0f}",
         soak.settled_seconds < SETTLE_SECONDS),
    ]  # fmt: skip


def _weights(soak: Soak) -> tuple[str, object, bool]:
    """Score everything again in the order of acceptance, on a copy, undisturbed: the same weights."""
    disturbed = payout(Mode.LOCAL_CPU_SMOKE).weights.weights
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
                       " AND datname = current_database()")  # fmt: skip
    connection.close()
    subprocess.run(
        [sys.executable, "-m", "tests.soak.copied", soak.database.url("template1")], cwd=ROOT, check=True
    )
    environment = {**os.environ, "PRISM_DATABASE_URL": soak.database.url("replay")}
    replayed = subprocess.run(
        [sys.executable, "-m", "tests.soak.replay"],
        cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE,
    )  # fmt: skip
    undisturbed = json.loads(replayed.stdout.splitlines()[-1])
    return "weights as of an undisturbed replay", json.dumps(disturbed), disturbed == undisturbed
