"""The rules that submitted source is held to: data, in one place. `docs/rules.md` is written from it.

Which names break a rule stands in `names.py`; how they are found, in `examine_names.py` and its siblings.
Only what the source says for certain rejects. What looks odd is a flag, which stops nothing and is shown to
operators; data that nobody can read is a quarantine.
"""

from dataclasses import dataclass

from reviews.ladder import Outcome
from reviews.llm.categories import Category


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule: `id` is the code of its findings and stable API; `reason` is what its author is told."""

    id: str
    category: Category
    outcome: Outcome
    reason: str
    example: str  # a line that breaks it


def _rule(rule_id: str, category: Category, outcome: Outcome, reason: str, example: str) -> Rule:
    return Rule(id=rule_id, category=category, outcome=outcome, reason=reason, example=example)


_REJECTED = (
    _rule(
        "starts_processes",
        Category.PROCESS,
        Outcome.REJECT,
        "Processes are neither started nor signalled.",
        "import subprocess",
    ),
    _rule(
        "uses_network",
        Category.NETWORK,
        Outcome.REJECT,
        "There is no network, and no reason to look for one.",
        "import socket",
    ),
    _rule(
        "pretrained_weights",
        Category.PRETRAINED,
        Outcome.REJECT,
        "Everything a model knows is learned in its run; no weights are brought or fetched.",
        'torch.hub.load("owner/repository", "model")',
    ),
    _rule(
        "reaches_files",
        Category.FILESYSTEM,
        Outcome.REJECT,
        "The file system is not explored or changed; ctx.artifacts_dir and ctx.checkpoint_dir are yours.",
        "import shutil",
    ),
    _rule(
        "reads_outside_bundle",
        Category.FILESYSTEM,
        Outcome.REJECT,
        "Files are named relative to the bundle or to the folders of ctx, never by an absolute path.",
        'open("/proc/self/maps")',
    ),
    _rule(
        "writes_outside_artifacts",
        Category.FILESYSTEM,
        Outcome.REJECT,
        "Files are written below ctx.artifacts_dir or ctx.checkpoint_dir only.",
        'open("notes.txt", "w")',
    ),
    _rule(
        "deserialises",
        Category.DESERIALISATION,
        Outcome.REJECT,
        "Formats that can run code are not read; torch.load needs weights_only=True and a folder of ctx.",
        "import pickle",
    ),
    _rule(
        "native_code",
        Category.DYNAMIC_CODE,
        Outcome.REJECT,
        "No native code is compiled, loaded or called but torch's and numpy's own.",
        "import ctypes",
    ),
    _rule(
        "dynamic_code",
        Category.DYNAMIC_CODE,
        Outcome.REJECT,
        "Code is not built from text.",
        'exec("x = 1")',
    ),
    _rule(
        "dynamic_import",
        Category.IMPORT_HOOK,
        Outcome.REJECT,
        "Modules are imported by the import statement.",
        '__import__("os")',
    ),
    _rule(
        "import_hook",
        Category.IMPORT_HOOK,
        Outcome.REJECT,
        "The import system is left as it is.",
        "sys.meta_path.append(finder)",
    ),
    _rule(
        "dunder_walk",
        Category.INTROSPECTION,
        Outcome.REJECT,
        "No walking from objects to the interpreter behind them.",
        "().__class__.__base__.__subclasses__()",
    ),
    _rule(
        "frame_access",
        Category.INTROSPECTION,
        Outcome.REJECT,
        "Neither frames nor the garbage collector's lists are looked into.",
        "sys._getframe()",
    ),
    _rule(
        "module_namespace",
        Category.INTROSPECTION,
        Outcome.REJECT,
        "The namespace of an imported module is not taken as a dictionary.",
        "torch.__dict__",
    ),
    _rule(
        "module_reached",
        Category.INTROSPECTION,
        Outcome.REJECT,
        "Modules are imported by name, not reached through another one.",
        "torch.os.system",
    ),
    _rule(
        "monkey_patch",
        Category.MONKEY_PATCHING,
        Outcome.REJECT,
        "Attributes of imported modules and their classes are not replaced.",
        "torch.nn.functional.cross_entropy = mine",
    ),
    _rule(
        "torch_escape",
        Category.DYNAMIC_CODE,
        Outcome.REJECT,
        "Torch's doors to processes, native code and its own inside stay closed.",
        "torch._C._jit_set_profiling_mode(False)",
    ),
    _rule(
        "import_not_allowed",
        Category.OTHER,
        Outcome.REJECT,
        "Only the listed modules, the interface and the bundle's own files are imported.",
        "import scipy",
    ),
    _rule(
        "member_not_allowed",
        Category.OTHER,
        Outcome.REJECT,
        "Of this module only the listed members are used.",
        "os.getlogin()",
    ),
)

_QUARANTINED = (
    _rule(
        "opaque_constant",
        Category.OPAQUE_CONSTANTS,
        Outcome.QUARANTINE,
        "A constant above 4 KiB, or above 1 KiB of what looks random, is looked at by a person.",
        'TABLE = "q83vASNFZ4mrze8B..."',
    ),
    _rule(
        "opaque_constants",
        Category.OPAQUE_CONSTANTS,
        Outcome.QUARANTINE,
        "The bundle's constants that look random come to more than 4 KiB together.",
        'PARTS = ["q83vASNF...", "Z4mrze8B...", ...]',
    ),
    _rule(
        "opaque_data",
        Category.OPAQUE_CONSTANTS,
        Outcome.QUARANTINE,
        "A data file above 16 KiB, with above 1 KiB of what looks random, or with more than 512 numbers, is"
        " looked at by a person; the declared tokenizer is not.",
        "weights.json: [0.12, -1.3, ...]",
    ),
    _rule(
        "computed_member",
        Category.OBFUSCATION,
        Outcome.QUARANTINE,
        "A member of a restricted module is looked up by a name that the source does not show.",
        "getattr(os, name)",
    ),
    _rule(
        "restricted_module_passed",
        Category.OBFUSCATION,
        Outcome.QUARANTINE,
        "A restricted module is handed around as a value.",
        "helpers = [os]",
    ),
)

_FLAGGED = (
    _rule(
        "import_optional",
        Category.OTHER,
        Outcome.FLAG,
        "A module that is not offered is imported where its absence is handled, or where nobody calls.",
        "try: import flash_attn\nexcept ImportError: flash_attn = None",
    ),
    _rule(
        "import_noted",
        Category.OTHER,
        Outcome.FLAG,
        "A module that few models need.",
        "import threading",
    ),
    _rule(
        "module_passed",
        Category.OBFUSCATION,
        Outcome.FLAG,
        "A module is handed around as a value.",
        "run(torch)",
    ),
    _rule(
        "computed_getattr",
        Category.OBFUSCATION,
        Outcome.FLAG,
        "An attribute is looked up by a name that the source does not show.",
        "getattr(torch, name)",
    ),
    _rule(
        "builtin_passed",
        Category.OBFUSCATION,
        Outcome.FLAG,
        "A function that looks names up is handed around as a value.",
        "map(getattr, objects, names)",
    ),
    _rule(
        "builtin_shadowed",
        Category.OBFUSCATION,
        Outcome.FLAG,
        "A function of the bundle is named like one that runs code.",
        "def eval(model): ...",
    ),
    _rule(
        "namespace_access",
        Category.INTROSPECTION,
        Outcome.FLAG,
        "Names are looked up in a namespace as a dictionary.",
        "globals()[name]",
    ),
    _rule(
        "dunder_in_text",
        Category.INTROSPECTION,
        Outcome.FLAG,
        "A string spells a name that leads to the interpreter.",
        'name = "__globals__"',
    ),
    _rule(
        "search_path",
        Category.IMPORT_HOOK,
        Outcome.FLAG,
        "The search path of imports is changed.",
        "sys.path.append(folder)",
    ),
    _rule(
        "environment_written",
        Category.PROCESS,
        Outcome.FLAG,
        "An environment variable is written.",
        'os.environ["OMP_NUM_THREADS"] = "1"',
    ),
    _rule(
        "suspicious_method",
        Category.PROCESS,
        Outcome.FLAG,
        "A method is named like one that starts processes.",
        "tool.popen(command)",
    ),
    _rule(
        "file_read",
        Category.FILESYSTEM,
        Outcome.FLAG,
        "A file is read.",
        'open(os.path.join(folder, "merges.txt"))',
    ),
    _rule(
        "file_write_unproven",
        Category.FILESYSTEM,
        Outcome.FLAG,
        "A file is written, and the source does not show that it is below ctx.artifacts_dir.",
        'open(path, "w")',
    ),
    _rule(
        "decoder",
        Category.OBFUSCATION,
        Outcome.FLAG,
        "A literal is decoded or inflated.",
        'base64.b64decode("cGFzcw==")',
    ),
    _rule(
        "random_looking_constant",
        Category.OPAQUE_CONSTANTS,
        Outcome.FLAG,
        "A constant looks random.",
        'KEY = "q83vASNFZ4mrze8B..."',
    ),
    _rule(
        "chr_chain",
        Category.OBFUSCATION,
        Outcome.FLAG,
        "Text is put together from character codes.",
        "chr(111) + chr(115) + chr(46) + chr(112)",
    ),
    _rule(
        "escaped_text",
        Category.OBFUSCATION,
        Outcome.FLAG,
        "Text is written in escapes.",
        r'"\x69\x6d\x70\x6f\x72\x74..."',
    ),
    _rule(
        "nested_lambdas",
        Category.OBFUSCATION,
        Outcome.FLAG,
        "Lambdas are nested four deep.",
        "lambda a: lambda b: lambda c: lambda d: a",
    ),
    _rule(
        "long_line",
        Category.OBFUSCATION,
        Outcome.FLAG,
        "A line of code is longer than 500 characters.",
        "a = 1; b = 2; c = 3; ...",
    ),
    _rule(
        "unreadable_names",
        Category.OBFUSCATION,
        Outcome.FLAG,
        "Several names seem made not to be read.",
        "_0x3fa2 = lIlIlI(_0x11c9, ...)",
    ),
)

RULES: tuple[Rule, ...] = (*_REJECTED, *_QUARANTINED, *_FLAGGED)
BY_ID: dict[str, Rule] = {rule.id: rule for rule in RULES}
