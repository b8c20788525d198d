"""What a look inside a model finds: one forward and backward on a few windows, with hooks on every module.

- gradient noise: tr(Sigma) / |G|^2 of one window's gradient, from the gradients a and b of two half batches
  of n windows each: n |a - b|^2 / 2 over a . b (McCandlish et al. 2018, An Empirical Model of Large-Batch
  Training, appendix A, with B_big = 2 n); null where the two halves do not agree at all.
- representation rank: exp of the entropy of the singular values of what enters the output head, centred
  (Roy & Vetterli 2007, The effective rank). No attention map is looked at, so it is defined for any model.
- dead units: features given to a module that owns parameters which are the same at every position.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from evaluations.runner.findings import MOST_MODULES, sanitised

Forward = Callable[[Tensor], Tensor]
Gradients = dict[str, Tensor]

SPREAD = 1e-6  # of the largest value of a module's input: a feature that varies less is constant


@dataclass
class Seen:
    """What went through one module, over all of its calls."""

    squares: float = 0.0
    values: int = 0
    largest: float = 0.0
    nonfinite: int = 0
    units: int = 0
    dead: int = 0

    @property
    def rms(self) -> float:
        """Root of the mean square of its outputs."""
        return float((self.squares / max(1, self.values)) ** 0.5)

    @property
    def dead_share(self) -> float | None:
        """Share of constant features among those that it was given; None where it was given none."""
        return self.dead / self.units if self.units else None


class Observer:
    """Hooks on every module of a model; `hidden` is what entered the output head."""

    def __init__(self, model: nn.Module) -> None:
        self.seen: dict[str, Seen] = {}
        self.owners = {name for name, module in model.named_modules() if owns_parameters(module)}
        self.before: Tensor | None = None  # the output of the module before the last
        self.last: tuple[Tensor | None, Tensor] | None = None  # (input, output) of the last module
        self.handles = [
            module.register_forward_hook(partial(self._look, name)) for name, module in model.named_modules()
        ]

    def close(self) -> None:
        """Take the hooks off, and let go of the activations."""
        for handle in self.handles:
            handle.remove()
        self.before = self.last = None

    def hidden(self, logits_BxTxV: Tensor) -> Tensor | None:
        """(N, D) of the last representation before the logits, in float64; None where there is none."""
        if self.last is None:
            return None
        given, output = self.last
        found = output if not _same(output, logits_BxTxV) else given if given is not None else self.before
        return None if found is None else found.detach().flatten(0, -2).double()

    def _look(self, name: str, module: nn.Module, inputs: Any, output: Any) -> None:
        given, produced = _floats(inputs), _floats(output)
        seen = self.seen.setdefault(name, Seen())
        if produced is not None:
            _count(seen, produced.detach())
        if given is not None and name in self.owners:
            _count_dead(seen, given.detach().flatten(0, -2))
        if produced is not None and produced.dim() == 3 and name:
            self._remember(given if given is not None and given.dim() == 3 else None, produced)

    def _remember(self, given: Tensor | None, produced: Tensor) -> None:
        """A wrapper that hands its last part's output on is not another layer."""
        if self.last is not None and _same(self.last[1], produced):
            return
        self.before, self.last = self.last[1] if self.last else None, (given, produced)


def measure(model: nn.Module, forward: Forward, window_BxT: Tensor) -> dict[str, Any]:
    """Every figure of one look, on windows (B, T), B and T at least 1 and 2; no gradient is left behind.

    Loss in nats per token; a number that is not finite is null. Whatever the model raises is raised.
    """
    observer, parts = Observer(model), halves(window_BxT)
    model.zero_grad(set_to_none=True)
    try:
        return _measured(model, forward, observer, parts)
    finally:
        observer.close()
        model.zero_grad(set_to_none=True)


def _measured(model: nn.Module, forward: Forward, observer: Observer, parts: list[Tensor]) -> dict[str, Any]:
    gradients: list[Gradients] = []
    losses: list[float] = []
    for rows in parts:
        logits_BxTxV = forward(rows[:, :-1])
        loss = F.cross_entropy(logits_BxTxV.flatten(0, 1).float(), rows[:, 1:].flatten())
        hidden_NxD = observer.hidden(logits_BxTxV)
        loss.backward()  # type: ignore[no-untyped-call]
        losses.append(loss.item())
        gradients.append(taken_gradients(model))
    whole = _mean(gradients)
    return {
        "loss": _finite(sum(losses) / len(losses)),
        "gradient_norm": _finite(_norm(whole.values())),
        "gradient_noise": _finite(gradient_noise(gradients, len(parts[0]))),
        "nonfinite_gradients": sum(int((~torch.isfinite(g)).sum()) for g in whole.values()),
        **_representation(hidden_NxD),
        **_activations(observer),
        "modules": list(_modules(model, observer, whole)),
    }


def halves(window_BxT: Tensor) -> list[Tensor]:
    """Two equal batches; a single row stays alone."""
    half = len(window_BxT) // 2
    return [window_BxT[:half], window_BxT[half : 2 * half]] if half else [window_BxT]


