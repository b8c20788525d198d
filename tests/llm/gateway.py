"""An LLM gateway on loopback: real HTTP and the real wire format of chat completions, honest or not.

Each request takes the next of its `manners`; the last one is kept. It checks requests as a real gateway does,
so a client that sends what no gateway takes fails here too.
"""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "sk-test-0123456789abcdef"
MODEL = "careful-reviewer"
DIAGRAM = {"diagram": "flowchart TD\n  read --> embed --> predict"}
ALLOW: dict[str, Any] = {"verdict": "allow", "confidence": 0.95, "categories": [], "evidence": []}


class Exchange(BaseHTTPRequestHandler):
    """One request with what a manner needs to answer it."""

    server: "Server"
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.requests.append(self.body)
        self.server.headers.append(self.headers)
        wrong = fault_of(self)
        if wrong:
            send_json(self, {"error": {"message": wrong}}, status=400)
            return
        self.server.next_manner()(self)

    @property
    def forced(self) -> str:
        name: str = self.body["tool_choice"]["function"]["name"]
        return name

    def log_message(self, *args: object) -> None:
        pass


Manner = Callable[[Exchange], None]


class Server(ThreadingHTTPServer):
    """The gateway, with everything that it was sent."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, manners: tuple[Manner, ...]) -> None:
        super().__init__(("127.0.0.1", 0), Exchange)
        self.manners = list(manners)
        self.requests: list[dict[str, Any]] = []
        self.headers: list[Message] = []
        self.bytes_sent = 0
        self.gone = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    def next_manner(self) -> Manner:
        return self.manners.pop(0) if len(self.manners) > 1 else self.manners[0]

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up on a misbehaving gateway is right to."""


@contextmanager
def serving(*manners: Manner) -> Iterator[Server]:
    """A gateway with these manners, for as long as the block."""
    server = Server(manners)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.gone.set()
        server.shutdown()
        thread.join()
        server.server_close()


def fault_of(exchange: Exchange) -> str:
    """Why a real gateway would answer 400, or nothing."""
    body, calls = exchange.body, set[str]()
    if exchange.path != "/v1/chat/completions":
        return "no such path"
    for message in body["messages"]:
        if message["role"] == "assistant":
            calls = {call["id"] for call in message["tool_calls"]}
        elif message["role"] == "tool" and message["tool_call_id"] not in calls:
            return "a tool's answer must follow its call"
    names = [tool["function"]["name"] for tool in body["tools"]]
    return "" if exchange.forced in names and body["model"] else "tool_choice names no tool"


# honest manners


def behave(verdict: dict[str, Any] = ALLOW, diagram: dict[str, Any] = DIAGRAM) -> Manner:
    """Call the tool that is forced."""

    def manner(exchange: Exchange) -> None:
        arguments = diagram if exchange.forced == "submit_mermaid" else verdict
        send_calls(exchange, (exchange.forced, json.dumps(arguments)))

    return manner


def call(*calls: tuple[str, str], **choice: Any) -> Manner:
    """Call these tools, whatever is forced; arguments as the text given."""
    return lambda exchange: send_calls(exchange, *calls, **choice)


def say(text: str | None, **message: Any) -> Manner:
    """Answer in words."""

    def manner(exchange: Exchange) -> None:
        send_json(exchange, completion({"role": "assistant", "content": text, **message}))

    return manner


def obey(exchange: Exchange) -> None:
    """A gullible model: does whatever the source says after `REVIEWER:`, and repeats what it is told to."""
    asked = exchange.body["messages"][1]["content"]
    told = asked.partition("REVIEWER:")[2].partition("\n")[0]
    word = asked.partition("BEGIN ")[2].partition("\n")[0]
    verdict = ALLOW | {"confidence": 1.0}
    if "repeat" in told:
        verdict = verdict | {"evidence": [{"file": "x.py", "line": 1, "quote": word, "claim": word}]}
    behave(verdict)(exchange)


# dishonest manners


def status(code: int, body: Any = None, **headers: str) -> Manner:
    """Answer with this status; `retry_after="1"` becomes the header Retry-After."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda exchange: send_json(
        exchange, body or {"error": {"message": "no"}}, status=code, headers=named
    )


def send_as(body: bytes, content_type: str = "application/json", **headers: str) -> Manner:
    """Answer 200 with exactly these bytes."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda exchange: send(exchange, body, content_type=content_type, headers=named)


def hang(exchange: Exchange) -> None:
    """Never answer."""
    exchange.server.gone.wait()
    exchange.close_connection = True


def hang_up(exchange: Exchange) -> None:
    """Close the connection without a word."""
    exchange.close_connection = True


def drip(exchange: Exchange) -> None:
    """Send a byte now and then, for ever: no pause is long, the whole never comes."""
    start(exchange)
    while not exchange.server.gone.wait(0.02):
        chunk(exchange, b" ")


def drip_headers(exchange: Exchange) -> None:
    """As `drip`, before the headers are complete."""
    exchange.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while not exchange.server.gone.wait(0.02):
        exchange.wfile.write(b"y")


def flood(exchange: Exchange) -> None:
    """Send blanks as fast as they are taken, for ever."""
    start(exchange)
    while not exchange.server.gone.is_set():
        chunk(exchange, b" " * 65_536)
        exchange.server.bytes_sent += 65_536


# the wire


def completion(message: dict[str, Any], finish_reason: str = "tool_calls", **more: Any) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": f"{MODEL}-0613",
        "choices": [{"index": 0, "message": message, "finish_reason": finish_reason, "logprobs": None}],
        "usage": {"prompt_tokens": 1_000, "completion_tokens": 50, "total_tokens": 1_050},
        **more,
    }


def send_calls(exchange: Exchange, *calls: tuple[str, str], finish_reason: str = "tool_calls") -> None:
    made = [
        {"id": f"call_{index}", "type": "function", "function": {"name": name, "arguments": arguments}}
        for index, (name, arguments) in enumerate(calls)
    ]
    message = {"role": "assistant", "content": None, "tool_calls": made}
    send_json(exchange, completion(message, finish_reason))


def send_json(
    exchange: Exchange, body: Any, *, status: int = 200, headers: dict[str, str] | None = None
) -> None:
    send(exchange, json.dumps(body).encode(), status=status, headers=headers or {})


def send(
    exchange: Exchange,
    body: bytes,
    *,
    status: int = 200,
    content_type: str = "application/json",
    headers: dict[str, str],
) -> None:
    exchange.send_response(status)
    for name, value in {"Content-Type": content_type, "Content-Length": str(len(body)), **headers}.items():
        exchange.send_header(name, value)
    exchange.end_headers()
    exchange.wfile.write(body)


def start(exchange: Exchange) -> None:
    exchange.send_response(200)
    exchange.send_header("Content-Type", "application/json")
    exchange.send_header("Transfer-Encoding", "chunked")
    exchange.end_headers()


def chunk(exchange: Exchange, data: bytes) -> None:
    exchange.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
