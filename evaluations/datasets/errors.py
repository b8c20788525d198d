"""What may be wrong with data: each error says where, and carries a machine-readable code."""


class DataError(Exception):
    """Any trouble with sources, shards or streams; the message names the place."""

    code = "data_error"


class SourceBroken(DataError):
    """A source cannot be read at the named file and row."""

    code = "data_source_broken"


class SourceUnavailable(DataError):
    """A source could not be reached; what was prepared so far is kept."""

    code = "data_source_unavailable"


class SourceUnsupported(DataError):
    """A file, subset or revision of a kind that PRISM does not prepare."""

    code = "data_source_unsupported"


class SourceEmpty(DataError):
    """The source gave no document for the train split."""

    code = "data_source_empty"


class DataMissing(DataError):
    """No prepared data, or no such split, where it was looked for."""

    code = "data_missing"


class ManifestInvalid(DataError):
    """A MANIFEST.json that is not one of ours."""

    code = "data_manifest_invalid"


class ShardChanged(DataError):
    """A shard's bytes differ from the manifest; the message names the shard."""

    code = "data_shard_changed"


class DataExhausted(DataError):
    """The split is smaller than the byte budget asked of it."""

    code = "data_exhausted"


class PlanDiffers(DataError):
    """The folder holds data prepared with other arguments."""

    code = "data_plan_differs"


class FoldersInvalid(DataError):
    """Train and held-out data were to share one folder."""

    code = "data_folders_invalid"


class DataBusy(DataError):
    """Another process is preparing the same folder."""

    code = "data_busy"


class TokenizerInvalid(DataError):
    """Not a tokenizer.json that the `tokenizers` library loads."""

    code = "tokenizer_invalid"


class TokenizerMissing(DataError):
    """The reference tokenizer has not been staged."""

    code = "tokenizer_missing"


class TokenizerChanged(DataError):
    """A staged tokenizer's bytes differ from its manifest."""

    code = "tokenizer_changed"


class PackInvalid(DataError):
    """A benchmark pack that cannot be used as it is staged; the message names file and line."""

    code = "benchmark_pack_invalid"
