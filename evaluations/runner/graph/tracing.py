"""Following a forward with `torch.export`, on tensors without numbers."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from evaluations.runner.graph.operators import TOKENS, Operator, Operators
from evaluations.runner.graph.reading import Reader
from evaluations.runner.graph.values import CONSTANT, Value, Weight

# Few, so that a loop over time stays short, and a prime, so that the axis of time is told from others.
TRACED_TOKENS = 13
ROWS = 2

LogitsOf = Callable[[Any], Tensor]


class Untraceable(Exception):
    """The forward cannot be followed: it depends on numbers, or does what export does not know."""

    code = "untraceable"


class Traced(nn.Module):
    """The model as a function from tokens to logits, whatever its forward wraps them in."""

    def __init__(self, model: nn.Module, logits_of: LogitsOf) -> None:
        super().__init__()
        self.model = model
        self.logits_of = logits_of

    def forward(self, tokens: Tensor) -> Tensor:
        """(B, T, V) of (B, T)."""
        return self.logits_of(self.model(tokens))


def operators_of(model: nn.Module, logits_of: LogitsOf, length: int) -> Operators:
    """The operators of a forward over `length` tokens; raises `Untraceable`."""
    device = next((tensor.device for tensor in model.parameters()), torch.device("cpu"))
    tokens = torch.zeros(ROWS, length, dtype=torch.int64, device=device)
    whole = Traced(model, logits_of).eval()
    try:
        # Imported here: it takes a second, which only a process that traces has to spend.
        program = torch.export.export(whole, (tokens,), strict=False)
        reader = Reader(length)
        given = _given(program, whole, reader.draft.add(Operator(TOKENS)))
        return reader.close(reader.read(program.graph_module, given))
    except Exception as error:  # export fails in as many ways as there are models
        raise Untraceable(f"{type(error).__name__}: {str(error)[:200]}") from error


def _given(program: Any, whole: nn.Module, tokens: int) -> list[Value]:
    """What each placeholder of a program stands for; a parameter under two names has the first one."""
    first: dict[int, str] = {}
    for name, tensor in whole.named_parameters(remove_duplicate=False):
        first.setdefault(id(tensor), name)
    parameters = dict(whole.named_parameters(remove_duplicate=False))
    signature = program.graph_signature
    given: list[Value] = []
    for specification in signature.input_specs:
        if specification.kind.name == "PARAMETER":
            given.append(Weight(first[id(parameters[specification.target])]))
        else:
            given.append(tokens if specification.kind.name == "USER_INPUT" else CONSTANT)
    return given
