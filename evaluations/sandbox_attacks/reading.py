"""Reading what is not the submission's: files, listings, the kernel's tables; and the ways round a path."""

import ctypes
import os
import sysconfig
from collections.abc import Callable
from importlib.util import cache_from_source
from pathlib import Path

from evaluations.runner.sandbox.kernel import libc, syscall
from evaluations.sandbox_attacks.attack import Arena, Attack, Blocked, expect

AT_FDCWD = -100
SYSTEM_FILES = """
    /etc/passwd /etc/shadow /etc/group /etc/hostname /etc/hosts /etc/resolv.conf /etc/fstab
    /etc/environment /etc/machine-id /proc/1/cmdline /proc/1/environ /proc/1/status
    /proc/mounts /proc/cmdline /proc/kallsyms /proc/modules /proc/keys /proc/partitions /proc/interrupts
    /proc/uptime /proc/loadavg /proc/vmstat /proc/stat /proc/version /proc/swaps /proc/self/mountinfo
    /proc/self/cgroup /proc/self/pagemap /proc/self/net/tcp /proc/self/net/unix
    /proc/thread-self/net/tcp /proc/net/route /proc/sys/kernel/hostname /proc/sys/kernel/random/boot_id
    /sys/kernel/notes /sys/class/dmi/id/product_name /dev/kmsg /dev/tty /dev/ptmx /dev/mem /dev/vda
    /dev/sda /dev/kvm /dev/fuse /dev/net/tun /dev/userfaultfd /dev/loop-control
"""
FOLDERS = """
    / /root /home /tmp /var /var/log /var/lib /etc /proc /proc/self/ns /sys /sys/class/net
    /sys/fs/cgroup /dev /dev/shm /run /opt /srv /usr/bin /boot
"""


def listed(path: str) -> list[str]:
    """Names in a folder."""
    return [entry.name for entry in Path(path).iterdir()]


def read(path: str) -> bytes:
    """The first byte of a file, or that it could be opened."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
    try:
        if path != os.devnull and os.path.samestat(os.fstat(descriptor), Path(os.devnull).stat()):
            raise Blocked  # container engines put the null device over what they hide
        return os.pread(descriptor, 1, 0) if Path(path).is_file() else b""
    except OSError:
        return b""  # opened; this file has nothing at its beginning
    finally:
        os.close(descriptor)


def _climb_from_own(a: Arena) -> None:
    folder = os.open(a.own, os.O_RDONLY | os.O_DIRECTORY)
    os.close(os.open(os.path.relpath(a.secret, a.own), os.O_RDONLY, dir_fd=folder))


def _climb_by_path_descriptor(a: Arena) -> None:
    folder = os.open(a.beside, os.O_PATH | os.O_DIRECTORY)
    os.close(os.open(Path(a.secret).name, os.O_RDONLY, dir_fd=folder))


def _change_directory(a: Arena) -> None:
    os.chdir(a.beside)
    read(Path(a.secret).name)


def _reopen_path_descriptor(a: Arena) -> None:
    descriptor = os.open(a.secret, os.O_PATH)
    read(f"/proc/self/fd/{descriptor}")


def _planted_link(a: Arena) -> None:
    read(f"{a.own}/planted")


def _openat2(a: Arena) -> None:
    how = ctypes.create_string_buffer(24)
    os.close(syscall("openat2", AT_FDCWD, a.secret.encode(), how, 24))


def _by_handle(a: Arena) -> None:
    handle, mount = ctypes.create_string_buffer(136), ctypes.c_int()
    ctypes.cast(handle, ctypes.POINTER(ctypes.c_uint))[0] = 128
    syscall("name_to_handle_at", AT_FDCWD, a.secret.encode(), handle, ctypes.byref(mount), 0)
    folder = os.open("/", os.O_RDONLY)
    os.close(syscall("open_by_handle_at", folder, handle, os.O_RDONLY))


def _c_library(a: Arena) -> None:
    opener = libc().fopen
    opener.restype = ctypes.c_void_p
    expect(opener(a.secret.encode(), b"r"))


def _inherited_descriptor(a: Arena) -> None:
    """A descriptor that nobody meant to hand down."""
    for number in set(range(3, 256)) - set(a.descriptors):
        try:
            os.pread(number, 1, 0)
        except OSError:
            continue
        return
    raise Blocked


def _embedded_text(a: Arena) -> None:
    """The language reference, which the embedded data is made of, as source or compiled."""
    topics = Path(sysconfig.get_path("stdlib"), "pydoc_data", "topics.py")
    expect(_opens(topics) or _opens(Path(cache_from_source(str(topics)))))


def _text_of_another_python(a: Arena) -> None:
    expect(any(_opens(path) for path in Path("/usr/lib").glob("python3.*/pydoc_data/topics.py")))


def _opens(path: Path) -> bool:
    try:
        read(str(path))
    except OSError:
        return False
    return True


def _exists(path: str) -> None:
    Path(path).stat()


TRICKS: dict[str, Callable[[Arena], object]] = {
    "a secret file": lambda a: read(a.secret),
    "a secret file by the C library": _c_library,
    "a secret file by openat2": _openat2,
    "a folder beside": lambda a: listed(a.beside),
    "the folder above": lambda a: listed(f"{a.own}/.."),
    "the project's settings": lambda a: read(f"{a.repository}/prism_site/settings.py"),
    "the project's command": lambda a: read(f"{a.repository}/manage.py"),
    "the project's folder": lambda a: listed(a.repository),
    "climb out by a folder's descriptor": _climb_from_own,
    "climb out by an O_PATH descriptor": _climb_by_path_descriptor,
    "change directory, then read": _change_directory,
    "reopen an O_PATH descriptor": _reopen_path_descriptor,
    "follow a planted symbolic link": _planted_link,
    "through /proc/self/root": lambda a: read(f"/proc/self/root{a.secret}"),
    "through /proc/self/cwd": lambda a: read(f"/proc/self/cwd/{os.path.relpath(a.secret)}"),
    "through the victim's root": lambda a: read(f"/proc/{a.victim}/root{a.secret}"),
    "through the parent's root": lambda a: read(f"/proc/{os.getppid()}/root{a.secret}"),
    "by a file handle": _by_handle,
    "an inherited descriptor": _inherited_descriptor,
    "the embedded text": _embedded_text,
    "the text that another Python ships with": _text_of_another_python,
    "where a link points": lambda a: Path(f"{a.own}/planted").readlink(),
    "extended attributes of a secret file": lambda a: os.listxattr(a.secret),
}


def _reading(path: str) -> Callable[[Arena], object]:
    return lambda a: read(path)


def _listing(path: str) -> Callable[[Arena], object]:
    return lambda a: listed(path)


ATTACKS = [
    *(Attack("read", path, _reading(path)) for path in SYSTEM_FILES.split()),
    *(Attack("list", path, _listing(path)) for path in FOLDERS.split()),
    *(Attack("read", name, attempt) for name, attempt in TRICKS.items()),
    Attack("metadata", "size and time of a secret file", lambda a: _exists(a.secret), metadata=True),
    Attack("metadata", "whether a process exists", lambda a: _exists(f"/proc/{a.victim}"), metadata=True),
]
