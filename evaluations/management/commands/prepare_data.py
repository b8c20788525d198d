"""`manage.py prepare_data`: locked shards and reference tokenizers, from the hub, files or Python itself."""

import argparse
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from evaluations.datasets.errors import DataError
from evaluations.datasets.hub import SUBSETS
from evaluations.datasets.manifest import DataManifest
from evaluations.datasets.plan import SHARD_BYTES, SOURCES, DataPlan, hub_plan, local_plan, python_docs_plan
from evaluations.datasets.prepare import prepare, prepared
from evaluations.datasets.progress_bar import progress_bar
from evaluations.datasets.reference_tokenizers import NAMES, stage_tokenizer
from prism_site.config import env
from prism_site.policy.resolve import resolve_policy


class Command(BaseCommand):
    help = "Build locked train, val and test shards with a MANIFEST; stage reference tokenizers."
    # Data comes before the database: neither migrations nor secrets need to be there yet.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--source", choices=SOURCES, help="default: python-docs")
        parser.add_argument("--subset", choices=SUBSETS, default=SUBSETS[0], help="subset of the hub")
        parser.add_argument("--revision", help="commit of the hub's data set; default: the policy's")
        parser.add_argument("--path", type=Path, action="append", default=[], help="local file or folder")
        parser.add_argument("--limit-documents", type=_positive, metavar="N", help="stop after N documents")
        parser.add_argument("--limit-bytes", type=_positive, metavar="N", help="stop before N bytes of text")
        parser.add_argument("--shard-bytes", type=_positive, default=SHARD_BYTES, help="text per checkpoint")
        parser.add_argument("--out", type=Path, help="default: PRISM_DATA_DIR; secret splits in OUT/secret")
        parser.add_argument(
            "--tokenizer",
            type=_named_path,
            action="append",
            default=[],
            metavar="NAME=PATH",
            help="|".join(NAMES),
        )
        parser.add_argument("--if-missing", action="store_true", help="do nothing where verified data is")
        parser.add_argument("--force", action="store_true", help="discard data prepared otherwise")

    def handle(self, **options: Any) -> None:
        data_dir, val_data_dir = _folders(options["out"])
        try:
            self._stage_tokenizers(options["tokenizer"], data_dir)
            if options["source"] or options["path"] or not options["tokenizer"]:
                self._prepare(options, data_dir, val_data_dir)
        except DataError as error:
            raise CommandError(f"{error.code}: {error}") from error
        except OSError as error:
            raise CommandError(f"data_io: {error}") from error

    def _stage_tokenizers(self, tokenizers: list[tuple[str, Path]], data_dir: Path) -> None:
        for name, path in tokenizers:
            record = stage_tokenizer(name, path, data_dir)
            self.stdout.write(f"tokenizer {name}: {record['vocab_size']} tokens, sha256 {record['sha256']}")

    def _prepare(self, options: dict[str, Any], data_dir: Path, val_data_dir: Path) -> None:
        if options["if_missing"] and (present := prepared(data_dir, val_data_dir)):
            self._say("already there", data_dir, present)
            return
        plan = self._plan(options)
        with progress_bar(plan) as report:
            manifest = prepare(plan, data_dir, val_data_dir, force=options["force"], report=report)
        self._say("complete", data_dir, manifest)

    def _plan(self, options: dict[str, Any]) -> DataPlan:
        limits = {name: options[name] for name in ("limit_documents", "limit_bytes", "shard_bytes")}
        source = options["source"] or ("local" if options["path"] else "python-docs")
        if options["path"] and source != "local":
            raise CommandError(f"data_arguments: --path does not go with --source {source}")
        if options["revision"] and source != "hub":
            raise CommandError(f"data_arguments: --revision does not go with --source {source}")
        match source:
            case "hub":
                return hub_plan(options["subset"], options["revision"] or self._policy_revision(), **limits)
            case "local":
                return local_plan(options["path"], **limits)
            case _:
                return python_docs_plan(**limits)

    def _policy_revision(self) -> str:
        policy = resolve_policy(official=False)
        for said in policy.fallbacks:
            self.stderr.write(f"revision: {said}")
        return policy.dataset_configs.frozen_revision

    def _say(self, state: str, data_dir: Path, manifest: DataManifest) -> None:
        train = manifest.splits["train"]
        self.stdout.write(
            f"{state}: {data_dir} holds {train.text_bytes} bytes of train text in {train.documents} documents"
            f" of {manifest.dataset} at {manifest.revision}, manifest {manifest.sha256}"
        )


def _folders(out: Path | None) -> tuple[Path, Path]:
    settings = env()
    return (out, out / "secret") if out else (settings.data_path, settings.val_data_path)


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive whole number")
    return int(text)


def _named_path(text: str) -> tuple[str, Path]:
    name, equals, path = text.partition("=")
    if not equals or name not in NAMES or not path:
        raise argparse.ArgumentTypeError(f"{text!r}: give NAME=PATH, NAME one of {', '.join(NAMES)}")
    return name, Path(path)
