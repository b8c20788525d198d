"""Which GPUs there are and who sees which, read from a driver's files as they look on a GPU host."""

from pathlib import Path

import pytest

from evaluations.runner import devices
from evaluations.runner.devices import Gpu

INFORMATION = """Model: \t\t NVIDIA H100 80GB HBM3
IRQ:   \t\t {irq}
GPU UUID: \t {uuid}
Video BIOS: \t 96.00.89.00.01
Bus Type: \t PCIe
DMA Size: \t 52 bits
Bus Location: \t 0000:{bus}:00.0
Device Minor: \t {minor}
GPU Firmware: \t 550.90.07
GPU Excluded:\t {excluded}
"""


@pytest.fixture
def driver(tmp_path: Path) -> Path:
    """Three GPUs, listed by bus; the last is excluded, and the second has no device here."""
    cards = [
        ("1b", "GPU-b", 1, "No"),
        ("43", "GPU-a", 0, "No"),
        ("52", "GPU-c", 2, "Yes"),
        ("61", "?", 3, "No"),
    ]
    (tmp_path / "dev").mkdir()
    for bus, uuid, minor, excluded in cards:
        folder = tmp_path / "gpus" / f"0000:{bus}:00.0"
        folder.mkdir(parents=True)
        said = INFORMATION.format(irq=7, uuid=uuid, bus=bus, minor=minor, excluded=excluded)
        (folder / "information").write_text(said)
        (tmp_path / "dev" / f"nvidia{minor}").touch()
    return tmp_path


def test_gpus_are_those_that_can_be_opened_and_used(driver: Path) -> None:
    found = devices.gpus(driver, driver / "dev")
    model = "NVIDIA H100 80GB HBM3"
    assert found == [Gpu("GPU-a", model, 0), Gpu("GPU-b", model, 1)]
    (driver / "dev" / "nvidia0").unlink()
    assert [gpu.uuid for gpu in devices.gpus(driver, driver / "dev")] == ["GPU-b"]


def test_a_host_without_a_driver_has_no_gpu(tmp_path: Path) -> None:
    assert devices.gpus(tmp_path) == []


def test_ranks_train_on_what_was_lent_and_scoring_takes_what_is_left() -> None:
    assert devices.of_learner(("a", "b", "c"), 2) == ("a", "b")
    assert devices.of_predictors(("a", "b", "c"), 2) == ("c",)
    assert devices.of_predictors(("a", "b"), 2) == ("a",)
    assert devices.of_predictors((), 1) == ()


def test_only_the_nodes_of_the_visible_gpus_are_opened() -> None:
    known = [Gpu("a", "", 0), Gpu("b", "", 5)]
    found = list(devices.nodes(("b",), known))
    assert "/dev/nvidia5" in found
    assert "/dev/nvidia0" not in found
    assert {"/dev/nvidiactl", "/dev/nvidia-uvm"} <= set(found)
