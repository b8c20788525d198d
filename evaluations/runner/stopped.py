"""The end of a run before its time."""

from evaluations.runner.constants import TRACEBACK_CAP_CHARS
from evaluations.runner.wire import Message

# What a child may say of itself; any other code from there becomes the fallback of its role.
CHILD_CODES = frozenset(
    {
        "model_mismatch",
        "logits_shape",
        "contract_broken",
        "tokenizer_not_data",
        "stream_misused",
        "no_stream",
        "process_group_fixed",
        "out_of_memory",
        "too_many_threads",
        "artifact_quota",
    }
)


class Stopped(Exception):
    """The run ends here; `verdict` is rejected or failed, `code` is for machines and `reason` for people."""

    def __init__(self, verdict: str, code: str, reason: str, traceback: str = "") -> None:
        super().__init__(reason)
        self.verdict, self.code, self.reason, self.traceback = verdict, code, reason, traceback


def failed(code: str, reason: str) -> Stopped:
    """The submission could not be measured."""
    return Stopped("failed", code, reason)


def rejected(code: str, reason: str) -> Stopped:
    """Deterministic evidence refuses the submission."""
    return Stopped("rejected", code, reason)


def from_child(message: Message, fallback: str) -> Stopped:
    """What a child reported as its own failure, with the miner's traceback."""
    said = {name: str(message.header.get(name, "")) for name in ("code", "message", "traceback")}
    code = said["code"] if said["code"] in CHILD_CODES else fallback
    return Stopped("failed", code, said["message"][:2000], said["traceback"][-TRACEBACK_CAP_CHARS:])
