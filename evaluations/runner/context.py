"""What a submission sees: the context it is called with, and the text as it is revealed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from torch import Tensor, nn


class TokenizerNotData(Exception):
    """A tokenizer that is a Python object of the submission's own."""

    code = "tokenizer_not_data"


class NoStream(Exception):
    """The text was asked for where there is none to be had."""

    code = "no_stream"


@dataclass(frozen=True)
class PrismChunk:
    """A freshly revealed piece of the stream."""

    tokens: Tensor  # 1-D, int64, on the run's device
    index: int
    bytes: int  # of text in this chunk
    stream_bytes: int  # of text up to the end of this chunk


@dataclass(frozen=True)
class PrismBatch:
    """Rows of the stream: `tokens[:, :-1]` predicts `tokens[:, 1:]`."""

    tokens: Tensor  # (batch_size, seq_len), int64
    targets: Tensor | None = None
    metadata: dict[str, Any] | None = None  # {"stream_bytes": …, "weight": …}; see batches.py


@dataclass(frozen=True)
class PrismResumption:
    """Where a run goes on that an accident of its host had ended."""

    index: int  # of the chunk that comes next
    stream_bytes: int  # of text that was revealed before
    revealed_tokens: int  # the same in tokens
    tokens: Tensor  # 1-D, int64, on the run's device: the last of them, four million at most
    _load: Callable[[nn.Module], None] = field(repr=False)

    def load_weights(self, model: nn.Module) -> None:
        """Copy the weights that were committed last into `model`; of several ranks, all have to call it."""
        self._load(model)


class Door(Protocol):
    """How the stream is reached from inside the learner; a predictor has none."""

    def stream(self, model: nn.Module) -> Iterator[PrismChunk]: ...
    def on_checkpoint(self, save: Callable[[], bool | None]) -> None: ...
    def tokenizer(self, name: str) -> Any: ...
    def is_declared(self, tokenizer: Any) -> bool: ...


@dataclass(frozen=True)
class PrismContext:
    """The contract between the challenge and a submission."""

    vocab_size: int
    sequence_length: int
    max_parameters: int
    max_layers: int
    seed: int
    device: str
    precision: str
    token_budget: int  # tokens in the whole stream, estimated from its beginning
    byte_budget: int
    artifacts_dir: str
    checkpoint_dir: str
    data_dir: str  # exists and is empty: the stream is the only door to the data
    rank: int = 0
    local_rank: int = 0
    world_size: int = 1
    checkpoint_bytes: int = 0  # that the challenge's own loop may keep
    resumed_at: PrismResumption | None = None  # None: the run begins at the beginning
    _build: Callable[["PrismContext"], nn.Module] | None = field(default=None, repr=False)
    _door: Door | None = field(default=None, repr=False)

    @property
    def max_seq_len(self) -> int:
        """Alias of `sequence_length`."""
        return self.sequence_length

    @property
    def max_params(self) -> int:
        """Alias of `max_parameters`."""
        return self.max_parameters

    def build_model(self) -> nn.Module:
        """The declared architecture under the forced seed: the same initial weights each time."""
        if self._build is None:
            raise NoStream("this context builds no model")
        return self._build(self)

    def stream(self, model: nn.Module) -> Iterator[PrismChunk]:
        """Commit `model`, then receive the next chunk; again until the byte budget is spent."""
        return self._open_door().stream(model)

    def iter_train_batches(
        self,
        model: nn.Module,
        batch_size: int | None = None,
        seq_len: int | None = None,
        tokenizer: Any = None,
    ) -> Iterator[PrismBatch]:
        """The same stream cut into rows of `seq_len` tokens that overlap by one.

        Crossing into a new chunk commits `model`. The last rows may be fewer and shorter. Of a batch every
        rank gets its own rows, so that `batch_size` means the same on any number of ranks.
        """
        door = self._open_door()
        if tokenizer is not None and not door.is_declared(tokenizer):
            raise TokenizerNotData(
                "iter_train_batches takes the declared tokenizer only: put a tokenizer.json into the bundle"
                " and name it in prism.yaml (tokenizer: tokenizer.json)"
            )
        from evaluations.runner.batches import rows, rows_of_rank

        length = seq_len or self.sequence_length
        batches = rows(door.stream(model), batch_size or 8, length, self.resumed_at)
        return (rows_of_rank(batch, self.rank, self.world_size) for batch in batches)

    def on_checkpoint(self, save: Callable[[], bool | None]) -> None:
        """Have `save()` called before some commits, to write into `checkpoint_dir` what training goes on
        from at `resumed_at`: the same weights, and the same steps after them. False: nothing was kept."""
        self._open_door().on_checkpoint(save)

    def reference_tokenizer(self, name: str = "bytes") -> Any:
        """The tokenizer `name` as data: `bytes`, a staged reference, or the declared one."""
        return self._open_door().tokenizer(name)

    def log(self, **numbers: Any) -> None:
        """Write a line of named numbers to the learner's own log."""
        print(" ".join(f"{name}={value}" for name, value in numbers.items()), flush=True)

    def _open_door(self) -> Door:
        if self._door is None:
            raise NoStream("the stream is open to training code only")
        return self._door
