#!/usr/bin/env python3
"""Send a bundle to a PRISM server and see it through: pack, precheck, sign, upload, follow, download.

One file, Python 3.11 or newer; signing needs `pip install py-sr25519-bindings` and nothing else does.
The protocol is the server's public one (`/docs/http-api/`): what this tool does, yours can do too.
"""

from __future__ import annotations

import argparse
import hashlib
import http.client
import io
import json
import os
import re
import secrets
import shutil
import stat
import sys
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import sleep, time
from typing import Any

DONE, REFUSED, USAGE, FAILED, HELD, NO_ANSWER = range(6)
EXAMPLES = """
a first submission:
  pip install py-sr25519-bindings
  python prism_submit.py keygen my.key                       # or use the hotkey file of a wallet
  export PRISM_SERVER=https://prism.example PRISM_KEY_FILE=my.key
  python prism_submit.py precheck my_model/                  # what would be found; 3 a day, nothing is stored
  python prism_submit.py submit my_model/ --follow           # pack, sign, upload, wait for the verdict
  python prism_submit.py download ID                         # manifest, curve and log into ./ID/

the key is read from --key FILE or PRISM_KEY_FILE, or as 64 hex digits from PRISM_SEED, never from the command
line. A file holds 64 hex digits (a seed), or is the unencrypted JSON of a wallet's hotkey
(~/.bittensor/wallets/NAME/hotkeys/HOTKEY).

exit status: 0 done, or scored · 1 refused or rejected · 2 wrong usage, folder or key · 3 failed · 4 held ·
5 no usable answer from the server
"""

SUFFIXES = (".py", ".yaml", ".yml", ".json", ".txt", ".md", ".toml")
PARTS = ("architecture.py", "training.py", "prism.yaml")  # the last may name other files
MAX_BUNDLE_BYTES = 64 << 20  # the server's limit is lower; this one only keeps a wrong folder out of memory
NETWORK, KEY_BYTES, SECRET_BYTES = 42, 32, 64

ATTEMPTS = 6
LONGEST_WAIT_SECONDS = 120.0  # a server that asks for more is not waited for
REQUEST_SECONDS = 60.0
POLL_SECONDS = 3.0

MEND = "Mend what is named and send it again. Format: {server}/submit; every rule: {server}/docs/rules/"
ADVICE = {
    "public_submissions_disabled": "This server takes no uploads. Is --server the right one?",
    "auth_header_missing": "Something between you and the server drops headers that begin with X-.",
    "timestamp_stale": "Set the clock of this machine: the server finds your signature too old.",
    "timestamp_future": "Set the clock of this machine: it is ahead of the server's.",
    "signature_invalid": "The key is not that of the hotkey, or the body changed on its way.",
    "hotkey_not_allowed": "This hotkey may not submit here; a validator's may not, for one. Use another key.",
    "rate_limited": "Too many requests from this address or hotkey. Come again in a minute.",
    "precheck_quota": "The prechecks of this hotkey are spent for today; `submit` is still possible.",
    "body_too_large": "The bundle is larger than this server takes. {server}/submit has the limits.",
    "not_owner": "Only the hotkey that sent a submission may have it tried again: is this its key?",
    "retry_not_possible": "Only what the infrastructure failed is tried again; else send a corrected bundle.",
    "not_found": "Is the id right, and is it on this server?",
    "try_again": "The server is busy. Come again in a while.",
    "unhealthy": "The server is not well; its operator can see why. Come again in a while.",
    "server_unreachable": "Is --server (or PRISM_SERVER) right, and is the server up?",
}


class Stopped(Exception):
    """The end of a command: a stable `code`, a sentence, what to do about it, and the exit status."""

    def __init__(self, code: str, says: str, advice: str = "", status: int = USAGE) -> None:
        super().__init__(f"{code}: {says}")
        self.code, self.says, self.advice, self.status = code, says, advice, status


# --- the bundle -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Bundle:
    """An archive to be sent, and the content hash under which the server knows it (64 hex digits)."""

    archive: bytes
    code_hash: str
    names: list[str]


