"""`manage.py validate`: carry out runs for a server, as one of its validators."""

import signal
import time
from pathlib import Path
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from evaluations.enums import Mode
from evaluations.validators.client.errors import ServerRefused, ServerUnreachable, TokenMissing, Unable
from evaluations.validators.client.errors import ValidatorError as Trouble
from evaluations.validators.client.server import Server
from evaluations.validators.client.validator import able_modes, take_one, workplace
from prism_site.access import hotkeys
from prism_site.access.refusals import HotkeyMalformed
from prism_site.config import env

UNABLE, STOPPED = 3, 130
IDLE_SECONDS = 10.0
TROUBLE_SECONDS = 30.0
TRANSIENT = (409, 429, 503)  # statuses after which the same question may get another answer


class Command(BaseCommand):
    help = (
        "Pull runs from a server, carry them out here behind the sandbox, and post their manifests."
        " The bearer token is PRISM_SHARED_TOKEN or in --token-file."
        " With --once: exit 0 done or nothing to do, 1 refused, 3 this host could not carry it out."
    )
    requires_system_checks = ()  # a validator needs no database

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--server", required=True, metavar="URL", help="https://…, or http to this host")
        parser.add_argument("--hotkey", required=True, help="one of the server's PRISM_VALIDATOR_HOTKEYS")
        parser.add_argument("--token-file", type=Path, help="a file that holds the bearer token")
        parser.add_argument("--mode", action="append", choices=Mode.values, help="default: all that can run")
        parser.add_argument("--once", action="store_true", help="at most one run, and no waiting for it")

    def handle(self, **options: Any) -> None:
        signal.signal(signal.SIGTERM, _interrupt)
        modes = options["mode"] or able_modes()
        try:
            hotkeys.decode(options["hotkey"])
            token = _token(options["token_file"])
            with (
                workplace() as place,
                Server(options["server"], token=token, hotkey=options["hotkey"]) as server,
            ):
                self._work(server, place, modes, once=options["once"])
        except (Trouble, HotkeyMalformed) as error:
            status = UNABLE if isinstance(error, Unable) else 1
            raise CommandError(_words(error), returncode=status) from error
        except KeyboardInterrupt:
            self.stderr.write("stopped; a run under way was given back")
            raise SystemExit(STOPPED) from None

    def _work(self, server: Server, place: Path, modes: list[str], *, once: bool) -> None:
        while True:
            pause = IDLE_SECONDS
            try:
                if take_one(server, place, modes, self._say):
                    pause = 0.0
                elif once:
                    self._say("nothing waits")
            except (Unable, ServerUnreachable, ServerRefused) as error:
                if once or (isinstance(error, ServerRefused) and not _may_pass(error)):
                    raise
                self.stderr.write(_words(error))
                pause = TROUBLE_SECONDS
            if once:
                return
            time.sleep(pause)

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()


def _may_pass(error: ServerRefused) -> bool:
    """404 and 422 are about one assignment; what is wrong with token or hotkey stays wrong."""
    return error.status in (*TRANSIENT, 404, 422)


def _words(error: Exception) -> str:
    code = getattr(error, "code", "validator_error")
    text = str(error)
    return text if text.startswith(f"{code}:") else f"{code}: {text}"


def _token(path: Path | None) -> str:
    if path is None:
        tokens = env().shared_tokens
    else:
        try:
            tokens = tuple(path.read_text(encoding="utf-8").split())
        except (OSError, UnicodeDecodeError) as error:
            raise TokenMissing(f"{path}: {error}") from error
    if not tokens:
        raise TokenMissing("set PRISM_SHARED_TOKEN or PRISM_SHARED_TOKEN_FILE, or give --token-file")
    return tokens[0]


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
