"""Taking too much ends the child with a code of its own; the referee lives, and nothing temporary is left."""

import textwrap

import pytest

from evaluations.runner.job import Limits
from tests.cases import some_always
from tests.runner.harness import IDLE_TRAINER, TABLE_MODEL, execute, make_job

GIB, MIB = 1 << 30, 1 << 20
TIGHT = Limits(
    wall_seconds=60, memory_bytes=2 * GIB, threads=100, artifacts_quota_bytes=16 * MIB, artifact_files=300
)

TAKING = {
    "a tensor": ("out_of_memory", """
        import torch
        torch.ones(4 << 30)
    """),
    "a list": ("out_of_memory", """
        kept = []
        while True:
            kept.append(bytearray(1 << 26))
    """),
    "an array": ("out_of_memory", """
        import numpy
        numpy.ones(1 << 30)
    """),
    "shared memory": ("out_of_memory", """
        import mmap, time
        kept = mmap.mmap(-1, 3 << 30)
        for at in range(0, 3 << 30, 4096):
            kept[at] = 1
        time.sleep(50)
    """),
    "threads": ("too_many_threads", """
        import threading, time
        for _ in range(200):
            threading.Thread(target=time.sleep, args=(50,), daemon=True).start()
        time.sleep(50)
    """),
    "one file": ("artifact_quota", """
        open(ctx.artifacts_dir + '/x', 'wb').write(bytes(17 << 20))
    """),
    "a checkpoint file": ("artifact_quota", """
        open(ctx.checkpoint_dir + '/x', 'wb').write(bytes(17 << 20))
    """),
    "a temporary file": ("artifact_quota", """
        import tempfile
        tempfile.NamedTemporaryFile().write(bytes(17 << 20))
    """),
    "many files": ("artifact_quota", """
        import time
        for i in range(400):
            open(f'{ctx.artifacts_dir}/{i}', 'w').close()
        time.sleep(50)
    """),
    "several files": ("artifact_quota", """
        import time
        for i in range(20):
            open(f'{ctx.artifacts_dir}/{i}', 'wb').write(bytes(1 << 20))
        time.sleep(50)
    """),
    "a deep tree": ("artifact_quota", """
        import os, time
        for _ in range(3000):
            os.mkdir('d')
            os.chdir('d')
        time.sleep(50)
    """),
    "processor time": ("cpu_limit", """
        import resource, time
        resource.setrlimit(resource.RLIMIT_CPU, (int(time.process_time()) + 1, 600))
        while True:
            pass
    """),
}  # fmt: skip


def training(taking):
    return "def train(ctx):\n" + textwrap.indent(textwrap.dedent(TAKING[taking][1]), "    ")


ALWAYS = {"a list", "threads", "several files"}


@pytest.mark.parametrize("taking", some_always([(name, name) for name in TAKING], ALWAYS))
def test_taking_too_much_of(taking, tmp_path):
    code = TAKING[taking][0]
    files = {"architecture.py": TABLE_MODEL, "training.py": training(taking)}
    outcome = execute(make_job(tmp_path, files, limits=TIGHT, sandbox="required"))
    assert (outcome.status, outcome.manifest.verdict, outcome.manifest.code) == (2, "failed", code)
    assert outcome.manifest.reason
    assert outcome.manifest.run["sandbox"] == "required"
    left = {path.name for path in outcome.folder.iterdir()}
    assert not {name for name in left if name == "learner.tmp" or name.startswith("home-")}


@pytest.mark.long
def test_an_architecture_that_takes_too_much_fails_as_well(tmp_path):
    greedy = TABLE_MODEL.replace(
        "return self.table[tokens]", "torch.ones(1 << 32); return self.table[tokens]"
    )
    files = {"architecture.py": greedy, "training.py": IDLE_TRAINER}
    outcome = execute(make_job(tmp_path, files, limits=TIGHT, sandbox="required"))
    assert (outcome.manifest.verdict, outcome.manifest.code) == ("failed", "out_of_memory")


@pytest.mark.long
def test_what_broke_the_quota_is_removed_with_the_run(tmp_path):
    files = {"architecture.py": TABLE_MODEL, "training.py": training("a deep tree")}
    outcome = execute(make_job(tmp_path, files, limits=TIGHT, sandbox="required"))
    assert list((outcome.folder / "artifacts").iterdir()) == []


def test_artifacts_within_the_quota_stay(tmp_path):
    keeping = "def train(ctx):\n    open(ctx.artifacts_dir + '/note.txt', 'w').write('kept')\n"
    files = {"architecture.py": TABLE_MODEL, "training.py": keeping}
    outcome = execute(make_job(tmp_path, files, limits=TIGHT, sandbox="required"))
    assert outcome.manifest.verdict == "scored"
    assert (outcome.folder / "artifacts" / "note.txt").read_text() == "kept"
