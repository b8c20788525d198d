"""Keys come out of files and the environment, sign what the server verifies, and are never shown."""

import hashlib
import json
from pathlib import Path

import pytest
from bittensor_wallet import Wallet

from clients import prism_submit
from clients.prism_submit import Key, Stopped, key_of
from prism_site.access import hotkeys
from prism_site.access.signatures import canonical_message
from tests.clients.conftest import SEED


def wallet_file(folder: Path) -> Path:
    wallet = Wallet(name="miner", hotkey="one", path=str(folder))
    wallet.create_new_hotkey(use_password=False, overwrite=False, suppress=True)
    return folder / "miner" / "hotkeys" / "one"


def test_a_wallets_hotkey_file_is_read(tmp_path: Path) -> None:
    path = wallet_file(tmp_path)
    assert key_of(str(path), {}).hotkey == json.loads(path.read_text())["ss58Address"]


def test_a_wallet_without_a_seed_is_read_by_its_private_key(tmp_path: Path) -> None:
    path = wallet_file(tmp_path)
    wallet = json.loads(path.read_text())
    path.write_text(json.dumps({name: wallet[name] for name in ("privateKey", "ss58Address")}))
    assert key_of(str(path), {}).hotkey == wallet["ss58Address"]


def test_the_server_verifies_what_a_key_signs() -> None:
    key = key_of(None, {"PRISM_SEED": SEED})
    sent = key.headers(b"body")
    message = canonical_message(
        key.hotkey, sent["X-Nonce"], int(sent["X-Timestamp"]), hashlib.sha256(b"body").hexdigest()
    )
    assert hotkeys.encode(key.public) == key.hotkey == sent["X-Hotkey"]
    assert hotkeys.verify(key.hotkey, sent["X-Signature"], message)


def test_a_file_that_is_named_wins_over_the_environment(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("0x" + "22" * 32 + "\n")
    (tmp_path / "b").write_text("33" * 32)
    environment = {"PRISM_KEY_FILE": str(tmp_path / "b"), "PRISM_SEED": SEED}
    named, kept, seeded = (
        key_of(str(tmp_path / "a"), environment),
        key_of(None, environment),
        key_of(None, {"PRISM_SEED": SEED}),
    )
    assert len({named.hotkey, kept.hotkey, seeded.hotkey}) == 3


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("11" * 31, "key_malformed"),
        ("five words that are no seed", "key_malformed"),
        ("{", "key_malformed"),
        ("{}", "key_without_secret"),
        ('{"publicKey": "0x11"}', "key_without_secret"),
        ('{"secretSeed": "0x11"}', "key_malformed"),
        ("$NACL-encrypted", "key_encrypted"),
    ],
)
def test_what_is_no_key_is_told_apart(content: str, code: str, tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text(content)
    with pytest.raises(Stopped) as stopped:
        key_of(str(path), {})
    assert stopped.value.code == code
    assert "11" * 31 not in str(stopped.value)


def test_a_secret_of_another_address_is_refused(tmp_path: Path) -> None:
    path = wallet_file(tmp_path)
    wallet = json.loads(path.read_text()) | {"secretSeed": "0x" + SEED}
    path.write_text(json.dumps(wallet))
    with pytest.raises(Stopped) as stopped:
        key_of(str(path), {})
    assert stopped.value.code == "key_mismatch"


def test_no_key_and_no_file_are_told_apart(tmp_path: Path) -> None:
    for named, code in ((None, "key_missing"), (str(tmp_path / "none"), "key_unreadable")):
        with pytest.raises(Stopped) as stopped:
            key_of(named, {})
        assert stopped.value.code == code


def test_keygen_writes_for_its_owner_alone_and_never_over_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "my.key"
    assert prism_submit.main(["keygen", str(path)]) == 0
    printed = capsys.readouterr()
    assert key_of(str(path), {}).hotkey == printed.out.strip()
    assert path.read_text().strip() not in printed.out + printed.err
    assert path.stat().st_mode & 0o777 == 0o600
    before = path.read_text()
    assert prism_submit.main(["keygen", str(path)]) == prism_submit.USAGE
    assert path.read_text() == before


def test_a_key_does_not_show_its_secret() -> None:
    key: Key = key_of(None, {"PRISM_SEED": SEED})
    assert key.secret.hex() not in repr(key)
    assert str(key.secret) not in repr(key)
