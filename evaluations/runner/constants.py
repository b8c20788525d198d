"""Constants that no submission may change; their fingerprint is in every manifest."""

import hashlib
import json

PROTOCOL = "prism.commit_reveal.1"
MANIFEST_SCHEMA = "prism_run_manifest.v2"
MANIFEST_NAME = "prism_run_manifest.v2.json"

UNIFORM_SHARE = 1e-4  # of the uniform distribution in the coder's mixture: a confident miss stays finite
CHANCE_BITS_PER_BYTE = 8.0  # the code length of a coder that knows nothing
MIN_SAMPLED_WINDOWS = 2  # a chunk needs two windows for a variance
SCORING_BATCH_ROWS = 16  # so that auditing a share of the batches spreads over the text
MIN_AUDITED_WINDOWS = 256  # in a run, however short: a leak at one position in 64 must show
SCORING_BATCH_FLOATS = 2**24  # logits of one scoring forward: rows x positions x vocabulary

FLOAT32, BF16 = "float32", "bf16"
TOLERANCE_NATS = {FLOAT32: 1e-3, BF16: 2e-2}  # between two processes' log p of one token

LOG_CAP_BYTES = 1 << 20  # of a child's own output that is kept
HEADER_CAP_BYTES = 1 << 22  # of a message header (a model's manifest of ten thousand tensors fits)
TRACEBACK_CAP_CHARS = 16_000
STARTUP_SECONDS = 120.0  # for a child to import torch and build the model
SCORING_SECONDS = 900.0  # for a predictor to answer one chunk
LEARNER_LOG = "learner.log"
PREDICTOR_LOG = "predictor.log"
AUDITOR_LOG = "auditor.log"
EXAMINER_LOG = "examiner.log"


def learner_log(rank: int) -> str:
    """The file that the output of a learner's rank goes to."""
    return LEARNER_LOG if rank == 0 else f"learner.{rank}.log"


def fingerprint() -> str:
    """SHA-256 (hex) over every constant above by name, so that two manifests can be compared."""
    values = {name: value for name, value in globals().items() if name.isupper()}
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
