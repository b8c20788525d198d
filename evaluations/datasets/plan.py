"""What to prepare: every argument that decides the bytes of the shards."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from evaluations.datasets import hub, python_docs
from evaluations.datasets.documents import DocumentSource
from evaluations.datasets.local_files import LocalFiles, content_revision, find_files
from evaluations.datasets.split import Shares

SourceName = Literal["hub", "local", "python-docs"]
SOURCES: tuple[SourceName, ...] = ("hub", "local", "python-docs")
SHARD_BYTES = 64 * 2**20
# One part in a hundred of the hub is plenty; small sources need a larger one to hold out anything.
HUB_SHARES = Shares(val=100, test=100)
SMALL_SHARES = Shares(val=500, test=500)


@dataclass(frozen=True)
class DataPlan:
    """A source pinned to its content, limits, and the size of shards (bytes of text, all splits)."""

    source: SourceName
    dataset: str
    subset: str | None
    revision: str
    shares: Shares
    limit_documents: int | None = None
    limit_bytes: int | None = None
    shard_bytes: int = SHARD_BYTES
    files: tuple[Path, ...] = field(default=(), compare=False)

    def __post_init__(self) -> None:
        for name in ("limit_documents", "limit_bytes", "shard_bytes"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name} must be positive, not {value}")

    def arguments(self) -> dict[str, Any]:
        """What must agree for an interrupted preparation to go on; local files count by content."""
        return {name: value for name, value in asdict(self).items() if name != "files"}

    def open(self, state: dict[str, Any] | None) -> DocumentSource:
        """The documents, from the start or from a saved state; raises SourceBroken, SourceUnavailable."""
        match self.source:
            case "hub":
                return hub.hub_documents(self.dataset, self.subset or "default", self.revision, state)
            case "local":
                return LocalFiles(self.files, state)
            case "python-docs":
                return python_docs.PythonDocs(state)


def hub_plan(subset: str, revision: str, **limits: Any) -> DataPlan:
    """FineWeb-Edu at a pinned commit; raises SourceUnsupported for a subset or revision not to be pinned."""
    hub.check_pinned(subset, revision)
    return DataPlan("hub", hub.DATASET, subset, revision, HUB_SHARES, **limits)


def local_plan(paths: Sequence[Path], **limits: Any) -> DataPlan:
    """Local files, pinned by their bytes; raises SourceUnsupported."""
    files = tuple(find_files(paths))
    return DataPlan("local", "local", None, content_revision(files), SMALL_SHARES, files=files, **limits)


def python_docs_plan(**limits: Any) -> DataPlan:
    """The documentation of the running interpreter."""
    return DataPlan("python-docs", "python-docs", None, python_docs.revision(), SMALL_SHARES, **limits)
