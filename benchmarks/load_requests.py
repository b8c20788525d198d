"""The requests of the load benchmark, and a client that costs little: HTTP/1.1 over a kept connection."""

import asyncio
import hashlib
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import UUID

HOST = "127.0.0.1"
UPLOADS_PER_HOTKEY = 8  # below what one may send within a minute
SEED = 20_261_120
ARCHITECTURE = b"def build_model(ctx):\n    return None\n"


@dataclass(frozen=True)
class Request:
    """One message as it is asked again and again; `headers` besides those of every request."""

    path: str
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    def render(self, address: str) -> bytes:
        """The bytes on the wire, from a client that a proxy saw at `address`."""
        lines = [
            f"{'POST' if self.body else 'GET'} {self.path} HTTP/1.1",
            f"Host: {HOST}",
            f"X-Forwarded-For: {address}",
            *(f"{name}: {value}" for name, value in self.headers.items()),
            *([f"Content-Length: {len(self.body)}"] if self.body else []),
        ]
        return "\r\n".join([*lines, "", ""]).encode() + self.body


def reading(ids: list[UUID]) -> dict[str, list[Request]]:
    """What is read most, by name."""
    return {
        "leaderboard": [Request("/v1/leaderboard?limit=50")],
        "submissions": [Request("/v1/submissions?limit=50")],
        "one submission": [Request(f"/v1/submissions/{submission_id}") for submission_id in ids],
        "its curve": [Request(f"/v1/submissions/{submission_id}/curve?points=500") for submission_id in ids],
        "GPU status": [Request("/v1/gpu/status")],
        "front page": [Request("/")],
    }


def uploads(count: int) -> list[Request]:
    """Bundles of their own content, signed by hotkeys that each send a few."""
    from bittensor_wallet import Keypair

    from evaluations.intake.bundle import pack

    hotkeys = [Keypair.create_from_uri(f"//{SEED}/{n}") for n in range(-(-count // UPLOADS_PER_HOTKEY))]
    made = []
    for number in range(count):
        training = f"def train(ctx):\n    return {number}\n".encode()
        body = pack({"architecture.py": ARCHITECTURE, "training.py": training})
        hotkey, timestamp = hotkeys[number // UPLOADS_PER_HOTKEY], int(time.time())
        digest = hashlib.sha256(body).hexdigest()
        message = f"prism:{hotkey.ss58_address}:load-{number}:{timestamp}:{digest}"
        headers = {
            "Content-Type": "application/zip",
            "X-Hotkey": hotkey.ss58_address,
            "X-Signature": hotkey.sign(message.encode()).hex(),
            "X-Nonce": f"load-{number}",
            "X-Timestamp": str(timestamp),
        }
        made.append(Request("/v1/submissions", body, headers))
    return made


def addresses() -> Iterator[str]:
    """Clients that nobody has seen before."""
    draw = random.Random(SEED)
    while True:
        yield f"10.{'.'.join(map(str, draw.randbytes(3)))}"


class Connection:
    """One client's connection, opened anew where the server closed it."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, message: bytes) -> int:
        """Send one request; the status of its answer. Raises `OSError`, `asyncio.IncompleteReadError`."""
        if self.streams is None:
            self.streams = await asyncio.open_connection(HOST, self.port)
        reader, writer = self.streams
        writer.write(message)
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        await reader.readexactly(int(head.partition("\r\ncontent-length:")[2].split("\r\n")[0]))
        if "\r\nconnection: close" in head:
            self.close()
        return int(head.split(" ", 2)[1])

    def close(self) -> None:
        """Let go of the connection."""
        if self.streams is not None:
            self.streams[1].close()
            self.streams = None
