"""What both children are told before they import a submitted line."""

from pathlib import Path
from typing import Any

from evaluations.runner.checkpoint_store import learner_bytes
from evaluations.runner.encoding import Encoding
from evaluations.runner.job import Job
from evaluations.runner.stream import Chunk
from evaluations.runner.tokenizers import path_of

CHECKPOINTS = "checkpoints"  # the learner's folder below the output


def order_of(job: Job, encoding: Encoding, chunks: list[Chunk], threads: int) -> dict[str, Any]:
    """The order for a learner or predictor: files, tokenizers as data, and the numbers of the context."""
    return {
        "type": "order",
        "threads": threads,
        "folder": job.bundle.folder,
        "architecture": job.bundle.architecture,
        "training": job.bundle.training,
        "tokenizer": job.bundle.tokenizer,
        "tokenizers": tokenizer_paths(job),
        "graph": job.graph,
        "context": {
            "vocab_size": encoding.vocab_size,
            "sequence_length": job.schedule.sequence_length,
            "max_parameters": job.limits.max_parameters,
            "max_layers": job.limits.max_layers,
            "seed": job.seed,
            "device": job.device,
            "precision": job.precision,
            "token_budget": _token_budget(encoding, chunks),
            "byte_budget": chunks[-1].end,
            "checkpoint_bytes": learner_bytes(job.limits),
            **_folders(Path(job.output_folder)),
        },
    }


def for_predictor(order: dict[str, Any], home: Path) -> dict[str, Any]:
    """The same order for a process that can write in its own home alone."""
    return {**order, "context": {**order["context"], "artifacts_dir": str(home), "checkpoint_dir": str(home)}}


def for_rank(order: dict[str, Any], rank: int, world_size: int) -> dict[str, Any]:
    """The same order for one rank of several: its number, threads and GPU."""
    context, threads = order["context"], threads_of_rank(order["threads"], world_size)
    device = f"cuda:{rank}" if context["device"] == "cuda" else context["device"]
    own = {"rank": rank, "local_rank": rank, "world_size": world_size, "device": device}
    return {**order, "threads": threads, "context": {**context, **own}}


def threads_of_rank(threads: int, world_size: int) -> int:
    """Each rank's part of the threads that a learner alone would have."""
    return max(1, threads // world_size)


def tokenizer_paths(job: Job) -> dict[str, str]:
    """Name to path of every tokenizer.json that the children may read."""
    own = job.bundle.tokenizer
    return dict(job.reference_tokenizers) | ({own: str(path_of(job, own))} if own.endswith(".json") else {})


def _token_budget(encoding: Encoding, chunks: list[Chunk]) -> int:
    return round(chunks[-1].end * encoding.prepare(chunks[0]) / len(chunks[0].text))


def _folders(output: Path) -> dict[str, str]:
    folders = {"artifacts_dir": "artifacts", "checkpoint_dir": CHECKPOINTS, "data_dir": "data"}
    for folder in folders.values():
        (output / folder).mkdir(parents=True, exist_ok=True)
    return {name: str(output / folder) for name, folder in folders.items()}
