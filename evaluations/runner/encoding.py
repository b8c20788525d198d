"""The stream as token ids: encoded chunk by chunk, proved lossless, relabelled for this submission."""

from evaluations.runner.job import Job
from evaluations.runner.relabelling import Relabelling
from evaluations.runner.stream import Chunk
from evaluations.runner.tokenizers import Coder, encode_lossless
from evaluations.runner.windows import Tokens


class Encoding:
    """Tokens of chunks; what has been prepared ahead is kept until it is asked for."""

    def __init__(self, coder: Coder, job: Job) -> None:
        self.coder, self.vocab_size = coder, coder.vocab_size
        secret = bytes.fromhex(job.run_secret)
        self.relabelling = Relabelling(secret, job.submission_id, coder.vocab_size)
        self.kept: dict[int, Tokens] = {}

    def tokens(self, chunk: Chunk) -> Tokens:
        """(n,) relabelled ids of a chunk, once."""
        self.prepare(chunk)
        return self.kept.pop(chunk.index)

    def prepare(self, chunk: Chunk) -> int:
        """Encode ahead of time; give how many tokens it takes. Raises where the text does not survive."""
        if chunk.index not in self.kept:
            ids = encode_lossless(self.coder, chunk.text, chunk.index)
            self.kept[chunk.index] = self.relabelling.apply(ids)
        return len(self.kept[chunk.index])
