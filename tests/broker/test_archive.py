"""Archives of the wire: equal files give equal bytes, and whatever comes back is files, or refused."""

import gzip
import io
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluations.backends.broker.archive import MAX_MEMBERS, ArchiveRefused, pack, unpack
from evaluations.backends.broker.errors import JobTooLarge

NAMES = st.text("abcdefghij.-_", min_size=1, max_size=20).filter(lambda name: set(name) - {"."})


def tar_of(*entries: tarfile.TarInfo, content: bytes = b"", form: int = tarfile.PAX_FORMAT) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz", format=form) as archive:
        for entry in entries:
            entry.size = entry.size or (len(content) if entry.isreg() else 0)
            archive.addfile(entry, io.BytesIO(content.ljust(entry.size, b"\0")) if entry.isreg() else None)
    return stream.getvalue()


def entry_of(name: str, kind: bytes = tarfile.REGTYPE, **more: object) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type = kind
    for field, value in more.items():
        setattr(entry, field, value)
    return entry


@given(st.dictionaries(NAMES, st.binary(max_size=2000), max_size=8))
def test_what_is_packed_comes_out_again(files: dict[str, bytes]) -> None:
    packed = pack(files, max_bytes=1 << 20)
    assert unpack(packed) == files
    assert packed == pack(dict(reversed(files.items())), max_bytes=1 << 20)


def test_a_packed_archive_holds_plain_files_alone() -> None:
    packed = pack({"bundle/model/a.py": b"1", "order.json": b"2"}, max_bytes=1 << 20)
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        assert [entry.name for entry in archive] == ["bundle/model/a.py", "order.json"]
        assert all(entry.isreg() and entry.mode == 0o644 and entry.mtime == 0 for entry in archive)


def test_more_than_may_be_sent_is_not_sent() -> None:
    with pytest.raises(JobTooLarge) as caught:
        pack({"text": bytes(range(256)) * 64}, max_bytes=100)
    assert caught.value.code == "broker_job_too_large"


def test_folders_and_what_lies_in_them_are_passed_over() -> None:
    packed = tar_of(
        entry_of("./", tarfile.DIRTYPE),
        entry_of("./here"),
        entry_of("logs", tarfile.DIRTYPE),
        entry_of("logs/below"),
        content=b"x",
    )
    assert unpack(packed) == {"here": b"x"}


@pytest.mark.parametrize(
    "entry",
    [
        entry_of("link", tarfile.SYMTYPE, linkname="/etc/passwd"),
        entry_of("link", tarfile.LNKTYPE, linkname="other"),
        entry_of("device", tarfile.CHRTYPE),
        entry_of("device", tarfile.BLKTYPE),
        entry_of("pipe", tarfile.FIFOTYPE),
        entry_of("/etc/passwd"),
        entry_of("../outside"),
        entry_of("a/../../outside"),
        entry_of("a\\b"),
        entry_of("line\nbreak"),
        entry_of("x" * 300),
        entry_of("sparse", pax_headers={"GNU.sparse.size": "9999999999", "GNU.sparse.map": "0,1"}),
    ],
    ids=lambda entry: f"{entry.type.decode()}-{entry.name[:12]!r}",
)
def test_what_is_no_plain_file_refuses_the_whole_archive(entry: tarfile.TarInfo) -> None:
    with pytest.raises(ArchiveRefused):
        unpack(tar_of(entry_of("sound"), entry))


def test_a_name_that_comes_twice_is_refused() -> None:
    with pytest.raises(ArchiveRefused, match="twice"):
        unpack(tar_of(entry_of("same"), entry_of("./same")))


def test_a_bomb_is_refused_before_it_is_inflated() -> None:
    with pytest.raises(ArchiveRefused, match="inflates"):
        unpack(tar_of(entry_of("zeros", size=32 << 20)), max_bytes=1 << 20)


def test_a_header_that_promises_more_than_follows_is_refused() -> None:
    whole = gzip.decompress(tar_of(entry_of("file", size=4096)))
    with pytest.raises(ArchiveRefused):
        unpack(gzip.compress(whole[:1024]))


def test_too_many_entries_are_refused() -> None:
    with pytest.raises(ArchiveRefused, match="entries"):
        unpack(tar_of(*(entry_of(f"d{n}", tarfile.DIRTYPE) for n in range(MAX_MEMBERS + 1))))


def test_a_chain_of_headers_without_an_end_is_refused() -> None:
    long_names = b"".join(
        entry_of("././@LongLink", tarfile.GNUTYPE_LONGNAME, size=0).tobuf(tarfile.GNU_FORMAT)
        for _ in range(3000)
    )
    with pytest.raises(ArchiveRefused):
        unpack(gzip.compress(long_names))


@given(st.integers(0, 400), st.integers(0, 255))
def test_a_changed_byte_gives_files_or_a_refusal(place: int, value: int) -> None:
    packed = bytearray(pack({"a": b"first" * 20, "b": b"second" * 20}, max_bytes=1 << 20))
    packed[place % len(packed)] = value
    try:
        found = unpack(bytes(packed))
    except ArchiveRefused:
        return
    assert all(isinstance(content, bytes) for content in found.values())


@given(st.binary(max_size=3000))
def test_any_bytes_behind_gzip_give_files_or_a_refusal(raw: bytes) -> None:
    for packed in (raw, gzip.compress(raw, mtime=0)):
        try:
            unpack(packed, max_bytes=1 << 16)
        except ArchiveRefused:
            continue


@pytest.mark.parametrize("cut", [0, 1, 10, 40])
def test_a_truncated_archive_is_refused(cut: int) -> None:
    packed = pack({"a": b"first" * 50}, max_bytes=1 << 20)
    with pytest.raises(ArchiveRefused):
        unpack(packed[:cut])
