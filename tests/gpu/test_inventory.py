"""Which GPUs a host may lend, and what it tells the others of them."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.db.models.functions import Now

from evaluations import gpu_devices, gpu_inventory
from evaluations.gpu_inventory import Device, inventory, memory_by_uuid
from evaluations.models import GpuDevice
from evaluations.runner.devices import Gpu
from prism_site.config import override_env
from prism_site.config_errors import SettingsRefused

LISTED = [Gpu("GPU-a", "NVIDIA H100 80GB HBM3", 0), Gpu("GPU-b", "NVIDIA H100 80GB HBM3", 1)]
DECLARED = "GPU-c:NVIDIA A100-SXM4-80GB:80g, MIG-d:NVIDIA H100 MIG 1g:10240m"
TOOL = """#!/bin/sh
[ "$1 $2" = "--query-gpu=uuid,memory.total --format=csv,noheader,nounits" ] || exit 2
printf 'GPU-a, 81559\\nGPU-b, [N/A]\\n\\n'
"""


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu_inventory, "gpus", lambda: LISTED)


def test_without_a_setting_all_that_the_driver_lists_may_be_lent(driver: None) -> None:
    assert inventory() == [Device(gpu.uuid, gpu.model) for gpu in LISTED]


def test_a_setting_picks_some_and_passes_over_what_is_not_there(driver: None) -> None:
    with override_env(gpus="GPU-b,GPU-z"):
        assert [device.uuid for device in inventory()] == ["GPU-b"]


def test_a_setting_declares_what_no_driver_lists() -> None:
    with override_env(gpus=DECLARED):
        assert inventory() == [
            Device("GPU-c", "NVIDIA A100-SXM4-80GB", 80 << 30),
            Device("MIG-d", "NVIDIA H100 MIG 1g", 10 << 30),
        ]


@pytest.mark.parametrize(
    "text", ["0", "GPU-a:H100", "GPU-a:H100:0g", "GPU-a:H100:80", "GPU-a,GPU-a", "GPU-a:H100:80g,GPU-a"]
)
def test_what_names_no_gpu_or_one_twice_stops_the_start(text: str) -> None:
    with pytest.raises(SettingsRefused, match="PRISM_GPUS"), override_env(gpus=text):
        pass


def test_memory_is_what_the_driver_s_tool_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert memory_by_uuid() == {}
    tool = tmp_path / "nvidia-smi"
    tool.write_text(TOOL)
    tool.chmod(0o755)
    assert memory_by_uuid() == {"GPU-a": 81_559 << 20}


@pytest.mark.django_db
def test_a_host_reports_its_gpus_once_each_and_says_when_it_saw_them() -> None:
    with override_env(gpus=DECLARED, host_name="one"):
        assert gpu_devices.report() == 2
        GpuDevice.objects.update(seen_at=Now() - timedelta(hours=1))
    with override_env(gpus="GPU-c:NVIDIA A100-SXM4-80GB:80g", host_name="one"):
        assert gpu_devices.report() == 1
    rows = {device.uuid: device for device in GpuDevice.objects.all()}
    assert rows.keys() == {"GPU-c", "MIG-d"}
    assert rows["GPU-c"].memory_bytes == 80 << 30
    assert rows["GPU-c"].seen_at - rows["MIG-d"].seen_at > timedelta(minutes=59)
    with override_env(gpus="GPU-c:NVIDIA A100-SXM4-80GB:80g", host_name="two"):
        gpu_devices.report()
    assert GpuDevice.objects.filter(uuid="GPU-c").count() == 2


@pytest.mark.django_db
def test_a_gpu_that_nobody_saw_for_a_week_is_forgotten() -> None:
    with override_env(gpus=DECLARED):
        gpu_devices.report()
    GpuDevice.objects.filter(uuid="MIG-d").update(seen_at=Now() - timedelta(days=8))
    gpu_devices.forget()
    assert [device.uuid for device in GpuDevice.objects.all()] == ["GPU-c"]
