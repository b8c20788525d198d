"""Tokenizers are data, and lose nothing."""

from pathlib import Path

import pytest
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from evaluations.runner.tokenizers import FileCoder, TokenizerInvalid, TokenizerNotLossless, encode_lossless
from tests.runner.harness import COUNTING_TRAINER, IDLE_TRAINER, TABLE_MODEL, TEXT, execute, make_job
from tests.runner.test_anomalies import compared_with_ppmd

HONEST = {"architecture.py": TABLE_MODEL, "training.py": COUNTING_TRAINER}


def byte_level(vocabulary: int = 400) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=vocabulary, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator([TEXT[:60_000].decode()], trainer)
    return tokenizer


def test_a_bundles_tokenizer_json_is_used(tmp_path):
    files = HONEST | {"tokenizer.json": byte_level().to_str()}
    outcome = execute(make_job(tmp_path, files, tokenizer="tokenizer.json"))
    assert outcome.manifest.verdict == "scored", outcome.manifest.reason
    assert outcome.chunks[-1]["tokens"] < outcome.score["bytes"]
    assert outcome.score["bytes"] == 16_384


@pytest.mark.long
def test_a_staged_reference_is_used_by_name(tmp_path):
    path = tmp_path / "gpt2.json"
    path.write_text(byte_level().to_str())
    training = COUNTING_TRAINER + "    assert ctx.reference_tokenizer('gpt2').get_vocab_size() == 400\n"
    job = make_job(
        tmp_path,
        HONEST | {"training.py": training},
        tokenizer="gpt2",
        reference_tokenizers={"gpt2": str(path)},
    )
    outcome = execute(job)
    assert outcome.manifest.verdict == "scored", outcome.manifest.traceback


@pytest.mark.long
def test_a_reference_that_is_not_staged_is_named(tmp_path):
    manifest = execute(make_job(tmp_path, HONEST, tokenizer="llama")).manifest
    assert (manifest.verdict, manifest.code) == ("failed", "tokenizer_invalid")
    assert "llama" in manifest.reason


def test_a_lossy_tokenizer_is_rejected(tmp_path):
    tokenizer = byte_level()
    tokenizer.normalizer = normalizers.Lowercase()
    files = HONEST | {"tokenizer.json": tokenizer.to_str()}
    manifest = execute(make_job(tmp_path, files, tokenizer="tokenizer.json")).manifest
    assert (manifest.verdict, manifest.code) == ("rejected", "tokenizer_not_lossless")
    assert manifest.integrity["lossless"] is False


def test_a_tokenizer_that_encodes_everything_as_one_token_is_not_lossless(tmp_path):
    path = tmp_path / "tokenizer.json"
    tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0, "a": 1}, unk_token="[UNK]"))
    path.write_text(tokenizer.to_str())
    with pytest.raises(TokenizerNotLossless, match="chunk 3"):
        encode_lossless(FileCoder(path), b"some text that is not kept", 3)


def test_a_tokenizer_whose_vocabulary_is_the_text_is_worth_nothing(tmp_path):
    data = TEXT[:6000]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=2000, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator([data.decode()], trainer)
    files = {"architecture.py": TABLE_MODEL, "training.py": IDLE_TRAINER}
    files["tokenizer.json"] = tokenizer.to_str()
    job = compared_with_ppmd(make_job(tmp_path, files, data=data, tokenizer="tokenizer.json"), data)
    outcome = execute(job)
    assert outcome.manifest.verdict == "scored", outcome.manifest.reason
    assert [found["code"] for found in outcome.manifest.integrity["anomalies"]] == [
        "early_compression_anomaly"
    ]
    assert outcome.score["multiplier"] == 0.0


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"model": {"type": "BPE", "vocab": {}, "merges": []}}'])
def test_files_that_are_no_tokenizer_are_refused(tmp_path: Path, content):
    path = tmp_path / "tokenizer.json"
    path.write_text(content)
    with pytest.raises(TokenizerInvalid):
        FileCoder(path)


@pytest.mark.long
def test_a_python_object_is_no_tokenizer(tmp_path):
    own = """
class Mine:
    def encode(self, text):
        return [0]


def train(ctx):
    model = ctx.build_model()
    for batch in ctx.iter_train_batches(model, batch_size=2, seq_len=32, tokenizer=Mine()):
        pass
"""
    manifest = execute(make_job(tmp_path, HONEST | {"training.py": own})).manifest
    assert (manifest.verdict, manifest.code) == ("failed", "tokenizer_not_data")
    assert "tokenizer.json" in manifest.reason


@pytest.mark.long
def test_the_declared_tokenizer_may_be_passed_on(tmp_path):
    passing = """
def train(ctx):
    model, tokenizer = ctx.build_model(), ctx.reference_tokenizer("bytes")
    for batch in ctx.iter_train_batches(model, batch_size=2, seq_len=32, tokenizer=tokenizer):
        pass
"""
    assert execute(make_job(tmp_path, HONEST | {"training.py": passing})).manifest.verdict == "scored"
