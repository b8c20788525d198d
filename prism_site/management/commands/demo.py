"""`manage.py demo`: data, database, an operator, the site, the queue, and examples really evaluated."""

import os
import secrets
import signal
import sys
import time
import webbrowser
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console

from evaluations.draining import stop_jobs_here
from prism_site import demo
from prism_site.config import env

LOOK_SECONDS = 2.0
SETTLED = {"completed", "failed", "rejected", "held"}


class Command(BaseCommand):
    requires_system_checks = ()  # what they would complain about is what is being set up

    help = "Set up, serve the site, evaluate three examples and hold a fourth; Ctrl-C stops it all."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=int(os.environ.get("PORT", "8000")))
        parser.add_argument("--until-scored", action="store_true", help="stop when the examples are done")

    def handle(self, **options: Any) -> None:
        self.console = Console(highlight=False)
        port = options["port"]
        if not demo.port_is_free(port):
            raise CommandError(f"port {port} is in use: make demo PORT={port + 1}")
        self._set_up()
        for signum in (signal.SIGINT, signal.SIGTERM):
            signal.signal(signum, _interrupt_once)
        logs = _log_folder()
        processes = demo.Processes(logs, demo.environment())
        try:
            processes.start("web", demo.web_server(port))
            processes.start("queue", demo.supervised_queue())
            site = demo.Site(f"http://127.0.0.1:{port}")
            site.wait()
            self._submit(site, logs)
            self._watch(site, processes, stop_when_settled=options["until_scored"])
        except KeyboardInterrupt:
            self.console.print("\nStopping: the web server, the queue, then what is still being evaluated …")
        finally:
            processes.stop()
            ended = stop_jobs_here()
            left = f" {ended} evaluation goes on at the next start." if ended else ""
            self.console.print(f"Stopped. `make demo` continues from here.{left}")

    def _set_up(self) -> None:
        self.console.print("[bold]PRISM demo[/]")
        call_command("prepare_data", if_missing=True)
        call_command("migrate", verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        demo.weigh_example_packs()
        self._ensure_operator()

    def _ensure_operator(self) -> None:
        if User.objects.filter(username="operator").exists():
            self.console.print(
                "operator account: its password was printed at the first start"
                " (manage.py changepassword operator)"
            )
            return
        password = secrets.token_urlsafe(12)
        User.objects.create_superuser("operator", password=password)
        self.console.print(f"operator account: [bold]operator[/] / [bold]{password}[/]  (printed this once)")

    def _submit(self, site: demo.Site, logs: Path) -> None:
        self.submissions = {example: site.upload(example)["id"] for example in demo.EXAMPLES}
        self.console.print(
            f"\n  site      {site.base}/\n  operator  {site.base}/operator/holds"
            f"\n  admin     {site.base}/admin/"
            f"\n  API       {site.base}/docs/api/\n  logs      {logs}\n"
        )
        for example, submission_id in self.submissions.items():
            self.console.print(f"  {example:<12}{site.base}/submissions/{submission_id}", soft_wrap=True)
        self.console.print("\nCtrl-C stops everything.\n")
        if sys.stdout.isatty() and os.environ.get("DISPLAY"):
            webbrowser.open(site.base)

    def _watch(self, site: demo.Site, processes: demo.Processes, *, stop_when_settled: bool) -> None:
        shown: dict[str, str] = {}
        while not (stop_when_settled and _all_settled(shown)):
            time.sleep(LOOK_SECONDS)
            if (dead := processes.dead()) is not None:
                raise CommandError(f"{dead} ended by itself; its log says why")
            for example, submission_id in self.submissions.items():
                found = site.get(f"/v1/submissions/{submission_id}")
                if shown.get(example) != (line := _line(found)):
                    shown[example] = line
                    self.console.print(f"{time.strftime('%H:%M:%S')}  {example:<12}{line}")
            if _all_settled(shown) and not stop_when_settled and demo.ask_for_references():
                self.console.print("Next: every architecture, and the baseline, under the reference recipe.")


def _interrupt_once(signum: int, frame: FrameType | None) -> NoReturn:
    """Stop; whoever presses again while everything is being stopped is not heard."""
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt


def _line(found: dict[str, Any]) -> str:
    if found["status"] == "completed":
        return f"completed: {found['scores']['bpb']:.4f} bits per byte"
    reason = f" ({found['reason_code']})" if found["reason_code"] else ""
    return f"{found['status']}: {found['stage']}{reason}"


def _all_settled(shown: dict[str, str]) -> bool:
    settled = [line for line in shown.values() if line.partition(":")[0] in SETTLED]
    return len(settled) == len(demo.EXAMPLES)


def _log_folder() -> Path:
    folder = env().var_dir / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
