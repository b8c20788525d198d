"""The system calls that training needs, whatever their arguments. What is not named here is refused.

Kept out on purpose, though libraries know them: anything that changes modes, owners, times or attributes of
files (Landlock does not watch those), links and where they point, file locks and page-cache probes (channels
between children), and `sync` (a storm of them slows the host).
"""

FILES = """
    read write pread64 pwrite64 readv writev preadv pwritev preadv2 pwritev2 lseek close close_range
    dup dup2 dup3 open openat openat2 creat stat fstat lstat newfstatat statx access faccessat faccessat2
    getdents getdents64 getcwd chdir fchdir
    mkdir mkdirat rmdir unlink unlinkat rename renameat renameat2
    truncate ftruncate fallocate fsync fdatasync sync_file_range fadvise64 readahead sendfile copy_file_range
    umask statfs fstatfs pipe pipe2
"""
MEMORY = """
    mmap mprotect munmap mremap brk madvise msync mlock mlock2 munlock mbind set_mempolicy get_mempolicy
    membarrier map_shadow_stack mseal
"""
WAITING = """
    poll ppoll select pselect6 epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2
    eventfd eventfd2 signalfd signalfd4 timerfd_create timerfd_settime timerfd_gettime
    futex futex_waitv futex_wake futex_wait futex_requeue
    nanosleep clock_nanosleep pause alarm getitimer setitimer
    timer_create timer_settime timer_gettime timer_getoverrun timer_delete restart_syscall
"""
SIGNALS_OF_ITS_OWN = """
    rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending rt_sigtimedwait rt_sigsuspend sigaltstack
"""
ITSELF = """
    exit exit_group wait4 waitid set_tid_address set_robust_list rseq arch_prctl sched_yield getcpu
    sched_getaffinity sched_getparam sched_getscheduler sched_get_priority_max sched_get_priority_min
    getpid getppid gettid getpgrp getuid geteuid getgid getegid getgroups getresuid getresgid capget
    getrlimit setrlimit getrusage times uname sysinfo time gettimeofday clock_gettime clock_getres getrandom
"""
ITS_CHANNEL = "recvfrom shutdown getsockname getpeername getsockopt"

ALLOWED = frozenset(" ".join((FILES, MEMORY, WAITING, SIGNALS_OF_ITS_OWN, ITSELF, ITS_CHANNEL)).split())
# A memory file is harmless where nothing can be executed and no descriptor can be handed on.
OF_CUDA = frozenset({"memfd_create"})
