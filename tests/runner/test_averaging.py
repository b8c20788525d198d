"""The mean gradient of two ranks, computed by two threads that meet in a store of this process."""

import threading

import pytest
import torch
from torch import nn

from evaluations.runner import averaging
from evaluations.runner.averaging import average_gradients


class Meeting:
    """A sum over two threads, in place of a process group."""

    def __init__(self) -> None:
        self.barrier = threading.Barrier(2, timeout=30)
        self.given: list[torch.Tensor] = []

    def all_reduce(self, tensor: torch.Tensor) -> None:
        self.given.append(tensor.clone())
        self.barrier.wait()
        tensor.copy_(self.given[0] + self.given[1])


def averaged(monkeypatch: pytest.MonkeyPatch, *ranks: list[nn.Parameter]) -> None:
    monkeypatch.setattr(averaging.torch.distributed, "all_reduce", Meeting().all_reduce)
    threads = [threading.Thread(target=average_gradients, args=(rank, 2)) for rank in ranks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def parameter(value: list[float], gradient: list[float] | None, dtype: torch.dtype) -> nn.Parameter:
    made = nn.Parameter(torch.tensor(value, dtype=dtype))
    made.grad = None if gradient is None else torch.tensor(gradient, dtype=dtype)
    return made


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64, torch.complex64])
def test_every_rank_gets_the_mean_in_the_parameters_own_type(monkeypatch, dtype):
    one, other = (parameter([0.0, 0.0], gradient, dtype) for gradient in ([1.0, 2.0], [3.0, -2.0]))
    averaged(monkeypatch, [one], [other])
    for found in (one.grad, other.grad):
        assert found.dtype == dtype
        assert found.tolist() == [2.0, 0.0]


def test_a_gradient_that_one_rank_lacks_is_zero_there_and_one_that_all_lack_stays_absent(monkeypatch):
    made = [
        [parameter([1.0], gradient, torch.float32), parameter([1.0], None, torch.float32)]
        for gradient in ([4.0], None)
    ]
    averaged(monkeypatch, *made)
    for trained, unused in made:
        assert trained.grad.tolist() == [2.0]
        assert unused.grad is None


def test_frozen_parameters_are_left_alone(monkeypatch):
    frozen = nn.Parameter(torch.ones(2), requires_grad=False)
    average_gradients([frozen], 2)
    assert frozen.grad is None
