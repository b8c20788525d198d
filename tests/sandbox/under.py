"""Run a command on a kernel that lacks some calls: `python -m tests.sandbox.under ERRNO CALL... -- COMMAND`.

A filter makes the calls fail as they do on an old kernel, or on one where they are switched off; it stays in
force for the command and for all that it starts.
"""

import ctypes
import os
import sys

from evaluations.runner.sandbox import bpf
from evaluations.runner.sandbox.kernel import prctl, syscall, table
from evaluations.runner.sandbox.seccomp import Program

if __name__ == "__main__":
    at = sys.argv.index("--")
    error, names, command = int(sys.argv[1]), sys.argv[2:at], sys.argv[at + 1 :]
    refused = [bpf.if_equal(table()[name], bpf.refuse(error)) for name in names]
    code = bpf.program([bpf.load(bpf.NUMBER_AT), *refused, bpf.answer(bpf.ALLOW)])
    kept = ctypes.create_string_buffer(code, len(code))
    prctl(38, 1)
    program = Program(len(code) // 8, ctypes.cast(kept, ctypes.c_void_p))
    syscall("seccomp", 1, 0, ctypes.byref(program))
    os.execv(command[0], command)
