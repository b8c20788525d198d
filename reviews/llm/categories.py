"""What a reviewer can find: the words that the static rules use for their categories too."""

from enum import StrEnum


class Category(StrEnum):
    """One kind of thing that submitted code must not do."""

    PROCESS = "process"
    NETWORK = "network"
    FILESYSTEM = "filesystem"
    DESERIALISATION = "deserialisation"
    DYNAMIC_CODE = "dynamic_code"
    INTROSPECTION = "introspection"
    IMPORT_HOOK = "import_hook"
    MONKEY_PATCHING = "monkey_patching"
    OPAQUE_CONSTANTS = "opaque_constants"
    OBFUSCATION = "obfuscation"
    LEAKAGE = "leakage"
    PRETRAINED = "pretrained"
    OTHER = "other"


MEANINGS = {
    Category.PROCESS: "starts, signals or inspects processes",
    Category.NETWORK: "opens connections or sockets",
    Category.FILESYSTEM: "reads or writes files outside the folders that the context hands out",
    Category.DESERIALISATION: "loads pickles or other formats that can run code",
    Category.DYNAMIC_CODE: "builds code at run time and executes it",
    Category.INTROSPECTION: "walks dunder attributes, frames or the garbage collector to reach other code",
    Category.IMPORT_HOOK: "changes how modules are imported",
    Category.MONKEY_PATCHING: "replaces attributes of modules that are not its own",
    Category.OPAQUE_CONSTANTS: "carries large or random-looking constants",
    Category.OBFUSCATION: "hides what it does",
    Category.LEAKAGE: "lets a prediction depend on text that comes later, or on the text to be scored",
    Category.PRETRAINED: "carries knowledge that was not learned from the revealed text",
    Category.OTHER: "anything else that makes a score untrue",
}
