"""JOURNAL.json: how far a preparation came, so that a killed one goes on and a finished one is known."""

import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from evaluations.datasets.atomic import atomic_file
from evaluations.datasets.errors import ManifestInvalid
from evaluations.datasets.generation import Generation
from evaluations.datasets.manifest import ShardRecord
from evaluations.datasets.split import SPLITS, Split

NAME = "JOURNAL.json"


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


@dataclass
class Journal:
    """Kept beside val and test, for it knows their shards."""

    arguments: dict[str, Any]
    generation: int = 0
    documents: int = 0
    text_bytes: int = 0
    source_state: dict[str, Any] | None = None
    exhausted: bool = False
    shards: dict[Split, list[ShardRecord]] = field(default_factory=lambda: {split: [] for split in SPLITS})
    started_at: str = field(default_factory=now)
    finished_at: str | None = None

    def note(
        self, generation: Generation, records: dict[Split, ShardRecord], source_state: dict[str, Any]
    ) -> None:
        """Count a closed generation, and where its source stands."""
        for split, record in records.items():
            self.shards[split].append(record)
        self.generation += 1
        self.documents += generation.documents
        self.text_bytes += generation.text_bytes
        self.source_state = source_state

    def save(self, folder: Path) -> None:
        with atomic_file(folder / NAME) as file:
            file.write(json.dumps(asdict(self), indent=1).encode() + b"\n")


def load_journal(folder: Path) -> Journal | None:
    """The journal of `folder`, or None; raises ManifestInvalid for a file that is not one."""
    path = folder / NAME
    if not path.is_file():
        return None
    try:
        body = json.loads(path.read_bytes())
        shards = body.pop("shards")
        records = {split: [ShardRecord(**shard) for shard in shards[split]] for split in SPLITS}
        return Journal(**body, shards=records)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ManifestInvalid(f"{path}: not a journal of prepare_data ({error}); use --force") from error