def bundle_at(path: Path) -> Bundle:
    """The bundle in a folder, packed, or in a ZIP, as it is."""
    if path.is_dir():
        return packed(files_under(path))
    if not path.is_file():
        raise Stopped("path_missing", f"there is no folder and no file at {path}")
    if path.stat().st_size > MAX_BUNDLE_BYTES:
        raise Stopped("bundle_too_large", f"{path} has {path.stat().st_size} bytes")
    archive = path.read_bytes()
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            entries = [entry for entry in opened.infolist() if not entry.is_dir()]
            if sum(entry.file_size for entry in entries) > MAX_BUNDLE_BYTES:
                raise Stopped("bundle_too_large", f"{path} unpacks to more than {MAX_BUNDLE_BYTES} bytes")
            files = {entry.filename: opened.read(entry) for entry in entries}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise Stopped("zip_not_zip", f"{path} is not a ZIP archive: {error}") from error
    return Bundle(archive, code_hash(files), sorted(files))


def files_under(folder: Path) -> dict[str, bytes]:
    """Files by name with `/`; dot-files and `__pycache__` are left aside, as the server would."""
    paths = dict(_walk(folder, ""))
    for name, path in paths.items():
        _check(name, path)
    if not set(PARTS) & set(paths):
        raise Stopped("folder_without_source", f"{folder} holds none of {', '.join(PARTS)}")
    if sum(path.stat().st_size for path in paths.values()) > MAX_BUNDLE_BYTES:
        raise Stopped("bundle_too_large", f"{folder} holds more than {MAX_BUNDLE_BYTES} bytes")
    return {name: path.read_bytes() for name, path in sorted(paths.items())}


def _walk(folder: Path, prefix: str) -> Iterator[tuple[str, Path]]:
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.name == "__pycache__":
            continue
        if path.is_dir() and not path.is_symlink():
            yield from _walk(path, f"{prefix}{path.name}/")
        else:
            yield f"{prefix}{path.name}", path


def _check(name: str, path: Path) -> None:
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        raise Stopped("zip_symlink", f"{name} is a symbolic link; put the file itself there")
    if not stat.S_ISREG(mode):
        raise Stopped("zip_special_file", f"{name} is not a plain file")
    if not name.endswith(SUFFIXES):
        raise Stopped(
            "zip_file_type", f"{name}: only {' '.join(SUFFIXES)} are taken; move it out of the folder"
        )


