"""Doors into the kernel that training never needs. Most are called with arguments that do nothing: past every
check of permission, the kernel then finds them wrong, and that counts as through."""

import ctypes
import os
from collections.abc import Callable
from pathlib import Path

from evaluations.runner.sandbox.kernel import raw_syscall, syscall
from evaluations.sandbox_attacks.attack import Arena, Attack, reach

NOTHING = ctypes.c_void_p(0)
NO_SUCH_KEY = 0x505249
X32_GETPID = 0x40000000 + 39
NAMESPACES = {
    "mount": 0x20000, "cgroup": 0x2000000, "host name": 0x4000000, "IPC": 0x8000000,
    "user": 0x10000000, "process": 0x20000000, "network": 0x40000000, "time": 0x80,
}  # fmt: skip
# Name of the attack -> the call and its arguments.
HARMLESS: dict[str, tuple[str, tuple[object, ...]]] = {
    "set up io_uring": ("io_uring_setup", (1, NOTHING)),
    "enter io_uring": ("io_uring_enter", (-1, 0, 0, 0, NOTHING, 0)),
    "register with io_uring": ("io_uring_register", (-1, 0, NOTHING, 0)),
    "load a BPF program": ("bpf", (5, NOTHING, 0)),
    "make a BPF map": ("bpf", (0, NOTHING, 0)),
    "count performance events": ("perf_event_open", (NOTHING, 0, -1, -1, 0)),
    "handle page faults": ("userfaultfd", (0,)),
    "talk to a keyring": ("keyctl", (0, -3, 0, 0, 0)),
    "add a key": ("add_key", (NOTHING, NOTHING, NOTHING, 0, 0)),
    "request a key": ("request_key", (NOTHING, NOTHING, NOTHING, 0)),
    "a file in memory": ("memfd_create", (b"x", 0)),
    "a secret file in memory": ("memfd_secret", (0,)),
    "join a namespace": ("setns", (-1, 0)),
    "unmount": ("umount2", (b"/nonexistent", 0)),
    "open a file system": ("fsopen", (b"nonexistent", 0)),
    "pick a file system": ("fspick", (-1, b"", 0)),
    "open a mount tree": ("open_tree", (-100, b"/nonexistent", 1)),
    "move a mount": ("move_mount", (-1, b"", -1, b"", 0)),
    "attributes of a mount": ("mount_setattr", (-1, b"", 0, NOTHING, 0)),
    "facts of a mount": ("statmount", (NOTHING, NOTHING, 0, 0)),
    "list mounts": ("listmount", (NOTHING, NOTHING, 0, 0)),
    "load a module": ("init_module", (NOTHING, 0, NOTHING)),
    "load a module from a file": ("finit_module", (-1, NOTHING, 0)),
    "unload a module": ("delete_module", (b"", 0)),
    "load a kernel": ("kexec_load", (0, 17, NOTHING, 1)),
    "load a kernel from a file": ("kexec_file_load", (-1, -1, 0, NOTHING, 0)),
    "restart the machine": ("reboot", (0, 0, 0, NOTHING)),
    "swap to a file": ("swapon", (b"/nonexistent", 0)),
    "stop swapping": ("swapoff", (b"/nonexistent",)),
    "disk quotas": ("quotactl", (0, NOTHING, 0, NOTHING)),
    "disk quotas by descriptor": ("quotactl_fd", (-1, 0, 0, NOTHING)),
    "process accounting": ("acct", (b"/nonexistent",)),
    "the kernel's log": ("syslog", (10, NOTHING, 0)),
    "set the time of day": ("settimeofday", (NOTHING, NOTHING)),
    "set a clock": ("clock_settime", (0, NOTHING)),
    "adjust the clock": ("adjtimex", (NOTHING,)),
    "adjust a clock": ("clock_adjtime", (0, NOTHING)),
    "name the host": ("sethostname", (NOTHING, -1)),
    "name the domain": ("setdomainname", (NOTHING, -1)),
    "raise I/O privilege": ("iopl", (4,)),
    "permit I/O ports": ("ioperm", (0, 0, 0)),
    "the local descriptor table": ("modify_ldt", (0, NOTHING, 0)),
    "personality": ("personality", (0xFFFFFFFF,)),
    "watch every file": ("fanotify_init", (0, 0)),
    "mark every file": ("fanotify_mark", (-1, 0, 0, -1, NOTHING)),
    "watch files": ("inotify_init1", (0,)),
    "shared memory of System V": ("shmget", (NO_SUCH_KEY, 4096, 0)),
    "semaphores of System V": ("semget", (NO_SUCH_KEY, 1, 0)),
    "messages of System V": ("msgget", (NO_SUCH_KEY, 0)),
    "asynchronous I/O": ("io_setup", (0, NOTHING)),
    "lock all memory": ("mlockall", (0,)),
    "give pages to a pipe": ("vmsplice", (-1, NOTHING, 0, 0)),
    "release memory of the dying": ("process_mrelease", (-1, 0)),
    "name a file by handle": ("name_to_handle_at", (-100, b"/", NOTHING, NOTHING, 0)),
    "open a file by handle": ("open_by_handle_at", (-1, NOTHING, 0)),
    "list security modules": ("lsm_list_modules", (NOTHING, NOTHING, 0)),
    "attributes of security modules": ("lsm_get_self_attr", (100, NOTHING, NOTHING, 0)),
    "file system types": ("sysfs", (3,)),
    "statistics of a device": ("ustat", (0, NOTHING)),
    "change the root by pivot": ("pivot_root", (b"/nonexistent", b"/nonexistent")),
}  # fmt: skip


