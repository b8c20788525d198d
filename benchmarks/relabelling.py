"""Whether a learner that starts from scratch can tell that token ids were renamed: it must not.

Each seed of the initialisation is run under a secret relabelling of its own and under none. The effect is
the mean of the differences, with its standard error; beside it stands how much one run differs from another
under the next seed. Nothing here is timed, so a busy machine changes no figure.

    .venv/bin/python -m benchmarks.relabelling --seeds 8 --bytes 32768
"""

import argparse
import statistics
import tempfile
from dataclasses import replace
from pathlib import Path
from unittest import mock

import numpy as np
from rich.console import Console
from rich.table import Table
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from benchmarks.runner_overhead import ROOT, job
from evaluations.runner import session
from evaluations.runner.job import Job, Schedule
from evaluations.runner.relabelling import Relabelling
from evaluations.runner.windows import Tokens

SCHEDULE = Schedule(score_fraction=1.0, audit_fraction=0.0)


def main() -> None:
    """Run and print one table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--bundle", type=Path, default=ROOT / "examples" / "gru")
    parser.add_argument("--bytes", type=int, default=32_768)
    parser.add_argument("--seeds", type=int, default=8)
    options = parser.parse_args()
    table = Table("tokenizer", "renamed, bpb", "not renamed, bpb", "effect, bpb", "between seeds, ±")
    with tempfile.TemporaryDirectory(prefix="prism-relabelling-") as name:
        for tokenizer in ("bytes", "tokens"):
            renamed, public = compare(Path(name) / tokenizer, options.bundle, options.bytes, options.seeds)
            table.add_row(
                tokenizer,
                f"{statistics.mean(renamed):.4f}",
                f"{statistics.mean(public):.4f}",
                effect(renamed, public),
                f"{statistics.stdev(public):.4f}",
            )
    Console().print(table)


def compare(folder: Path, bundle: Path, size: int, seeds: int) -> tuple[list[float], list[float]]:
    """Bits per byte with and without relabelling, seed by seed; `folder`'s name says the tokenizer."""
    renamed, public = [], []
    for seed in range(seeds):
        place = folder / str(seed)
        place.mkdir(parents=True)
        made = replace(job(bundle, place, size, SCHEDULE), seed=seed, submission_id=f"seed {seed}")
        if folder.name == "tokens":
            made = with_tokens(made, place)
        renamed.append(bpb(made, place / "renamed"))
        with mock.patch.object(Relabelling, "apply", _public):
            public.append(bpb(made, place / "public"))
    return renamed, public


def effect(renamed: list[float], public: list[float]) -> str:
    """Mean and standard error of the differences, seed by seed; at least two."""
    differences = [one - other for one, other in zip(renamed, public, strict=True)]
    error = statistics.stdev(differences) / len(differences) ** 0.5
    return f"{statistics.mean(differences):+.4f} ± {error:.4f}"


def bpb(made: Job, output: Path) -> float:
    """The score of one run."""
    manifest = session.run(replace(made, output_folder=str(output)), lambda line: None)
    assert manifest.score is not None, manifest.reason + manifest.traceback
    return float(manifest.score["bpb"])


def with_tokens(made: Job, folder: Path) -> Job:
    """The same job on pairs of bytes that were merged by frequency."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=512, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    tokenizer.train_from_iterator([Path(made.stream.path).read_text()], trainer)
    path = folder / "tokenizer.json"
    tokenizer.save(str(path))
    return replace(
        made, bundle=replace(made.bundle, tokenizer="gpt2"), reference_tokenizers={"gpt2": str(path)}
    )


def _public(self: Relabelling, tokens: Tokens) -> Tokens:
    return np.asarray(tokens, dtype=np.int32)


if __name__ == "__main__":
    main()