def packed(files: Mapping[str, bytes]) -> Bundle:
    """A plain archive without dates or owners: the same files always give the same bytes."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as opened:
        for name in sorted(files):
            info = zipfile.ZipInfo(name)
            info.create_system, info.external_attr = 3, 0o100644 << 16
            opened.writestr(info, files[name], compress_type=zipfile.ZIP_DEFLATED, compresslevel=9)
    return Bundle(archive.getvalue(), code_hash(files), sorted(files))


def code_hash(files: Mapping[str, bytes]) -> str:
    """SHA-256 over `name NUL length NUL sha256 LF` of each file, in the order of names."""
    listing = hashlib.sha256()
    for name in sorted(files):
        listing.update(f"{name}\0{len(files[name])}\0{hashlib.sha256(files[name]).hexdigest()}\n".encode())
    return listing.hexdigest()


# --- the key --------------------------------------------------------------------------------------


@dataclass(frozen=True, repr=False)  # a traceback shall not print the secret
class Key:
    """An sr25519 pair and its ss58 address."""

    public: bytes
    secret: bytes

    @property
    def hotkey(self) -> str:
        """The address, of network 42."""
        payload = bytes([NETWORK]) + self.public
        return _base58(payload + hashlib.blake2b(b"SS58PRE" + payload).digest()[:2])

    def headers(self, body: bytes) -> dict[str, str]:
        """What signs `body` now, with a nonce of its own."""
        nonce, timestamp = secrets.token_hex(16), int(time())
        message = f"prism:{self.hotkey}:{nonce}:{timestamp}:{hashlib.sha256(body).hexdigest()}"
        return {
            "X-Hotkey": self.hotkey,
            "X-Signature": _sr25519().sign((self.public, self.secret), message.encode()).hex(),
            "X-Nonce": nonce,
            "X-Timestamp": str(timestamp),
        }


def key_of(named: str | None, environment: Mapping[str, str]) -> Key:
    """The key in the file that is named, in that of PRISM_KEY_FILE, or of the seed in PRISM_SEED."""
    file = named or environment.get("PRISM_KEY_FILE")
    if file:
        return _read_key(Path(file).expanduser())
    seed = environment.get("PRISM_SEED")
    if not seed:
        raise Stopped("key_missing", "no key was given", "Name a file by --key or PRISM_KEY_FILE; see --help")
    return _from_seed(_hex(seed, KEY_BYTES, "PRISM_SEED"))


def _read_key(path: Path) -> Key:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise Stopped("key_unreadable", f"the key file {path} cannot be read: {error.strerror}") from error
    if raw.startswith(b"$"):
        raise Stopped("key_encrypted", f"{path} is encrypted", "Give a hotkey file without a password.")
    text = raw.decode("utf-8", "replace").strip()
    key = _from_wallet(text, path) if text.startswith("{") else _from_seed(_hex(text, KEY_BYTES, str(path)))
    if path.stat().st_mode & 0o077:
        say(f"note: other users of this machine may read {path}; `chmod 600` closes it")
    return key


def _from_wallet(text: str, path: Path) -> Key:
    try:
        wallet = json.loads(text)
    except ValueError as error:
        raise Stopped("key_malformed", f"{path} is neither 64 hex digits nor JSON") from error
    if wallet.get("secretSeed"):
        key = _from_seed(_hex(wallet["secretSeed"], KEY_BYTES, f"secretSeed in {path}"))
    elif wallet.get("privateKey"):
        secret = _hex(wallet["privateKey"], SECRET_BYTES, f"privateKey in {path}")
        key = Key(_sr25519().public_from_secret_key(secret), secret)
    else:
        raise Stopped(
            "key_without_secret", f"{path} holds no secretSeed and no privateKey: only a public half?"
        )
    if wallet.get("ss58Address", key.hotkey) != key.hotkey:
        raise Stopped("key_mismatch", f"the secret in {path} is not that of its ss58Address")
    return key


def _from_seed(seed: bytes) -> Key:
    return Key(*_sr25519().pair_from_seed(seed))


def _hex(text: object, count: int, where: str) -> bytes:
    digits = str(text).strip().removeprefix("0x")
    if not re.fullmatch(rf"[0-9a-fA-F]{{{2 * count}}}", digits):
        raise Stopped("key_malformed", f"{where} is not {2 * count} hex digits")
    return bytes.fromhex(digits)


def _base58(raw: bytes) -> str:
    alphabet, number, text = (
        "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz",
        int.from_bytes(raw, "big"),
        "",
    )
    while number:
        number, digit = divmod(number, 58)
        text = alphabet[digit] + text
    return text  # the first byte is 42: there are no leading zeros


def _sr25519() -> Any:
    try:
        import sr25519
    except ImportError as error:
        advice = "pip install py-sr25519-bindings"
        raise Stopped("sr25519_missing", "signing needs a package", advice) from error
    return sr25519


# --- the server -----------------------------------------------------------------------------------


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """urllib would turn a redirected upload into a GET without saying so."""

    def redirect_request(self, *_: Any) -> None:
        return None


class Server:
    """The API of one server. Answers that say *later* are waited for, a while; others end the command."""

    def __init__(self, address: str) -> None:
        self.base = address.rstrip("/")
        if urllib.parse.urlsplit(self.base).scheme not in ("http", "https"):
            raise Stopped("server_malformed", f"{address} is not an address like https://prism.example")
        self._opener = urllib.request.build_opener(_NoRedirect())

    def get(self, path: str) -> dict[str, Any]:
        """The JSON behind a path."""
        return self._object(self.file(path))

    def file(self, path: str) -> bytes:
        """The bytes behind a path."""
        return self._persist(lambda: self._request(path))[1]

    def post(
        self, path: str, body: bytes, key: Key, media_type: str = "application/zip"
    ) -> tuple[int, dict[str, Any]]:
        """(status, JSON) of a signed body, signed anew for each attempt: a wait makes a signature stale.

        A bundle that arrived although its answer did not is recognised by its content, whatever the nonce.
        """

        def signed() -> urllib.request.Request:
            return self._request(path, body, {"Content-Type": media_type, **key.headers(body)})

        status, answer = self._persist(signed)
        return status, self._object(answer)

    def _request(
        self, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> urllib.request.Request:
        named = {"User-Agent": "prism_submit", **(headers or {})}
        return urllib.request.Request(self.base + path, data=body, headers=named)  # noqa: S310 - checked

    def _persist(self, request: Callable[[], urllib.request.Request]) -> tuple[int, bytes]:
        for attempt in range(ATTEMPTS):
            last = attempt == ATTEMPTS - 1
            try:
                with self._opener.open(request(), timeout=REQUEST_SECONDS) as answer:
                    return answer.status, answer.read()
            except urllib.error.HTTPError as error:
                wait = _asked_to_wait(error)
                if last or wait is None:
                    raise self._refusal(error) from error
            except (OSError, http.client.HTTPException) as error:
                if last:
                    raise self._unusable(str(getattr(error, "reason", error))) from error
                wait = 2.0**attempt
            say(f"the server is not ready; trying again in {wait:.0f} s")
            sleep(wait)
        raise AssertionError("the last attempt returns or raises")

    def _object(self, answer: bytes) -> dict[str, Any]:
        try:
            found = json.loads(answer)
        except ValueError as error:
            raise self._unusable("what answers is no PRISM server") from error
        if not isinstance(found, dict):
            raise self._unusable("what answers is no PRISM server")
        return found

    def _refusal(self, error: urllib.error.HTTPError) -> Stopped:
        problem = _problem(error)
        if 300 <= error.code < 400:
            return Stopped(
                "server_redirects", f"use --server {error.headers.get('Location', '')}", "", NO_ANSWER
            )
        code = str(problem.get("code") or f"http_{error.code}")
        says = [str(problem.get("detail") or problem.get("title") or error.reason)]
        says += [f"{item.get('pointer')}: {item.get('detail')}" for item in problem.get("errors") or []]
        says += [f"{self.base}/submissions/{problem['submission_id']}"] if "submission_id" in problem else []
        advice = ADVICE.get(code, MEND if error.code == 422 else "").format(server=self.base)
        wait = error.headers.get("Retry-After")
        if wait:
            advice = f"{advice} (the server says: in {wait} s)".strip()
        status = NO_ANSWER if error.code >= 500 or error.code == 429 else REFUSED
        return Stopped(code, "\n  ".join(says), advice, status)

    def _unusable(self, reason: str) -> Stopped:
        says = f"nothing usable answers at {self.base}: {reason}"
        return Stopped("server_unreachable", says, ADVICE["server_unreachable"], NO_ANSWER)


def _asked_to_wait(error: urllib.error.HTTPError) -> float | None:
    """Seconds until the next attempt; None where the answer is final or the wait too long."""
    if error.code not in (429, 503):
        return None
    asked = error.headers.get("Retry-After", "")
    if not asked.isdigit():
        return None if error.code == 429 else 2.0
    return float(asked) if float(asked) <= LONGEST_WAIT_SECONDS else None


def _problem(error: urllib.error.HTTPError) -> dict[str, Any]:
    try:
        found = json.loads(error.read())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


# --- the commands ---------------------------------------------------------------------------------


def keygen(options: argparse.Namespace) -> int:
    """A new throw-away key, in a file that only its owner reads."""
    seed = secrets.token_bytes(KEY_BYTES)
    key, path = _from_seed(seed), Path(options.file)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise Stopped(
            "key_not_written", f"{path}: {error.strerror}", "Nothing is ever overwritten."
        ) from error
    with os.fdopen(descriptor, "w") as file:
        file.write(seed.hex() + "\n")
    print(key.hotkey)
    say(f"the secret of this hotkey is in {path}; whoever has it can submit and earn in its name")
    return DONE


def pack(options: argparse.Namespace) -> int:
    """Write the archive of a folder."""
    bundle = bundle_at(Path(options.bundle))
    Path(options.output).write_bytes(bundle.archive)
    say(f"{len(bundle.names)} files: {', '.join(bundle.names)}")
    print(f"{options.output}  {len(bundle.archive)} bytes  content {bundle.code_hash}")
    return DONE


def precheck(options: argparse.Namespace) -> int:
    """Ask what intake, rules and duplicates would find."""
    server, key = Server(options.server), key_of(options.key, os.environ)
    bundle = bundle_at(Path(options.bundle))
    _, found = server.post("/v1/submissions/precheck", bundle.archive, key)
    for finding in found["findings"]:
        place = f"  {finding['file']}:{finding['line'] or ''}" if finding["file"] else ""
        print(f"{finding['outcome']:<10} {finding['code']}{place}\n           {finding['message']}")
    limit, used = found["quota"]["limit"], found["quota"]["used"]
    print(f"outcome: {found['outcome']}; {limit - used} of {limit} prechecks left today")
    return {"reject": REFUSED, "hold": HELD, "quarantine": HELD}.get(found["outcome"], DONE)


def submit(options: argparse.Namespace) -> int:
    """Pack, sign, upload; and stay with it where asked to."""
    server, key = Server(options.server), key_of(options.key, os.environ)
    bundle = bundle_at(Path(options.bundle))
    status, receipt = server.post("/v1/submissions", bundle.archive, key)
    known = (
        ""
        if status == 201
        else f"  (known since {receipt['created_at']}: the same content is never stored twice)"
    )
    print(f"{receipt['id']}  {receipt['status']}{known}")
    say(f"{server.base}/submissions/{receipt['id']}")
    return watch(server, receipt["id"]) if options.follow else DONE


def follow(options: argparse.Namespace) -> int:
    """Stay with a submission until it is over or held."""
    return watch(Server(options.server), _id(options.id))


def download(options: argparse.Namespace) -> int:
    """The manifest, every point of the curve, and the log, as far as there are any."""
    server, submission = Server(options.server), _id(options.id)
    address = f"/v1/submissions/{submission}"
    found = {"submission.json": server.file(address), "curve.csv": server.file(f"{address}/curve.csv")}
    try:
        found["manifest.json"] = server.file(f"{address}/manifest")
    except Stopped as stopped:
        if stopped.code != "no_manifest":
            raise
        say("there is no manifest: it is written when a run ends")
    found["learner.log"] = "".join(_log(server, submission)).encode()
    folder = Path(options.to or submission)
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in found.items():
        _write(folder / name, content)
    return DONE


def again(options: argparse.Namespace) -> int:
    """Have a submission queued again that failed because of the infrastructure."""
    server, key, submission = Server(options.server), key_of(options.key, os.environ), _id(options.id)
    body = json.dumps({"submission_id": submission}).encode()
    _, receipt = server.post(f"/v1/submissions/{submission}/retry", body, key, "application/json")
    print(f"{receipt['id']}  {receipt['status']}")
    return DONE


def _write(path: Path, content: bytes) -> None:
    part = path.with_name(f"{path.name}.part")
    part.write_bytes(content)
    part.replace(path)
    print(f"{path}  {len(content)} bytes")


def _log(server: Server, submission: str) -> Iterator[str]:
    since = 0
    while True:
        piece = server.get(f"/v1/submissions/{submission}/log?since={since}")
        yield piece["text"]
        if piece["next_since"] == since:
            return
        since = piece["next_since"]


def _id(text: str) -> str:
    found = re.search(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", text.lower())
    if not found:
        raise Stopped(
            "submission_id_malformed", f"{text} is not the id of a submission, nor the address of its page"
        )
    return found[0]


# --- following ------------------------------------------------------------------------------------


def watch(server: Server, submission: str) -> int:
    """Show how far it is until it is over or held; the exit status says how it ended."""
    line = Line()
    while True:
        row = server.get(f"/v1/submissions/{submission}")
        if row["status"] not in ("pending", "running"):
            line.close()
            return _verdict(server, row)
        line.show(row["stage"], _share(server, submission) if row["stage"] == "evaluating" else None)
        sleep(POLL_SECONDS)


def _share(server: Server, submission: str) -> tuple[float, float, float | None] | None:
    """(bytes read, bytes of the text, bits per byte so far), once there is a point."""
    curve = server.get(f"/v1/submissions/{submission}/curve?points=2&series=prequential,uniform")
    lines = {series["name"]: series for series in curve["series"]}
    read, text = (lines.get(name, {"x": []})["x"] for name in ("prequential", "uniform"))
    if not read or not text:
        return None
    return read[-1], text[-1], lines["prequential"]["y"][-1]


class Line:
    """One line that is written over in a terminal; elsewhere a new line whenever there is news."""

    def __init__(self) -> None:
        self._said = ""

    def show(self, stage: str, share: tuple[float, float, float | None] | None) -> None:
        """Where it stands."""
        text = stage
        if share is not None:
            read, total, bpb = share
            filled = int(20 * read / total) if total else 0
            figure = f"{bpb:.4f} bits per byte" if bpb is not None else "not finite"
            text += (
                f"  [{'#' * filled}{'.' * (20 - filled)}] {read / 1e6:.2f} of {total / 1e6:.2f} MB  {figure}"
            )
        if sys.stderr.isatty():
            width = shutil.get_terminal_size().columns - 1
            print(f"\r{text[:width]:<{width}}", end="", file=sys.stderr, flush=True)
        elif text != self._said:
            say(text)
        self._said = text

    def close(self) -> None:
        """Leave the line as it is."""
        if self._said and sys.stderr.isatty():
            print(file=sys.stderr)


def _verdict(server: Server, row: Mapping[str, Any]) -> int:
    print(f"{row['status']}  {row['id']}")
    scores, error, hold = row.get("scores"), row.get("error"), row.get("hold")
    if scores and row["status"] == "completed":
        bits = f"{scores['bpb']:.4f} ± {scores['bpb_se']:.4f} bits per byte"
        print(f"final score {scores['final_score']:.6f}, {bits}")
    if error:
        print(f"{error['code']}: {error['reason']}")
    if hold:
        print(f"{hold['summary']}\n{hold['next']}")
    say(f"{server.base}/submissions/{row['id']}")
    return {"completed": DONE, "rejected": REFUSED, "failed": FAILED, "held": HELD}[row["status"]]


# --- the command line -----------------------------------------------------------------------------


def say(text: str) -> None:
    """For people; what programs read goes to standard output."""
    print(text, file=sys.stderr, flush=True)


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    whole = argparse.ArgumentParser(
        prog="prism_submit.py",
        description=(__doc__ or "").splitlines()[0],
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    whole.add_argument(
        "--server",
        default=os.environ.get("PRISM_SERVER", "http://127.0.0.1:8000"),
        help="its address; default: PRISM_SERVER, here %(default)s",
    )
    commands = whole.add_subparsers(required=True, metavar="COMMAND")

    made = commands.add_parser("keygen", help="make a throw-away key, where you have no wallet")
    made.add_argument("file", metavar="FILE", help="where the secret is written")
    made.set_defaults(run=keygen)

    written = commands.add_parser(
        "pack", help="write the ZIP of a folder; the same files give the same bytes"
    )
    written.add_argument("bundle", metavar="FOLDER", help="a folder with architecture.py and training.py")
    written.add_argument("-o", "--output", default="bundle.zip", help="default: %(default)s")
    written.set_defaults(run=pack)

    asked = commands.add_parser(
        "precheck", help="what bundle, rules and duplicates would find; nothing is stored"
    )
    sent = commands.add_parser(
        "submit", help="pack, sign and upload; the same content twice is one submission"
    )
    sent.add_argument("-f", "--follow", action="store_true", help="then wait for the verdict")
    for command, run in ((asked, precheck), (sent, submit)):
        command.add_argument("bundle", metavar="BUNDLE", help="a folder to pack, or a ZIP")
        command.add_argument("--key", metavar="FILE", help="the key's file; default: PRISM_KEY_FILE")
        command.set_defaults(run=run)

    watched = commands.add_parser("follow", help="wait for the verdict; the exit status is the verdict's")
    fetched = commands.add_parser(
        "download", help="manifest.json, curve.json, submission.json and learner.log"
    )
    fetched.add_argument("--to", metavar="FOLDER", help="default: a folder named by the id")
    retried = commands.add_parser("retry", help="queue again what failed because of the infrastructure")
    retried.add_argument("--key", metavar="FILE", help="its owner's key; default: PRISM_KEY_FILE")
    for command, run in ((watched, follow), (fetched, download), (retried, again)):
        command.add_argument("id", metavar="ID", help="a submission's id, or the address of its page")
        command.set_defaults(run=run)
    return whole


def main(arguments: list[str] | None = None) -> int:
    """Run one command; give its exit status."""
    options = parser().parse_args(arguments)
    try:
        status: int = options.run(options)
    except Stopped as stopped:
        say(f"{stopped.code}: {stopped.says}")
        if stopped.advice:
            say(stopped.advice)
        return stopped.status
    except OSError as error:
        say(f"file_not_usable: {error}")
        return USAGE
    except KeyboardInterrupt:
        say("\nstopped here; what was uploaded goes on at the server")
        return 130
    return status


if __name__ == "__main__":
    sys.exit(main())
