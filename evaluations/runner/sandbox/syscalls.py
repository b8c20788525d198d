"""System call numbers by name, of the two architectures this sandbox knows."""

import os

from evaluations.runner.sandbox import numbers_aarch64, numbers_x86_64
from evaluations.runner.sandbox.errors import SandboxUnavailable

AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}  # linux/audit.h
X32_BIT = 0x40000000  # a second table of the x86-64 kernel, entered by this bit in the number

# From here on one table serves every architecture.
COMMON_FROM_424 = """
    pidfd_send_signal io_uring_setup io_uring_enter io_uring_register open_tree move_mount fsopen fsconfig
    fsmount fspick pidfd_open clone3 close_range openat2 pidfd_getfd faccessat2 process_madvise epoll_pwait2
    mount_setattr quotactl_fd landlock_create_ruleset landlock_add_rule landlock_restrict_self memfd_secret
    process_mrelease futex_waitv set_mempolicy_home_node cachestat fchmodat2 map_shadow_stack futex_wake
    futex_wait futex_requeue statmount listmount lsm_get_self_attr lsm_set_self_attr lsm_list_modules mseal
    setxattrat getxattrat listxattrat removexattrat open_tree_attr file_getattr file_setattr
"""
RUNS = {"x86_64": numbers_x86_64.RUNS, "aarch64": numbers_aarch64.RUNS}


def machine() -> str:
    """The architecture of this process; raise `SandboxUnavailable` where no table is known for it."""
    name = os.uname().machine
    if name not in RUNS:
        raise SandboxUnavailable(f"no table of system calls for {name}")
    return name


def numbers(architecture: str) -> dict[str, int]:
    """Name to number of every system call of `architecture` that this table knows."""
    runs = RUNS[architecture] | {424: COMMON_FROM_424}
    return {name: first + i for first, names in runs.items() for i, name in enumerate(names.split())}
