"""The gate before any training: build the model, weigh it, question it, within seconds.

Two predictors, strangers to each other, build the model under the same seed. Both must declare the same
tensors and answer alike; then one is shown natural text and random tokens, the other the same with the future
replaced, and what the first claimed for a token must not depend on what follows it.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from evaluations.runner import admission, anomalies, tokenizers, walls
from evaluations.runner.auditor import Auditor
from evaluations.runner.encoding import Encoding
from evaluations.runner.graph import identity
from evaluations.runner.job import Job
from evaluations.runner.ledger import Ledger, Line
from evaluations.runner.orders import for_predictor, order_of
from evaluations.runner.patience import limited
from evaluations.runner.peers import PredictorPeer
from evaluations.runner.processes import end_descendants, guard_referee
from evaluations.runner.questions import Floats
from evaluations.runner.sandbox.watch import Watch
from evaluations.runner.stopped import Stopped, rejected
from evaluations.runner.stream import Chunk
from evaluations.runner.turns import Turns
from evaluations.runner.windows import ScoringPlan, Tokens, plan, secret_rng

SAMPLE_TEXT = (b"A model is asked for the probability of every next token of this sentence. " * 64)[:4096]
SECRET = b"describe"  # nothing is scored here: the same windows for everybody, every time
WALL_SECONDS = 40.0  # a few on a machine that has time
WINDOW_TOKENS = 256  # at most; a long context is no reason to take long
MOST_WINDOWS, FEWEST_WINDOWS = 12, 2  # of text, and as many of random tokens
WINDOW_FLOPS = 2e11  # for all windows of one kind: a second or two of a small machine


def describe(job: Job) -> dict[str, Any]:
    """{verdict, code, reason, traceback} and, null as far as it was not reached, {model, step0_bpb, step0,
    causality, seed_invariant, anomalies, identity, sandbox}; the verdict is described, rejected or failed."""
    guard_referee()
    facts: dict[str, Any] = dict.fromkeys(
        ("model", "step0_bpb", "step0", "causality", "seed_invariant", "anomalies", "identity", "sandbox")
    )
    try:
        _measure(job, facts)
        return {"verdict": "described", "code": "described", "reason": "", "traceback": "", **facts}
    except Stopped as end:
        return _refusal(facts, end.verdict, end.code, end.reason, end.traceback)
    except tokenizers.TokenizerNotLossless as error:
        return _refusal(facts, "rejected", error.code, str(error))
    except tokenizers.TokenizerInvalid as error:
        return _refusal(facts, "failed", error.code, str(error))


def _measure(job: Job, facts: dict[str, Any]) -> None:
    """Enter what is found into `facts`; raise where the submission ends it."""
    encoding = Encoding(tokenizers.declared(job), job)
    with _predictors(job) as (peer, stranger):
        facts["sandbox"] = peer.child.attestation()
        stranger.child.attestation()
        with limited([peer.child, stranger.child], WALL_SECONDS):  # what came before was not the model's
            _question(job, encoding, (peer, stranger), facts)


def _question(
    job: Job, encoding: Encoding, peers: tuple[PredictorPeer, PredictorPeer], facts: dict[str, Any]
) -> None:
    peer, stranger = peers
    chunk = Chunk(0, SAMPLE_TEXT, len(SAMPLE_TEXT))
    described, again = _introduce(job, encoding, chunk, peer, stranger)
    facts["model"], layout = admission.admit(described, job.limits)
    facts["identity"] = _identity([described.get("graphs"), again.get("graphs")])
    facts["model"]["graph_hash"] = facts["identity"]["graph_hash"]
    facts["seed_invariant"] = admission.seed_invariant(described)
    for one in peers:
        one.open_slot(layout)
    tokens = encoding.tokens(chunk)
    text = _windows(job, tokens, facts["model"]["flops_per_token"], encoding.vocab_size)
    claims = _claims(peer, text)
    _check_same(claims, _claims(stranger, text), job.schedule.audit_tolerance_nats)
    line = Ledger(encoding.vocab_size).add(chunk, len(tokens), text, claims, 0.0)
    _enter_step0(facts, line, encoding.vocab_size)
    facts["causality"] = _causality(job, encoding, peers, (tokens, text, claims))
    for one in peers:
        one.dismiss()


def _introduce(
    job: Job, encoding: Encoding, chunk: Chunk, peer: PredictorPeer, stranger: PredictorPeer
) -> tuple[dict[str, Any], dict[str, Any]]:
    order = order_of(job, encoding, [chunk], _threads())
    for one in (peer, stranger):
        one.order(for_predictor(order, one.child.place.home))
    described, again = peer.description(), stranger.description()
    if described.get("manifest") != again.get("manifest"):
        raise rejected("model_mismatch", "build_model declared two different models under one seed")
    return described, again


def _identity(claims: list[Any]) -> dict[str, Any]:
    """The graph that both describe; raises `Stopped` where they describe two."""
    if identity.differ(claims):
        raise rejected(
            "model_mismatch",
            "two processes built the model under one seed, and its forward does other things",
        )
    found = identity.measured(claims)
    return found.facts() if found else dict(identity.UNKNOWN)


def _enter_step0(facts: dict[str, Any], line: Line, vocab_size: int) -> None:
    facts["step0"] = anomalies.step0(line, vocab_size)
    facts["step0_bpb"] = facts["step0"]["bpb"]
    facts["anomalies"] = anomalies.found(facts["step0"], None, [], facts["seed_invariant"])


def _causality(
    job: Job,
    encoding: Encoding,
    peers: tuple[PredictorPeer, PredictorPeer],
    asked: tuple[Tokens, ScoringPlan, Floats],
) -> dict[str, Any]:
    """The audit of a run over the sample text and random tokens; raises `Stopped` for a look ahead."""
    peer, stranger = peers
    tolerance = job.schedule.audit_tolerance_nats
    auditor = Auditor(
        stranger,
        Turns([peer.child, stranger.child]),
        secret=SECRET,
        vocab_size=encoding.vocab_size,
        fraction=1.0,
        tolerance_nats=tolerance,
    )
    tokens, text, claims = asked
    auditor.audit(0, text, tokens, claims)
    random = secret_rng(SECRET, "random tokens").integers(encoding.vocab_size, size=len(tokens))
    noise = random.astype(np.int32)
    windows = plan_of(noise, text.batches[0].shape[1], text.sampled_windows, encoding.vocab_size)
    auditor.audit(1, windows, noise, _claims(peer, windows))
    auditor.close()
    found = auditor.section(len(tokens) / len(SAMPLE_TEXT))
    return {name: found[name] for name in ("windows", "positions", "max_abs_logp_diff", "tolerance_nats")}


def _windows(job: Job, tokens: Tokens, flops_per_token: float | None, vocab_size: int) -> ScoringPlan:
    length = max(2, min(job.schedule.sequence_length, WINDOW_TOKENS))
    affordable = int(WINDOW_FLOPS / (length * (flops_per_token or 1.0) + 1.0))
    return plan_of(tokens, length, max(FEWEST_WINDOWS, min(MOST_WINDOWS, affordable)), vocab_size)


def plan_of(tokens: Tokens, length: int, count: int, vocab_size: int) -> ScoringPlan:
    """`count` windows of `length`, or all where there are fewer."""
    full = max(1, (len(tokens) - 1) // (length - 1))
    rng = secret_rng(SECRET, "windows")
    context = np.zeros(0, np.int32)
    share = min(1.0, count / full)
    return plan(context, tokens, length=length, fraction=share, vocab_size=vocab_size, rng=rng)


def _claims(peer: PredictorPeer, windows: ScoringPlan) -> Floats:
    peer.order_scores(windows)
    return peer.scores(windows)


def _check_same(claims: Floats, others: Floats, tolerance_nats: float) -> None:
    """The same windows under the same seed: whoever answers otherwise was not built by the seed alone."""
    with np.errstate(invalid="ignore"):
        same = np.isclose(claims, others, rtol=0.0, atol=tolerance_nats, equal_nan=True)
    if not same.all():
        raise rejected(
            "model_mismatch", "two processes built the model under one seed, and it answers differently"
        )


@contextmanager
def _predictors(job: Job) -> Iterator[tuple[PredictorPeer, PredictorPeer]]:
    """Two predictors behind the walls of a run's, watched; gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="prism-describe-") as folder:
        home, threads = Path(folder), _threads()
        places = [walls.predictor_place(home), walls.auditor_place(home)]
        children = [walls.start(job, place, home / f"{at}.log", threads) for at, place in enumerate(places)]
        watch = Watch([walls.watched(job, child) for child in children])
        try:
            yield PredictorPeer(children[0]), PredictorPeer(children[1])
        finally:
            watch.stop()
            for child in children:
                child.end()
            end_descendants()


def _threads() -> int:
    """Half of the host for each of the two."""
    return max(1, (os.cpu_count() or 1) // 2)


def _refusal(
    facts: dict[str, Any], verdict: str, code: str, reason: str, traceback: str = ""
) -> dict[str, Any]:
    return {**facts, "verdict": verdict, "code": code, "reason": reason, "traceback": traceback}