def taken_gradients(model: nn.Module) -> Gradients:
    """The gradient of every parameter that has one; the parameters give them up."""
    found = {}
    for name, parameter in model.named_parameters():
        if parameter.grad is not None:
            found[name] = parameter.grad.to_dense() if parameter.grad.is_sparse else parameter.grad
            parameter.grad = None
    return found


def gradient_noise(parts: list[Gradients], rows: int) -> float | None:
    """Noise over signal of one window's gradient, from those of two half batches of `rows` windows."""
    if len(parts) != 2:
        return None
    first, second = parts
    shared = first.keys() & second.keys()
    signal = sum(_sum(first[name] * second[name]) for name in shared)
    noise = rows * sum(_sum((first[name] - second[name]) ** 2) for name in shared) / 2
    return noise / signal if signal > 0 else None


def effective_rank(hidden_NxD: Tensor) -> float | None:
    """exp of the entropy of the singular values of the centred rows; None where they are all alike."""
    centred = hidden_NxD - hidden_NxD.mean(0)
    gram = centred.T @ centred if centred.shape[1] <= centred.shape[0] else centred @ centred.T
    if not bool(torch.isfinite(gram).all()):
        return None
    singular = torch.linalg.eigvalsh(gram).clamp_min(0.0).sqrt()
    total = float(singular.sum())
    if total <= 0:
        return None
    shares = singular[singular > 0] / total
    return float((-(shares * shares.log()).sum()).exp())


def owns_parameters(module: nn.Module) -> bool:
    """Whether a module has parameters of its own, not of its parts."""
    return any(True for _ in module.parameters(recurse=False))


def _representation(hidden_NxD: Tensor | None) -> dict[str, Any]:
    """Rank of the last representation, and how many directions it could have."""
    if hidden_NxD is None:
        return {"representation_rank": None, "representation_directions": None}
    directions = min(hidden_NxD.shape[0] - 1, hidden_NxD.shape[1])
    return {"representation_rank": effective_rank(hidden_NxD), "representation_directions": directions}


def _activations(observer: Observer) -> dict[str, Any]:
    """Over the outputs of all modules, and over the inputs of those that own parameters."""
    seen = list(observer.seen.values())
    units = sum(one.units for one in seen)
    values = max(1, sum(one.values for one in seen))
    return {
        "activation_rms": _finite((sum(one.squares for one in seen) / values) ** 0.5),
        "activation_max": _finite(max((one.largest for one in seen), default=0.0)),
        "nonfinite_activations": sum(one.nonfinite for one in seen),
        "dead_units": sum(one.dead for one in seen) / units if units else None,
    }


def _modules(model: nn.Module, observer: Observer, whole: Gradients) -> Iterator[dict[str, Any]]:
    """Modules that own parameters, in order; of more than are shown, ones spread over the depth."""
    owners = [name for name, module in model.named_modules() if name in observer.owners]
    shown = sorted({place * len(owners) // MOST_MODULES for place in range(MOST_MODULES)})
    for name in owners if len(owners) <= MOST_MODULES else [owners[place] for place in shown]:
        seen = observer.seen.get(name, Seen())
        own = [gradient for key, gradient in whole.items() if key.rpartition(".")[0] == name]
        yield {
            "name": sanitised(name),
            "gradient_norm": _finite(_norm(own)),
            "activation_rms": _finite(seen.rms),
            "activation_max": _finite(seen.largest),
            "dead_units": seen.dead_share,
        }


def _mean(parts: list[Gradients]) -> Gradients:
    """Mean gradient; a parameter that one half did not reach counts as zero there."""
    whole: Gradients = {}
    for part in parts:
        for name, gradient in part.items():
            share = gradient / len(parts)
            whole[name] = whole[name] + share if name in whole else share
    return whole


def _count(seen: Seen, output: Tensor) -> None:
    finite = torch.isfinite(output)
    sizes = torch.where(finite, output, torch.zeros_like(output)).abs().double()
    seen.squares += _sum(sizes**2)
    seen.values += output.numel()
    seen.nonfinite += int((~finite).sum())
    seen.largest = max(seen.largest, float(sizes.max())) if output.numel() else seen.largest


def _count_dead(seen: Seen, given_NxD: Tensor) -> None:
    spread = given_NxD.amax(0) - given_NxD.amin(0)
    seen.units += given_NxD.shape[-1]
    seen.dead += int((spread <= SPREAD * given_NxD.abs().amax()).sum())


def _floats(found: Any) -> Tensor | None:
    """A tensor of real numbers with features in its last axis, or the first of a tuple."""
    if isinstance(found, (tuple, list)) and found:
        found = found[0]
    fits = isinstance(found, Tensor) and found.is_floating_point() and found.dim() >= 2 and found.numel() > 0
    return found if fits else None


def _same(one: Tensor, other: Tensor) -> bool:
    return one.data_ptr() == other.data_ptr() and one.shape == other.shape


def _norm(gradients: Iterable[Tensor]) -> float:
    return float(sum(_sum(gradient.abs() ** 2) for gradient in gradients) ** 0.5)


def _sum(values: Tensor) -> float:
    return float(values.double().sum())


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
