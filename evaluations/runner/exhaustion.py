"""Telling a resource that ran out from a fault in the code, by the error that a submission got."""

import errno

import torch

OUT_OF_MEMORY, TOO_MANY_THREADS, ARTIFACT_QUOTA = "out_of_memory", "too_many_threads", "artifact_quota"
# How torch's allocators and Python's threads word it; both raise a plain RuntimeError.
WORDS = {
    "can't allocate memory": OUT_OF_MEMORY,
    "not enough memory": OUT_OF_MEMORY,
    "can't start new thread": TOO_MANY_THREADS,
}
ERRORS = {errno.ENOMEM: OUT_OF_MEMORY, errno.EFBIG: ARTIFACT_QUOTA, errno.EDQUOT: ARTIFACT_QUOTA}


def code_of(error: BaseException) -> str:
    """The machine-readable code of the resource that ran out; empty where none did."""
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return OUT_OF_MEMORY
    if isinstance(error, OSError):
        return ERRORS.get(error.errno or 0, "")
    if isinstance(error, RuntimeError):
        return next((code for words, code in WORDS.items() if words in str(error)), "")
    return ""
