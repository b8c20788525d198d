"""Queues by name: which messages are for whoever comes first, which for one host, and who hears them.

default      reviews, scores and everything else that any host may do
gpu          starting runs: heard by clusters called gpu, and by default clusters of hosts with slots
NAME@HOST    looking after the jobs of one host, its canary: heard by that host's cluster alone
"""

from django_q.conf import Conf

from prism_site.config import env

SHARED = "default"
LAUNCHES = "gpu"
CLUSTERS = (SHARED, LAUNCHES)
AT = "@"


def this_cluster() -> str:
    """The cluster that this process is a worker of; `default` for every other process."""
    name: str = Conf.CLUSTER_NAME
    return name


def of_host(cluster: str) -> str:
    """The queue that this host's cluster of that name hears, and nobody else."""
    return f"{cluster}{AT}{env().host}"


def heard_by(cluster: str) -> list[str]:
    """The queues that a cluster on this host takes messages from."""
    launches = [LAUNCHES] if cluster == SHARED and env().local_slots else []
    return [cluster, of_host(cluster), *launches]
