"""`manage.py backup`: one archive with the database and the artifacts."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from prism_site.backup.errors import BackupRefused
from prism_site.backup.taking import take
from prism_site.config import env


class Command(BaseCommand):
    """Taken while everything runs; it holds no secrets of the environment and none of `var/secrets`."""

    requires_system_checks = ()  # an installation that is not well is backed up all the same
    help = "Write database and artifacts into one archive, which `manage.py restore` puts back."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("archive", nargs="?", type=Path, help="default: var/backups/prism-<time>.tar.gz")

    def handle(self, **options: Any) -> None:
        now = timezone.now()
        target = options["archive"] or env().var_dir / "backups" / f"prism-{now:%Y%m%dT%H%M%SZ}.tar.gz"
        try:
            manifest = take(target, now=now)
        except BackupRefused as error:
            raise CommandError(f"{error.code}: {error}") from error
        total = sum(member.bytes for member in manifest.members)
        self.stdout.write(
            f"{target}: {len(manifest.members)} files, {total:,} bytes, packed {target.stat().st_size:,}"
        )
        self.stdout.write(
            f"Not in it, keep them apart: {env().var_dir / 'secrets'}, the environment, {env().data_path}"
        )
