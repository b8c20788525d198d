"""Staging of reference tokenizers: only what the `tokenizers` library loads, locked by hash."""

import hashlib
from pathlib import Path

import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from evaluations.datasets.errors import TokenizerChanged, TokenizerInvalid, TokenizerMissing
from evaluations.datasets.reference_tokenizers import stage_tokenizer, staged_tokenizer


@pytest.fixture
def tokenizer_file(tmp_path: Path, texts: list[str]) -> Path:
    """A byte-level BPE, as GPT-2's is, trained on the spot."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=400, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(texts[:50], trainer)
    path = tmp_path / "model" / "tokenizer.json"
    path.parent.mkdir()
    tokenizer.save(str(path))
    return path


@pytest.mark.parametrize("as_folder", [False, True])
def test_a_staged_tokenizer_is_a_verified_copy(tmp_path: Path, tokenizer_file: Path, as_folder: bool) -> None:
    source = tokenizer_file.parent if as_folder else tokenizer_file
    record = stage_tokenizer("gpt2", source, tmp_path / "data")
    staged = staged_tokenizer("gpt2", tmp_path / "data")
    assert staged == tmp_path / "data" / "tokenizers" / "gpt2" / "tokenizer.json"
    assert staged.read_bytes() == tokenizer_file.read_bytes()
    assert record["sha256"] == hashlib.sha256(staged.read_bytes()).hexdigest()
    assert record["vocab_size"] == Tokenizer.from_file(str(staged)).get_vocab_size()


def test_both_names_may_be_staged_one_after_the_other(tmp_path: Path, tokenizer_file: Path) -> None:
    for name in ("llama", "gpt2", "llama"):
        stage_tokenizer(name, tokenizer_file, tmp_path)
    assert staged_tokenizer("gpt2", tmp_path) != staged_tokenizer("llama", tmp_path)


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b"\xff", b'{"version": "1.0", "model": {"type": "No"}}']
)
def test_what_the_library_does_not_load_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "tokenizer.json"
    path.write_bytes(content)
    with pytest.raises(TokenizerInvalid, match=r"tokenizer\.json"):
        stage_tokenizer("gpt2", path, tmp_path / "data")
    assert not (tmp_path / "data").exists()


def test_an_empty_vocabulary_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    Tokenizer(models.BPE()).save(str(path))
    with pytest.raises(TokenizerInvalid, match="empty"):
        stage_tokenizer("gpt2", path, tmp_path / "data")


def test_a_path_without_tokenizer_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TokenizerInvalid, match="No such file"):
        stage_tokenizer("gpt2", tmp_path, tmp_path / "data")


def test_other_names_are_refused(tmp_path: Path, tokenizer_file: Path) -> None:
    with pytest.raises(TokenizerInvalid, match="choose one of gpt2, llama"):
        stage_tokenizer("../gpt2", tokenizer_file, tmp_path / "data")


def test_a_tokenizer_that_is_not_staged_is_missing(tmp_path: Path) -> None:
    with pytest.raises(TokenizerMissing, match="llama"):
        staged_tokenizer("llama", tmp_path)


def test_a_changed_tokenizer_is_caught(tmp_path: Path, tokenizer_file: Path) -> None:
    stage_tokenizer("gpt2", tokenizer_file, tmp_path)
    staged = staged_tokenizer("gpt2", tmp_path)
    staged.write_bytes(staged.read_bytes() + b"\n")
    with pytest.raises(TokenizerChanged, match=str(staged)):
        staged_tokenizer("gpt2", tmp_path)
    stage_tokenizer("gpt2", tokenizer_file, tmp_path)
    assert staged_tokenizer("gpt2", tmp_path) == staged
