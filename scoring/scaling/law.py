"""The law of loss over body parameters and tokens, L(N, D) = E + A / N^alpha + B / D^beta.

Source: Hoffmann et al. 2022, Training compute-optimal large language models, equation 2; its fit as in
Besiroglu et al. 2024, Chinchilla scaling: a replication attempt. N counts parameters, D tokens; L, E and the
two terms have the unit of the losses that the law was fitted to: nats per token there, bits per byte here.
"""

import math
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

FLOPS_PER_PARAMETER_TOKEN = 6.0  # training: two for the forward, four for the backward

Numbers = NDArray[np.float64]


class LawHasNoOptimum(Exception):
    """Under this law one of size and text is worth nothing, so compute is best spent on the other alone."""

    code = "law_has_no_optimum"


@dataclass(frozen=True)
class Optimum:
    """The size and the amount of text that lower loss most for a compute budget."""

    compute: float  # FLOPs
    parameters: float
    tokens: float
    loss: float


@dataclass(frozen=True)
class Law:
    """L(N, D) = E + A / N^alpha + B / D^beta."""

    E: float  # what no model of this family gets below
    A: float
    B: float
    alpha: float
    beta: float

    def loss(self, parameters: Numbers | float, tokens: Numbers | float) -> Numbers:
        """Loss at each pair, broadcast."""
        return np.asarray(self.E + self.size_term(parameters) + self.text_term(tokens))

    def size_term(self, parameters: Numbers | float) -> Numbers:
        """A / N^alpha: what a larger model would still win."""
        return np.asarray(self.A * np.power(np.asarray(parameters, dtype=np.float64), -self.alpha))

    def text_term(self, tokens: Numbers | float) -> Numbers:
        """B / D^beta: what more text would still win."""
        return np.asarray(self.B * np.power(np.asarray(tokens, dtype=np.float64), -self.beta))

    def optimum(self, compute: float, *, flops_per: float = FLOPS_PER_PARAMETER_TOKEN) -> Optimum:
        """N* and D* for `compute` FLOPs when training costs `flops_per` FLOPs a parameter and token.

        Raises:
            LawHasNoOptimum: a term does not fall.
        """
        if min(self.alpha, self.beta, self.A, self.B) <= 0 or compute <= 0:
            raise LawHasNoOptimum(f"alpha {self.alpha:.3g}, beta {self.beta:.3g}")
        total = self.alpha + self.beta
        balance = math.log(self.alpha * self.A) - math.log(self.beta * self.B)
        product = math.log(compute / flops_per)  # ln(N D)
        log_parameters = (balance + self.beta * product) / total
        try:
            parameters, tokens = math.exp(log_parameters), math.exp(product - log_parameters)
        except OverflowError as error:
            raise LawHasNoOptimum("beyond any size that a number can hold") from error
        return Optimum(compute, parameters, tokens, float(self.loss(parameters, tokens)))

    def isoflop(
        self, compute: float, parameters: Numbers, *, flops_per: float = FLOPS_PER_PARAMETER_TOKEN
    ) -> Numbers:
        """Loss at each of `parameters` where `compute` FLOPs are spent on the text that they allow."""
        return self.loss(parameters, compute / (flops_per * parameters))

    def slope(self, parameters: float, tokens: float) -> float:
        """-d ln L / d ln N at a point. With unlimited text that is alpha (1 - E / L), not alpha."""
        return float(self.alpha * self.size_term(parameters) / self.loss(parameters, tokens))

    def as_json(self) -> dict[str, float]:
        """The five numbers by name."""
        return asdict(self)


def two_point_slope(smaller: tuple[float, float], larger: tuple[float, float]) -> float:
    """-ln(L2 / L1) / ln(N2 / N1) of two (parameters, loss): what two runs alone say about an exponent.

    It measures alpha (1 - E / L): an irreducible loss E makes it smaller than alpha by E / L.
    """
    (few, high), (many, low) = smaller, larger
    return -math.log(low / high) / math.log(many / few)
