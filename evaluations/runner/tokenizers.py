"""Tokenizers as data: bytes, a staged reference, or the bundle's tokenizer.json. Never submitted code."""

from pathlib import Path
from typing import Protocol

import numpy as np
from tokenizers import Tokenizer

from evaluations.runner.job import Job
from evaluations.runner.windows import Tokens

BYTES = "bytes"


class TokenizerInvalid(Exception):
    """The declared tokenizer cannot be used."""

    code = "tokenizer_invalid"


class TokenizerNotLossless(Exception):
    """Decoding what was encoded does not give the text back."""

    code = "tokenizer_not_lossless"


class Coder(Protocol):
    """Text to token ids and back."""

    vocab_size: int

    def encode(self, text: bytes) -> Tokens: ...
    def decode(self, tokens: Tokens) -> bytes: ...


class ByteCoder:
    """Every byte is a token; the default."""

    vocab_size = 256

    def encode(self, text: bytes) -> Tokens:
        """(n,) int32 ids of n bytes."""
        return np.frombuffer(text, dtype=np.uint8).astype(np.int32)

    def decode(self, tokens: Tokens) -> bytes:
        """The bytes of (n,) ids."""
        return tokens.astype(np.uint8).tobytes()


class FileCoder:
    """A `tokenizer.json` as the `tokenizers` library reads it, without special tokens added."""

    def __init__(self, path: Path) -> None:
        try:
            self.tokenizer = Tokenizer.from_file(str(path))
        except BaseException as error:  # a panic of the Rust side is no Exception
            if isinstance(error, (KeyboardInterrupt, SystemExit)):
                raise
            raise TokenizerInvalid(f"{path.name} is no tokenizer: {str(error)[:200]}") from error
        self.tokenizer.no_padding()
        self.tokenizer.no_truncation()
        # Ids may have gaps, and the largest decides how long a distribution must be.
        self.vocab_size = max(self.tokenizer.get_vocab(with_added_tokens=True).values(), default=-1) + 1
        if self.vocab_size < 2:
            raise TokenizerInvalid(f"{path.name} has fewer than two tokens")

    def encode(self, text: bytes) -> Tokens:
        """(n,) int32 ids of UTF-8 `text`."""
        ids = self.tokenizer.encode(text.decode("utf-8"), add_special_tokens=False).ids
        return np.asarray(ids, dtype=np.int32)

    def decode(self, tokens: Tokens) -> bytes:
        """The UTF-8 bytes of (n,) ids."""
        text: str = self.tokenizer.decode(tokens.tolist(), skip_special_tokens=False)
        return text.encode("utf-8", "surrogatepass")


def declared(job: Job) -> Coder:
    """The tokenizer that a job's bundle declares."""
    name = job.bundle.tokenizer
    if name == BYTES:
        return ByteCoder()
    return FileCoder(path_of(job, name))


def path_of(job: Job, name: str) -> Path:
    """Where the tokenizer.json of a staged reference or of the bundle lies."""
    if name in job.reference_tokenizers:
        return Path(job.reference_tokenizers[name])
    if name.endswith(".json"):
        return Path(job.bundle.folder) / name
    staged = ", ".join(sorted(job.reference_tokenizers)) or "none"
    raise TokenizerInvalid(f"the tokenizer {name!r} is not staged here (staged: {staged})")


def encode_lossless(coder: Coder, text: bytes, chunk_index: int) -> Tokens:
    """Token ids of a chunk; raise `TokenizerNotLossless` where they do not decode to the same bytes."""
    try:
        tokens = coder.encode(text)
        back = coder.decode(tokens)
    except BaseException as error:  # a panic of the Rust side is no Exception
        if isinstance(error, (KeyboardInterrupt, SystemExit)):
            raise
        raise TokenizerInvalid(f"the tokenizer failed on chunk {chunk_index}: {str(error)[:200]}") from error
    if back != text:
        at = next(
            (i for i, (a, b) in enumerate(zip(text, back, strict=False)) if a != b), min(len(text), len(back))
        )
        raise TokenizerNotLossless(
            f"chunk {chunk_index} does not survive encoding and decoding, from byte {at} on"
        )
    if len(tokens) and not (tokens.min() >= 0 and tokens.max() < coder.vocab_size):
        raise TokenizerInvalid(f"chunk {chunk_index} encodes to ids outside the vocabulary")
    return tokens
