"""Changing what is not the submission's, and leaving traps in what is."""

import ctypes
import fcntl
import os
import signal
import socket
from collections.abc import Callable
from pathlib import Path

from evaluations.runner.sandbox.kernel import libc, syscall
from evaluations.sandbox_attacks.attack import Arena, Attack, expect

AT_FDCWD, FS_IOC_SETFLAGS, FS_NODUMP = -100, 0x40086602, 0x40
F_NOTIFY, DN_MODIFY, IN_ACCESS, LOCK_SHARED = 1026, 2, 1, 1
OPENED_ONLY = """
    /proc/sys/kernel/core_pattern /proc/sys/kernel/hostname /proc/sys/vm/drop_caches /proc/sysrq-trigger
    /proc/self/oom_score_adj /proc/self/uid_map /proc/self/loginuid /proc/self/comm /proc/self/mem
    /dev/kmsg /dev/mem /dev/vda /sys/fs/cgroup/cgroup.procs /sys/power/state /etc/passwd
    /etc/ld.so.preload /usr/lib/os-release
"""


def _opened_for_writing(path: str) -> Callable[[Arena], object]:
    return lambda a: os.close(os.open(path, os.O_WRONLY))


def _create(path: str) -> None:
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def _create_abroad(path: str) -> None:
    _create(path)
    Path(path).unlink()


def _overwrite(path: str, flags: int = 0) -> None:
    descriptor = os.open(path, os.O_WRONLY | flags)
    os.write(descriptor, b"x")
    os.close(descriptor)


def _chmod_by_descriptor(a: Arena) -> None:
    descriptor = os.open(a.shared, os.O_RDONLY)
    os.fchmod(descriptor, 0o640)


def _attribute_flags(a: Arena) -> None:
    descriptor = os.open(a.shared, os.O_RDONLY)
    fcntl.ioctl(descriptor, FS_IOC_SETFLAGS, ctypes.create_string_buffer(bytes([FS_NODUMP]), 8))


def _rename_out(a: Arena) -> None:
    _create(f"{a.own}/mine")
    Path(f"{a.own}/mine").rename(f"{a.beside}/stolen")


def _rename_in(a: Arena) -> None:
    Path(a.secret).rename(f"{a.own}/taken")


def _exchange(a: Arena) -> None:
    _create(f"{a.own}/mine")
    syscall("renameat2", AT_FDCWD, f"{a.own}/mine".encode(), AT_FDCWD, a.secret.encode(), 2)


def _bind_in_own(a: Arena) -> None:
    socket.socket(socket.AF_UNIX).bind(f"{a.own}/door")


def _set_user_id_file(a: Arena) -> None:
    _create(f"{a.own}/suid")
    Path(f"{a.own}/suid").chmod(0o4755)


def _lock(a: Arena) -> None:
    fcntl.flock(os.open(a.shared, os.O_RDONLY), fcntl.LOCK_SH)


def _record_lock(a: Arena) -> None:
    fcntl.lockf(os.open(a.shared, os.O_RDONLY), fcntl.LOCK_SH)


def _lease(a: Arena) -> None:
    fcntl.fcntl(os.open(a.shared, os.O_RDONLY), fcntl.F_SETLEASE, fcntl.F_RDLCK)


def _directory_notice(a: Arena) -> None:
    signal.signal(signal.SIGIO, signal.SIG_IGN)
    fcntl.fcntl(os.open(Path(a.shared).parent, os.O_RDONLY), F_NOTIFY, DN_MODIFY)


def _inotify(a: Arena) -> None:
    watcher = syscall("inotify_init1", 0)
    syscall("inotify_add_watch", watcher, a.secret.encode(), IN_ACCESS)


def _page_cache(a: Arena) -> None:
    """Which pages of a shared file somebody has read: a channel between the two children."""
    descriptor, answer = os.open(a.shared, os.O_RDONLY), ctypes.create_string_buffer(40)
    syscall("cachestat", descriptor, ctypes.create_string_buffer(16), answer, 0)


