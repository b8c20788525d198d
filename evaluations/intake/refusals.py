"""Why a bundle is refused: the one list of codes, each with the sentence its sender reads.

The codes are stable API: clients match on them, so a code is never renamed or given a second meaning.
"""

from collections.abc import Mapping
from types import MappingProxyType

SHOWN_CHARS = 60

MESSAGES: Mapping[str, str] = MappingProxyType(
    {
        # the archive as a whole
        "zip_too_large": "the ZIP archive is larger than the limit",
        "zip_not_zip": "the upload is not a ZIP archive (it must start with a ZIP record)",
        "zip_truncated": "the archive ends before its end record",
        "zip_trailing_data": "there is data after the end of the archive",
        "zip_comment": "archive comments are not accepted",
        "zip_empty": "the archive holds no file",
        "zip_multidisk": "multi-disk archives are not accepted",
        "zip_zip64": "ZIP64 records are not accepted; the archive is small enough without them",
        "zip_directory_mismatch": "the central directory does not match the end record",
        "zip_overlap_or_gap": "the records of the archive overlap or leave a gap",
        "zip_too_many_files": "the archive holds more entries than the limit",
        "zip_total_too_large": "the files are larger together than the limit",
        # one record
        "zip_local_mismatch": "the local header differs from the central directory",
        "zip_encrypted": "encrypted entries are not accepted",
        "zip_data_descriptor": "data descriptors are not accepted; write the archive to a file, not a stream",
        "zip_flags": "the entry sets a flag that is not accepted",
        "zip_method": "only stored and deflated entries are accepted",
        "zip_version": "the entry needs a ZIP version above 2.0",
        "zip_entry_comment": "entry comments are not accepted",
        "zip_extra_malformed": "the extra field is malformed",
        "zip_extra_field": "the entry has an extra field of a kind that is not accepted",
        "zip_symlink": "symbolic links are not accepted",
        "zip_special_file": "only plain files and directories without special mode bits are accepted",
        "zip_directory_with_data": "a directory entry holds data",
        "zip_file_type": "only .py .yaml .yml .json .txt .md .toml files are accepted",
        "zip_nested_archive": "archives within the archive are not accepted",
        "zip_file_too_large": "the file is larger than the limit",
        "zip_ratio": "the file is compressed more than 100 times",
        "zip_size_mismatch": "the data is not as long as the archive says",
        "zip_bad_deflate": "the compressed data is broken",
        "zip_crc": "the checksum of the data is wrong",
        # names
        "zip_name_not_ascii": "names must be ASCII",
        "zip_name_control": "the name holds a NUL or control character",
        "zip_name_backslash": "names use '/', not a backslash",
        "zip_name_absolute": "the name is an absolute or drive path",
        "zip_name_traversal": "the name has an empty, '.' or '..' segment",
        "zip_name_too_long": "the name is longer than 200 characters",
        "zip_name_too_deep": "the name has more than 6 segments",
        "zip_name_not_allowed": "generated folders (__MACOSX, __pycache__) are not accepted",
        "zip_name_charset": "names are letters, digits, '_', '-' and '.', not reserved words, no dot-files",
        "zip_duplicate_name": "two entries have one name, or names that differ in case only",
        "zip_name_conflict": "one name is both a file and a directory",
        # text
        "text_nul": "the text holds a NUL byte",
        "text_bom": "the text starts with a byte order mark; save it as plain UTF-8",
        "text_not_utf8": "the text is not valid UTF-8",
        "text_coding_cookie": "source is UTF-8; another coding may not be declared",
        "text_control_chars": "the text holds control, bidirectional or invisible characters",
        # source
        "source_line_too_long": "the line is longer than 2000 characters",
        "source_too_complex": "the source is nested too deeply or is not valid Python",
        "source_too_many_nodes": "the source has too many syntax nodes",
        "source_int_too_large": "the source holds an integer literal that is too large",
        "source_identifier": "identifiers must be ASCII and of moderate length",
        # prism.yaml
        "yaml_too_large": "prism.yaml is larger than 16 KiB or holds more than 500 strings",
        "yaml_syntax": "prism.yaml is not valid YAML",
        "yaml_alias": "anchors and aliases are not accepted in prism.yaml",
        "yaml_tag": "tags and directives are not accepted in prism.yaml",
        "yaml_duplicate_key": "a key occurs twice in prism.yaml",
        "yaml_merge": "merge keys are not accepted in prism.yaml",
        "yaml_type": "every value in prism.yaml is a string: put it in quotes",
        "yaml_too_deep": "prism.yaml is nested more than 8 levels deep",
        "yaml_documents": "prism.yaml holds more than one document",
        "yaml_schema": "prism.yaml does not follow its schema",
        # the contract
        "contract_missing_file": "a file that the contract requires is missing",
        "contract_same_file": "the architecture and the training script must be two files",
        "family_file_clash": "a file of the training has the name of one of the architecture's files",
    }
)


class BundleRefused(Exception):
    """A bundle breaks a rule. `code` is a key of MESSAGES; `file` and `line` say where, where known.

    `detail` is a sentence of our own; whatever comes from the bundle must have passed through `shown`.
    """

    def __init__(
        self, code: str, *, file: str | bytes | None = None, line: int | None = None, detail: str = ""
    ) -> None:
        self.code = code
        self.file = None if file is None else shown(file)
        self.line = line
        self.message = f"{MESSAGES[code]}: {detail}" if detail else MESSAGES[code]
        super().__init__(f"{code}: {self.message}{self._place()}")

    def _place(self) -> str:
        if self.file is None:
            return ""
        return f" ({self.file}, line {self.line})" if self.line is not None else f" ({self.file})"


def shown(text: str | bytes) -> str:
    """`text` made harmless for logs, terminals and pages: printable ASCII, cut after 60 characters."""
    start = text[: SHOWN_CHARS + 1]
    escaped = ascii(start.decode("latin-1") if isinstance(start, bytes) else start)[1:-1]
    return escaped if len(escaped) <= SHOWN_CHARS else f"{escaped[:SHOWN_CHARS]}..."
