"""The gate before any training: build the model, weigh it, let it answer a few windows, within seconds."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from evaluations.runner import admission, constants, tokenizers, walls
from evaluations.runner.encoding import Encoding
from evaluations.runner.job import Job
from evaluations.runner.ledger import Ledger
from evaluations.runner.orders import for_predictor, order_of
from evaluations.runner.peers import PredictorPeer
from evaluations.runner.processes import end_descendants, guard_referee
from evaluations.runner.stopped import Stopped
from evaluations.runner.stream import Chunk
from evaluations.runner.windows import plan, secret_rng

SAMPLE_TEXT = (b"A model is asked for the probability of every next token of this sentence. " * 64)[:4096]


def describe(job: Job) -> dict[str, Any]:
    """{verdict, code, reason, traceback, model, step0_bpb}: `described`, `rejected` or `failed`."""
    guard_referee()
    try:
        return {"verdict": "described", "code": "described", "reason": "", "traceback": "", **_measure(job)}
    except Stopped as end:
        return _refusal(end.verdict, end.code, end.reason, end.traceback)
    except tokenizers.TokenizerNotLossless as error:
        return _refusal("rejected", error.code, str(error), "")
    except tokenizers.TokenizerInvalid as error:
        return _refusal("failed", error.code, str(error), "")


def _measure(job: Job) -> dict[str, Any]:
    coder = tokenizers.declared(job)
    chunk = Chunk(0, SAMPLE_TEXT, len(SAMPLE_TEXT))
    encoding = Encoding(coder, job)
    with tempfile.TemporaryDirectory(prefix="prism-describe-") as folder:
        home = Path(folder)
        place = walls.predictor_place(home)
        child = walls.start(job, place, home / constants.PREDICTOR_LOG, 1)
        try:
            predictor = PredictorPeer(child)
            child.attestation()
            predictor.order(for_predictor(order_of(job, encoding, [chunk], 1), place.home))
            model, layout = admission.admit(predictor.description(), job.limits)
            predictor.open_slot(layout)
            tokens = encoding.tokens(chunk)
            windows = plan(
                np.zeros(0, np.int32),
                tokens,
                length=job.schedule.sequence_length,
                fraction=job.schedule.score_fraction,
                vocab_size=coder.vocab_size,
                rng=secret_rng(b"describe", "windows"),
            )
            predictor.order_scores(windows)
            line = Ledger(coder.vocab_size).add(chunk, len(tokens), windows, predictor.scores(windows), 0.0)
            predictor.dismiss()
        finally:
            child.end()
            end_descendants()
    return {"model": model, "step0_bpb": line.bits / line.stream_bytes}


def _refusal(verdict: str, code: str, reason: str, traceback: str) -> dict[str, Any]:
    return {"verdict": verdict, "code": code, "reason": reason, "traceback": traceback, "model": None}