def _resident_pages(a: Arena) -> None:
    buffer = ctypes.create_string_buffer(8192)
    start = (ctypes.addressof(buffer) + 4095) & ~4095
    syscall("mincore", ctypes.c_void_p(start), 4096, ctypes.create_string_buffer(1))


def _touch_from_c(a: Arena) -> None:
    expect(libc().utimes(a.shared.encode(), None) == 0)


TRICKS: dict[str, Callable[[Arena], object]] = {
    "create a file beside": lambda a: _create(f"{a.beside}/new"),
    "create a file above": lambda a: _create(f"{a.own}/../new"),
    "create a file in /tmp": lambda a: _create_abroad(f"/tmp/{Path(a.beside).parent.name}.new"),  # noqa: S108
    "create a file in shared memory": lambda a: _create_abroad(f"/dev/shm/{Path(a.beside).parent.name}.new"),  # noqa: S108
    "create a file in the interpreter": lambda a: _create_abroad(
        f"{Path(os.__file__).parent}/{os.getpid()}.new"
    ),
    "overwrite a secret file": lambda a: _overwrite(a.secret),
    "overwrite a file it may read": lambda a: _overwrite(a.shared),
    "append to a file it may read": lambda a: _overwrite(a.shared, os.O_APPEND),
    "truncate a file by path": lambda a: os.truncate(a.shared, 0),
    "truncate a file by opening": lambda a: os.close(os.open(a.shared, os.O_RDONLY | os.O_TRUNC)),
    "remove a file it may read": lambda a: Path(a.shared).unlink(),
    "remove a secret file": lambda a: Path(a.secret).unlink(),
    "make a folder beside": lambda a: Path(f"{a.beside}/folder").mkdir(),
    "remove a folder beside": lambda a: Path(f"{a.beside}/empty").rmdir(),
    "rename a file out": _rename_out,
    "rename a secret in": _rename_in,
    "exchange a file with a secret": _exchange,
    "hard link to a secret": lambda a: os.link(a.secret, f"{a.own}/hard"),
    "hard link to a file it may read": lambda a: os.link(a.shared, f"{a.own}/hard"),
    "symbolic link in its artifacts": lambda a: Path(f"{a.own}/soft").symlink_to(a.secret),
    "named pipe in its artifacts": lambda a: os.mkfifo(f"{a.own}/pipe"),
    "socket file in its artifacts": _bind_in_own,
    "character device in its artifacts": lambda a: os.mknod(f"{a.own}/null", 0o20666, os.makedev(1, 3)),
    "block device in its artifacts": lambda a: os.mknod(f"{a.own}/disk", 0o60666, os.makedev(7, 0)),
    "set-user-id file in its artifacts": _set_user_id_file,
    "mode of a secret file": lambda a: Path(a.secret).chmod(0o666),
    "mode of a file by descriptor": _chmod_by_descriptor,
    "owner of a file": lambda a: os.chown(a.shared, 0, 0),
    "owner of a file of its own": lambda a: os.chown(a.own, 65534, -1),
    "times of a file": lambda a: os.utime(a.shared, (1, 1)),
    "times of a file by the C library": _touch_from_c,
    "extended attribute of a file": lambda a: os.setxattr(a.shared, "user.mark", b"x"),
    "flags of a file": _attribute_flags,
    "lock a shared file": _lock,
    "lock a record of a shared file": _record_lock,
    "lease a shared file": _lease,
    "be told of changes in a folder": _directory_notice,
    "watch a secret file": _inotify,
    "probe the page cache of a shared file": _page_cache,
    "probe resident pages": _resident_pages,
    "flush every disk": lambda a: syscall("sync"),
}

ATTACKS = [
    *(Attack("write", f"open {path}", _opened_for_writing(path)) for path in OPENED_ONLY.split()),
    *(Attack("write", name, attempt) for name, attempt in TRICKS.items()),
]
