"""The filter of system calls on both architectures, call by call, run on a machine of our own."""

import errno
import signal

import pytest

from evaluations.runner.sandbox.allowed import ALLOWED
from evaluations.runner.sandbox.argument_rules import THREAD_FLAGS, rules
from evaluations.runner.sandbox.bpf import INSTRUCTION_CAP
from evaluations.runner.sandbox.seccomp import assemble, spans
from evaluations.runner.sandbox.syscalls import AUDIT_ARCH, numbers
from tests.sandbox.bpf_machine import ALLOW, KILL, error_of, run

PID, OTHER, HIGH = 4242, 1717, 1 << 32
ARCHITECTURES = tuple(AUDIT_ARCH)
FILTERS = {name: assemble(name, PID) for name in ARCHITECTURES}


def verdict(architecture, name, *args):
    table = numbers(architecture)
    return run(FILTERS[architecture], arch=AUDIT_ARCH[architecture], number=table[name], args=args)


@pytest.fixture(params=ARCHITECTURES)
def architecture(request):
    return request.param


def test_numbers_are_those_of_the_kernels_headers():
    x86, arm = numbers("x86_64"), numbers("aarch64")
    for name, on_x86, on_arm in (
        ("read", 0, 63),
        ("openat", 257, 56),
        ("clone", 56, 220),
        ("execve", 59, 221),
        ("ptrace", 101, 117),
        ("prctl", 157, 167),
        ("socket", 41, 198),
        ("seccomp", 317, 277),
        ("rseq", 334, 293),
        ("process_vm_readv", 310, 270),
        ("io_uring_setup", 425, 425),
        ("landlock_restrict_self", 446, 446),
        ("mseal", 462, 462),
    ):
        assert (x86[name], arm[name]) == (on_x86, on_arm), name


def test_every_named_call_exists_on_some_architecture():
    known = set(numbers("x86_64")) | set(numbers("aarch64"))
    assert known >= ALLOWED | set(rules(PID))


def test_no_call_is_both_allowed_outright_and_checked():
    assert not ALLOWED & set(rules(PID))


def test_every_known_call_is_allowed_checked_or_refused(architecture):
    for name in numbers(architecture):
        answer = verdict(architecture, name)
        if name in ALLOWED:
            assert answer == ALLOW, name
        elif name not in rules(PID):
            assert error_of(answer) == errno.EPERM, name


def test_a_number_that_no_table_has_does_not_exist(architecture):
    beyond = max(numbers(architecture).values()) + 1
    arch = AUDIT_ARCH[architecture]
    assert error_of(run(FILTERS[architecture], arch=arch, number=beyond)) == errno.ENOSYS


def test_another_table_of_calls_ends_the_process(architecture):
    for arch in (0x40000003, 0x40000028, *AUDIT_ARCH.values()):  # i386, arm, and the two
        if arch != AUDIT_ARCH[architecture]:
            assert run(FILTERS[architecture], arch=arch, number=39) == KILL


def test_the_x32_bit_ends_the_process():
    arch = AUDIT_ARCH["x86_64"]
    assert run(FILTERS["x86_64"], arch=arch, number=0x40000000 + 39) == KILL
    assert run(FILTERS["x86_64"], arch=arch, number=0xFFFFFFFF) == KILL


def test_only_threads_can_be_started(architecture):
    assert verdict(architecture, "clone", THREAD_FLAGS) == ALLOW
    for flags in (
        signal.SIGCHLD,
        THREAD_FLAGS | signal.SIGCHLD,
        THREAD_FLAGS | 0x8000,  # CLONE_PARENT
        THREAD_FLAGS | 0x10000000,  # CLONE_NEWUSER
        THREAD_FLAGS & ~0x10000,  # a process that shares all memory
        0x4100 | signal.SIGCHLD,  # vfork
        THREAD_FLAGS | HIGH,
    ):
        assert error_of(verdict(architecture, "clone", flags)) == errno.EPERM, hex(flags)
    assert error_of(verdict(architecture, "clone3")) == errno.ENOSYS


@pytest.mark.parametrize("name", ["kill", "prlimit64", "getpgid", "getsid", "sched_setaffinity", "tgkill"])
def test_calls_that_take_a_process_take_this_one_alone(architecture, name):
    assert verdict(architecture, name, PID) == ALLOW
    for other in (OTHER, PID | HIGH, OTHER | HIGH, HIGH, 2**64 - 1, 2**32 - 1):
        assert error_of(verdict(architecture, name, other)) == errno.EPERM, other


@pytest.mark.parametrize("option", [1, 4, 8, 22, 24, 28, 35, 36, 38, 47, 53, 0x59616D61, 15 | HIGH])
def test_prctl_undoes_nothing(architecture, option):
    assert error_of(verdict(architecture, "prctl", option)) == errno.EPERM


@pytest.mark.parametrize("command", [6, 7, 8, 10, 15, 37, 38, 1024, 1026, 1031, 1033, 1 | HIGH])
def test_fcntl_has_no_owners_locks_leases_or_seals(architecture, command):
    assert error_of(verdict(architecture, "fcntl", 3, command)) == errno.EPERM


@pytest.mark.parametrize("request_", [0x5412, 0x8901, 0x8902, 0x40086602, 0x40049409, 0x5421 | HIGH])
def test_ioctl_answers_as_if_the_request_were_unknown(architecture, request_):
    assert error_of(verdict(architecture, "ioctl", 3, request_)) == errno.ENOTTY


def test_a_message_can_name_no_destination(architecture):
    assert verdict(architecture, "sendto", 3, 0, 1, 0, 0, 0) == ALLOW
    for address in (0x7FFF0000, 1 << 40):
        assert error_of(verdict(architecture, "sendto", 3, 0, 1, 0, address, 16)) == errno.EPERM


def test_only_stream_pairs_can_be_made(architecture):
    assert verdict(architecture, "socketpair", 1, 1 | 0o2000000) == ALLOW
    for family, kind in ((1, 2), (1, 5), (2, 1), (16, 3)):
        assert error_of(verdict(architecture, "socketpair", family, kind)) == errno.EPERM


def test_filters_fit_the_kernel(architecture):
    assert len(FILTERS[architecture]) // 8 < INSTRUCTION_CAP // 4


def test_spans_join_neighbours():
    assert spans([1, 2, 3, 7, 9, 10]) == [(1, 3), (7, 7), (9, 10)]
    assert spans([]) == []
