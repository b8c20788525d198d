"""`manage.py restore`: an archive of `manage.py backup` in place of what is there."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from prism_site.backup.checking import check
from prism_site.backup.errors import BackupRefused
from prism_site.backup.restoring import restore


class Command(BaseCommand):
    """Stop the web server and the queues first."""

    requires_system_checks = ()  # what they would complain about is what is being mended
    help = "Check an archive and put it in place; attempts from before are void."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("archive", type=Path)
        parser.add_argument("--check", action="store_true", help="read and judge the archive, write nothing")
        parser.add_argument("--force", action="store_true", help="replace an installation that is not empty")
        parser.add_argument(
            "--backward", action="store_true", help="give up epochs whose weights are final here"
        )

    def handle(self, *, archive: Path, **options: Any) -> None:
        try:
            if options["check"]:
                self._say_what_it_is(archive)
            else:
                self._restore(archive, force=options["force"], backward=options["backward"])
        except BackupRefused as error:
            raise CommandError(f"{error.code}: {error}") from error

    def _say_what_it_is(self, archive: Path) -> None:
        manifest = check(archive).manifest
        taken = f"{manifest.taken_at:%Y-%m-%d %H:%M} UTC"
        self.stdout.write(f"sound: {manifest.vendor}, {len(manifest.members)} files, taken {taken}")

    def _restore(self, archive: Path, *, force: bool, backward: bool) -> None:
        done = restore(archive, force=force, backward=backward)
        self.stdout.write(
            f"restored the backup of {done.taken_at:%Y-%m-%d %H:%M} UTC:"
            f" artifacts of {done.artifacts} attempts, {done.voided} attempts void"
        )
