"""Which names break which rule: data only. Dotted paths begin with the name of a library module.

A path breaks the rule of its longest prefix in PATHS. Of a module in MEMBERS only the listed members may be
used (a member listed as `path.*` with all below it). Everything else of an allowed module is free.
"""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


ALLOWED_IMPORTS = _words("""
        torch numpy einops prism_challenge __future__ abc argparse array bisect cmath collections
        contextlib copy dataclasses datetime decimal enum fractions functools gc hashlib heapq inspect io
        itertools json logging math numbers operator os pathlib pprint queue random re statistics string
        struct sys textwrap time traceback types typing typing_extensions unicodedata warnings weakref
        """)
# Allowed, and shown to operators.
NOTED_IMPORTS = _words("base64 binascii bz2 codecs concurrent gzip lzma secrets threading uuid zlib")
INTERFACE = "prism_challenge.evaluator.interface"

_MODULES = {
    "starts_processes": """
        subprocess multiprocessing _posixsubprocess posix nt pty signal resource asyncio sched atexit
        _thread concurrent.futures.process psutil sh pexpect faulthandler
        """,
    "uses_network": """
        socket _socket socketserver ssl http urllib urllib2 urllib3 requests httpx aiohttp websocket
        websockets ftplib smtplib poplib imaplib nntplib telnetlib xmlrpc select selectors webbrowser
        wsgiref cgi email paramiko boto3 wandb mlflow comet_ml grpc zmq
        """,
    "pretrained_weights": """
        transformers huggingface_hub timm diffusers datasets open_clip sentence_transformers safetensors
        torchvision.models torchtext gensim
        """,
    "reaches_files": """
        shutil tempfile glob fileinput mmap zipfile tarfile sqlite3 dbm fcntl linecache filecmp netrc
        """,
    "deserialises": """
        pickle _pickle cPickle dill cloudpickle joblib marshal shelve copyreg pickletools jsonpickle
        """,
    "native_code": "ctypes _ctypes cffi pybind11 cython pyximport numba cupy",
    "dynamic_code": "code codeop runpy builtins timeit doctest pdb bdb trace profile cProfile lib2to3",
    "dynamic_import": "importlib imp",
    "import_hook": "pkgutil zipimport site sitecustomize modulefinder pkg_resources setuptools",
    "frame_access": "tracemalloc",
}
_PATHS = {
    "starts_processes": """
        torch.multiprocessing torch.distributed.launch torch.distributed.launcher
        torch.distributed.elastic torch.distributed.run torch.distributed.rpc torch.utils.collect_env
        torch.utils.bottleneck concurrent.futures.ProcessPoolExecutor os.system os.popen os.fork
        os.forkpty os.kill os.killpg os.abort os._exit os.nice os.wait os.waitpid os.startfile
        os.posix_spawn os.posix_spawnp os.setsid os.setuid os.setgid os.pipe os.ptrace os.execl os.execle
        os.execlp os.execlpe os.execv os.execve os.execvp os.execvpe os.spawnl os.spawnle os.spawnlp
        os.spawnlpe os.spawnv os.spawnve os.spawnvp os.spawnvpe
        """,
    "uses_network": "numpy.DataSource numpy.lib.npyio.DataSource logging.handlers torch.distributed.TCPStore",
    "pretrained_weights": "torch.hub torch.utils.model_zoo torchvision.models",
    "reaches_files": """
        os.open os.read os.write os.chdir os.chmod os.chown os.link os.symlink os.readlink os.mkfifo
        os.mknod os.truncate os.fdopen os.dup os.dup2 os.sendfile os.memfd_create os.getcwd os.chroot
        os.fwalk torch.from_file torch.onnx io.open_code io.FileIO torch.utils.tensorboard
        """,
    "deserialises": """
        torch.serialization torch.package torch.jit.load torch.export.load torch._weights_only_unpickler
        torch.utils.show_pickle torch.distributed.checkpoint numpy.lib.format logging.config re._pickle
        """,
    "native_code": """
        torch.utils.cpp_extension torch.classes.load_library torch.ops.load_library torch.ops.load
        torch.cuda.CUDAPluggableAllocator torch.cuda.memory.CUDAPluggableAllocator
        torch.utils.mobile_optimizer torch.cuda.jiterator torch.cuda._compile_kernel
        torch._inductor.codecache numpy.ctypeslib numpy.f2py numpy.distutils torch.utils.hipify
        """,
    "dynamic_code": """
        torch.utils.benchmark types.CodeType typing.get_type_hints typing.ForwardRef
        typing_extensions.get_type_hints inspect.get_annotations code.interact numpy.testing.rundocs
        """,
    "import_hook": """
        sys.modules sys.meta_path sys.path_hooks sys.path_importer_cache sys.addaudithook sys.displayhook
        sys.excepthook sys.stdlib_module_names
        """,
    "frame_access": """
        sys._getframe sys._current_frames sys.settrace sys.setprofile sys.gettrace sys._getframemodulename
        sys.call_tracing sys.last_traceback sys.monitoring sys._current_exceptions inspect.stack
        inspect.currentframe inspect.trace inspect.getouterframes inspect.getinnerframes
        inspect.getframeinfo inspect.getmodule inspect.getsource inspect.getsourcelines
        inspect.getclosurevars inspect.getargvalues inspect.getgeneratorlocals inspect.getfile
        inspect.getsourcefile gc.get_objects gc.get_referrers gc.get_referents gc.callbacks gc.garbage
        traceback.walk_stack traceback.walk_tb traceback.extract_stack traceback.StackSummary
        threading.settrace threading.setprofile threading.settrace_all_threads threading.excepthook
        """,
    "torch_escape": """
        torch._C torch._utils_internal torch._inductor torch._dynamo torch._sources torch._classes
        torch._ops torch._jit_internal torch.testing._internal torch._export torch._appdirs torch._VF
        torch._linalg_utils torch._guards torch._functorch torch._logging torch._lobpcg torch._tensor
        torch._storage_docs
        """,
}
# Doors of what is closed above; a longer path goes before a shorter one.
_OPEN = """
        torch._inductor.config torch._dynamo.config torch._dynamo.disable torch._dynamo.allow_in_graph
        torch._dynamo.mark_dynamic torch._dynamo.mark_static torch._dynamo.mark_static_address
        torch._dynamo.reset torch._dynamo.graph_break torch._dynamo.is_compiling
        torch._dynamo.maybe_mark_dynamic torch._dynamo.explain torch._functorch.config
        torch._logging.set_logs torch.distributed.checkpoint.state_dict
        torch._C._functorch.is_batchedtensor
        """