def _harmless(name: str, arguments: tuple[object, ...]) -> Callable[[Arena], object]:
    return lambda a: reach(name, *arguments)


def _unshare(flag: int) -> Callable[[Arena], object]:
    return lambda a: syscall("unshare", flag)


def _join(kind: str) -> Callable[[Arena], object]:
    return lambda a: syscall("setns", os.open(f"/proc/{a.victim}/ns/{kind}", os.O_RDONLY), 0)


def _mount(a: Arena) -> None:
    """A file system type that does not exist: the kernel says so to whoever may mount."""
    reach("mount", b"none", a.own.encode(), b"nonexistent", 0, NOTHING)


def _change_root(a: Arena) -> None:
    os.chroot(a.own)


def _capabilities(a: Arena) -> None:
    """Ask for every capability that it has, and one more where it has none."""
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    sets = (ctypes.c_uint32 * 6)(1, 1, 0, 0, 0, 0)
    syscall("capset", header, sets)


def _message_queue(a: Arena) -> None:
    syscall("mq_open", f"{Path(a.beside).parent.name}".encode(), os.O_CREAT, 0o600, NOTHING)
    syscall("mq_unlink", f"{Path(a.beside).parent.name}".encode())


TRICKS: dict[str, Callable[[Arena], object]] = {
    "mount": _mount,
    "change the root": _change_root,
    "become another user": lambda a: os.setuid(65534),
    "become another group": lambda a: os.setgid(65534),
    "become another user for files": lambda a: syscall("setfsuid", 65534),
    "change every user id": lambda a: os.setresuid(65534, 65534, 65534),
    "change groups": lambda a: os.setgroups([]),
    "gain a capability": _capabilities,
    "a message queue": _message_queue,
    "the x32 table of system calls": lambda a: raw_syscall(X32_GETPID, "getpid"),
}

ATTACKS = [
    *(Attack("kernel", f"a new {name} namespace", _unshare(flag)) for name, flag in NAMESPACES.items()),
    *(
        Attack("kernel", f"the victim's {kind} namespace", _join(kind))
        for kind in ("mnt", "net", "uts", "ipc")
    ),
    *(Attack("kernel", name, _harmless(*call)) for name, call in HARMLESS.items()),
    *(Attack("kernel", name, attempt) for name, attempt in TRICKS.items()),
]
