"""What children may read of libraries: all that training needs, nothing that the embedded text is made of."""

import json
import sysconfig
from importlib.util import cache_from_source
from pathlib import Path

from evaluations.datasets.python_docs import PythonDocs
from evaluations.runner.sandbox.libraries import DOCUMENTED, readable
from tests.runner.harness import COUNTING_TRAINER, TABLE_MODEL, execute, make_job

LIBRARY = Path(sysconfig.get_path("stdlib")).resolve()
# What a training file may well import, beside what torch and numpy import themselves.
USEFUL = """
    argparse ast asyncio base64 bisect cProfile calendar cmath collections.abc colorsys
    concurrent.futures configparser contextlib copy csv ctypes dataclasses datetime decimal difflib
    doctest enum fractions functools gc getpass glob gzip hashlib heapq html http.client
    importlib.metadata inspect io itertools json logging.config lzma math multiprocessing numbers
    operator pathlib pdb pickle platform pprint pstats queue random re secrets shutil signal
    socketserver sqlite3 statistics string struct subprocess tarfile tempfile textwrap threading
    time timeit tomllib traceback tracemalloc types typing unittest.mock urllib.request uuid
    warnings weakref xml.etree.ElementTree zipfile zlib zoneinfo numpy.testing torch.distributed
    torch.utils.checkpoint torch.fx torch.testing torch.nn.utils.parametrize torch.export tokenizers
    safetensors.torch
"""
IMPORTER = """
import importlib, json


def attempt(name):
    try:
        importlib.import_module(name)
    except (ImportError, PermissionError) as error:
        return repr(error)
    return ""


def train(ctx):
    failed = {{name: said for name in {names!r} if (said := attempt(name))}}
    with open(ctx.artifacts_dir + "/failed.json", "w") as file:
        json.dump(failed, file)
    learn(ctx)
"""


def test_no_file_that_the_embedded_text_comes_from_can_be_read() -> None:
    granted = [Path(path) for path in readable()]
    sources = {LIBRARY / document.source_id.split(":")[1] for document in PythonDocs()}
    assert sources
    compiled = [Path(cache_from_source(str(source))) for source in sources if source.suffix == ".py"]
    reached = [
        path for path in (*sources, *compiled) if any(path.is_relative_to(folder) for folder in granted)
    ]
    assert reached == []


def test_training_imports_what_it_needs_and_not_the_embedded_text(tmp_path: Path) -> None:
    importer = IMPORTER.format(names=[*USEFUL.split(), "pydoc_data.topics", "turtle"])
    trainer = COUNTING_TRAINER.replace("def train(", "def learn(") + importer
    outcome = execute(make_job(tmp_path, {"architecture.py": TABLE_MODEL, "training.py": trainer}))
    assert outcome.manifest is not None
    assert outcome.manifest.verdict == "scored", outcome.manifest.traceback
    failed = json.loads((outcome.folder / "artifacts" / "failed.json").read_text())
    assert set(failed) == {"pydoc_data.topics", "turtle"}, failed
    assert {name.partition(".")[0] for name in failed} <= DOCUMENTED