def _flat(table: dict[str, str]) -> dict[str, str]:
    return {name: rule for rule, names in table.items() for name in names.split()}


MODULES: dict[str, str] = _flat(_MODULES)
PATHS: dict[str, str] = {**MODULES, **_flat(_PATHS), **dict.fromkeys(_OPEN.split(), "")}

MEMBERS: dict[str, frozenset[str]] = {
    module: frozenset(members.split())
    for module, members in {
        "os": """
        path.* environ.* environb getenv getenvb sep linesep devnull curdir pardir pathsep extsep name
        cpu_count process_cpu_count getpid getppid fspath fsencode fsdecode PathLike makedirs mkdir remove
        unlink rename replace rmdir stat access F_OK R_OK sched_getaffinity get_terminal_size urandom
        stat_result error isatty listdir scandir walk DirEntry
        """,
        "sys": """
        stdout.* stderr.* stdin maxsize version version_info platform float_info int_info byteorder
        getsizeof argv path.* executable exit setrecursionlimit getrecursionlimit intern hexversion
        implementation flags getrefcount maxunicode exc_info
        """,
        "inspect": """
        signature Parameter.* Signature.* isfunction ismethod isclass ismodule isbuiltin isabstract
        isgenerator isgeneratorfunction iscoroutinefunction isroutine getdoc cleandoc getmro
        getfullargspec getmembers BoundArguments unwrap
        """,
        "gc": """
        collect disable enable freeze unfreeze isenabled get_count get_threshold set_threshold get_stats
        """,
        "io": """
        StringIO BytesIO TextIOWrapper IOBase RawIOBase BufferedIOBase TextIOBase SEEK_SET SEEK_END open
        """,
        "traceback": "format_exc print_exc format_exception print_exception format_exception_only",
        "pathlib": "Path.* PurePath.* PurePosixPath.* PosixPath",
        "prism_challenge": "evaluator.*",
    }.items()
}
# Modules whose members are restricted, or that one of them is: not to be handed around.
RESTRICTED = frozenset({"os", "sys", "inspect", "gc", "builtins", "importlib", "traceback", "io"})
# Library modules that others hold as attributes; not `select`, `signal` and `trace`, which torch redefines.
REACHED = _words("""
        os sys builtins importlib inspect subprocess ctypes pickle socket io gc shutil threading traceback
        marshal tempfile glob pathlib ast atexit codecs copyreg multiprocessing posix linecache weakref
        cloudpickle tokenize torch
        """)
# Settings that are made to be assigned.
SETTINGS = (
    "torch.backends.",
    "torch._inductor.config.",
    "torch._dynamo.config.",
    "torch._functorch.config.",
    "os.environ.",
)

BUILTINS: dict[str, str] = {
    **dict.fromkeys(("exec", "eval", "compile", "breakpoint"), "dynamic_code"),
    "__import__": "dynamic_import",
    **dict.fromkeys(("__builtins__", "__loader__", "__spec__"), "dunder_walk"),
}
LOOK_UP = frozenset({"getattr", "setattr", "delattr", "vars", "globals"})

ATTRIBUTES: dict[str, str] = {
    **dict.fromkeys(
        _words("""
        __globals__ __builtins__ __subclasses__ __reduce__ __reduce_ex__ __code__ __mro__ __bases__
        __base__ __closure__ __loader__ __spec__ __import__ __kwdefaults__ __subclasshook__ func_globals
        func_code co_code co_consts co_names mro
        """),
        "dunder_walk",
    ),
    **dict.fromkeys(
        _words("""
        f_back f_globals f_locals f_builtins f_code f_trace gi_frame gi_code cr_frame cr_code ag_frame
        ag_code tb_frame tb_next tb_lasti cell_contents
        """),
        "frame_access",
    ),
    **dict.fromkeys(("find_spec", "exec_module", "load_module"), "import_hook"),
}
# Only on a module: `self.__dict__` is ordinary, `torch.__dict__` is not.
MODULE_ATTRIBUTES = frozenset({"__dict__", "__getattribute__", "__getattr__", "__setattr__", "__delattr__"})
PROCESS_METHODS = _words("system popen spawnl spawnv spawnve execv execve execvp fork forkpty posix_spawn")
DECODERS = (
    "base64.",
    "binascii.",
    "zlib.",
    "gzip.",
    "bz2.",
    "lzma.",
    "codecs.decode",
)
