"""FineWeb-Edu from the hub: streamed, pinned to a commit, resumable."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evaluations.datasets.errors import SourceUnavailable, SourceUnsupported
from evaluations.datasets.streamed import StreamedRows

if TYPE_CHECKING:
    from datasets import IterableDataset

DATASET = "HuggingFaceFW/fineweb-edu"
SUBSETS = ("sample-10BT", "sample-100BT")


def check_pinned(subset: str, revision: str) -> None:
    """Raise SourceUnsupported for another subset, or a branch or tag that may move."""
    if subset not in SUBSETS:
        raise SourceUnsupported(f"subset {subset!r}: choose one of {', '.join(SUBSETS)}")
    if not re.fullmatch(r"[0-9a-f]{40}", revision):
        raise SourceUnsupported(f"revision {revision!r}: give the 40 hex digits of a commit, not a name")


def hub_documents(
    dataset: str, subset: str, revision: str, state: dict[str, Any] | None = None
) -> StreamedRows:
    """Stream the train rows of `dataset`, which may also be a local folder of the same schema.

    Raises SourceUnavailable when the hub cannot be reached, here or in the middle of the stream.
    """
    try:
        rows = _open(dataset, subset, revision)
    except Exception as error:  # fsspec, the HTTP client and the library each raise their own
        reason = f"{type(error).__name__}: {error}"
        raise SourceUnavailable(f"{dataset} {subset} at {revision}: {reason}") from error
    name = f"{Path(dataset).name}/{subset}"
    return StreamedRows(rows, name=name, unreadable=SourceUnavailable, state=state)


def _open(dataset: str, subset: str, revision: str) -> "IterableDataset":
    from datasets import load_dataset

    return load_dataset(dataset, name=subset, revision=revision, split="train", streaming=True)
