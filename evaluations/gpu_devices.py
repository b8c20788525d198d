"""This host's GPUs as rows, so that others see what there is and when it was last there."""

from datetime import timedelta

from django.db.models.functions import Now

from evaluations.gpu_inventory import Device, inventory, memory_by_uuid
from evaluations.models import GpuDevice
from prism_site.config import env

MISSING = timedelta(seconds=60)  # a host reports every few seconds
FORGOTTEN = timedelta(days=7)


def report() -> int:
    """Say which GPUs are here, as the reconcile tick does; how many there are.

    Only a GPU that is new here is asked for its memory, which wakes the driver.
    """
    there = {device.uuid: device for device in inventory()}
    own = GpuDevice.objects.filter(host=env().host)
    known = set(own.values_list("uuid", flat=True)) if there else set()
    if new := [device for uuid, device in there.items() if uuid not in known]:
        _introduce(new)
    if there:
        own.filter(uuid__in=there).update(seen_at=Now())
    return len(there)


def forget() -> None:
    """Drop what nobody has seen for a week; leases remember their device by themselves."""
    GpuDevice.objects.filter(seen_at__lt=Now() - FORGOTTEN).delete()


def _introduce(devices: list[Device]) -> None:
    asked = memory_by_uuid() if any(device.memory_bytes is None for device in devices) else {}
    for device in devices:
        GpuDevice.objects.get_or_create(
            host=env().host,
            uuid=device.uuid,
            defaults={
                "model": device.model[:120],
                "memory_bytes": device.memory_bytes or asked.get(device.uuid),
                "first_seen_at": Now(),
                "seen_at": Now(),
            },
        )
