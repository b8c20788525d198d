"""Reading the graph of a model, within bounds: traced where possible, else the tree of its modules."""

import signal
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from torch import nn

from evaluations.runner.graph import modules
from evaluations.runner.graph.collapse import collapsed
from evaluations.runner.graph.graph import EXPORT, MODULES, Graph, GraphInvalid
from evaluations.runner.graph.idioms import named
from evaluations.runner.graph.operators import in_reading_order, to_graph
from evaluations.runner.graph.tracing import TRACED_TOKENS, LogitsOf, Untraceable, operators_of

TRACING_SECONDS = 10.0  # of processor time: a model as large as the caps allow takes two or three


def read(model: nn.Module, logits_of: LogitsOf, *, longest: int) -> dict[str, Any]:
    """`{"export": graph or null, "modules": graph or null}` as JSON; `longest` bounds the tokens traced.

    The model is not to be used afterwards: tracing may leave marks on it.
    """
    return {EXPORT: _json(traced, model, logits_of, longest), MODULES: _json(modules.graph_of, model)}


def traced(model: nn.Module, logits_of: LogitsOf, longest: int = TRACED_TOKENS) -> Graph:
    """The canonical graph of a forward; raises `Untraceable` and `GraphInvalid`."""
    with warnings.catch_warnings(), _limited(TRACING_SECONDS):
        warnings.simplefilter("ignore")
        operators = operators_of(model, logits_of, max(2, min(TRACED_TOKENS, longest)))
        return to_graph(collapsed(named(in_reading_order(operators))))


def _json(reader: Any, *given: Any) -> dict[str, Any] | None:
    try:
        graph: Graph = reader(*given)
        return graph.to_json()
    except (Untraceable, GraphInvalid, RecursionError):
        return None


@contextmanager
def _limited(seconds: float) -> Iterator[None]:
    """End the block after so much processor time; only a main thread can be interrupted."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGVTALRM, _give_up)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def _give_up(signum: int, frame: FrameType | None) -> None:
    raise Untraceable("the forward takes too long to follow")
