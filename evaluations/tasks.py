"""The ticks that queue workers carry out: seconds long, idempotent, safe to kill anywhere."""

from django.db.models.functions import Now

from evaluations import bell, gpu_devices, gpu_leases, reconcile
from evaluations.backends import kept_checkpoints
from evaluations.launching import free_slots, launch_next
from evaluations.models import Canary
from evaluations.queues import of_host, this_cluster
from evaluations.shared_secrets import fingerprint
from prism_site.config import env

LAUNCH = "evaluations.tasks.launch_tick"


def canary_tick() -> None:
    """Stamp a row of this host's cluster: the one reliable sign that its pool of workers is alive."""
    stamp = {"stamped_at": Now(), "secrets": fingerprint()}
    Canary.objects.update_or_create(cluster=this_cluster(), host=env().host, defaults=stamp)
    bell.forget_unheard()
    gpu_devices.forget()


def launch_tick() -> bool:
    """Start the next queued run where a slot is free; return whether one was claimed."""
    claimed = launch_next()
    if claimed and free_slots() > 0:
        bell.ring(LAUNCH, once=True, queue=of_host(this_cluster()))
    return claimed


def reconcile_tick() -> None:
    """Bring rows and jobs together again, then ask for what can go on."""
    gpu_devices.report()
    reconcile.attend_jobs()
    reconcile.lose_expired()
    gpu_leases.release_over()
    reconcile.sweep_folders()
    kept_checkpoints.throw_away()
    reconcile.ring_stale()
    if free_slots() > 0 and reconcile.anything_queued():
        bell.ring(LAUNCH, once=True, queue=of_host(this_cluster()))
