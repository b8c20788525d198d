"""The process that makes the one long call of a job: `python -m evaluations.backends.broker.courier FOLDER`.

The broker answers a run when it has ended, so the call lasts as long as the run. It is made by a detached
process that no queue worker waits for; what it learns it leaves in the attempt's folder, first the files,
then the answer. It goes on while everything else is told to stop, and is ended by SIGKILL alone. Neither its
command line nor its environment holds the token, but a file that `courier.json` names.
"""

import signal
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from evaluations.backends.broker import calls, results
from evaluations.backends.broker.answers import RunAnswer
from evaluations.backends.broker.backoff import Patience, Waiting
from evaluations.backends.broker.client import Broker
from evaluations.backends.broker.errors import (
    AnswerInvalid,
    BrokerBusy,
    BrokerError,
    BrokerFailed,
    BrokerUnreachable,
    CallCut,
    ResultRefused,
)
from evaluations.backends.broker.notes import (
    ANSWER,
    CALLING,
    ORDER,
    PHASE,
    REQUEST,
    WAITING,
    read_json,
    write_bytes,
    write_json,
)
from evaluations.runner.constants import MANIFEST_NAME

GRACE_SECONDS = 120.0  # beside the job's own limit, for the broker to fetch an image and to answer
NOT_STARTED = (125, 126, 127)  # exit codes of an engine that could not start the command
MAX_WORDS = 300


@dataclass(frozen=True, kw_only=True)
class Order:
    """Whom to call for which job."""

    url: str
    slug: str
    token_file: str
    label: str
    key: str  # hex, of the result's seal
    mount: int  # number of the output among the mounts
    run_seconds: float  # that the broker gives the job
    patience: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """How a call ended: what the job left, or why it left nothing."""

    exit_code: int | None = None  # the referee's
    code: str = ""  # of the fault; empty: there is a result
    detail: str = ""
    counted: bool = True
    container: str = ""


def main(folder: Path) -> int:
    """Make the call of the job in `folder`, unless it has been answered."""
    for ending in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(ending, signal.SIG_IGN)
    carry(folder)
    return 0


def carry(folder: Path) -> None:
    """The same, in a process that may be ended as any other."""
    if (folder / ANSWER).exists():
        return
    order = Order(**(read_json(folder / ORDER) or {}))
    token = Path(order.token_file)
    with Broker(order.url, slug=order.slug, token=lambda: token.read_text().strip()) as broker:
        answer = deliver(broker, order, folder)
    write_json(folder / ANSWER, asdict(answer))


def deliver(broker: Broker, order: Order, folder: Path) -> Answer:
    """Ask until there is an answer, or reason to give up; the files of a result go into `folder`."""
    body = (folder / REQUEST).read_bytes()
    waiting, watch = Waiting(Patience(**order.patience)), calls.Watch(broker, order.label)
    while True:
        write_json(folder / PHASE, {"phase": CALLING})
        try:
            told = calls.call(broker, body, seconds=order.run_seconds + GRACE_SECONDS, watch=watch)
            return take(told, order, folder)
        except (BrokerBusy, BrokerUnreachable) as error:
            problem: BrokerError = error
        except (BrokerFailed, CallCut, AnswerInvalid) as error:
            if final := _over(error, watch, settled=calls.settle(broker, watch)):
                return final
            problem = BrokerFailed(str(error))
        except BrokerError as error:
            return _fault(error, counted=False)
        write_json(folder / PHASE, {"phase": WAITING, "code": problem.code})
        pause = waiting.next_seconds(getattr(problem, "retry_after_seconds", 0.0))
        if pause is None:
            return _fault(problem, counted=False)
        time.sleep(pause)


def take(told: RunAnswer, order: Order, folder: Path) -> Answer:
    """The sealed files of an answer, put into the folder; a fault where there are none."""
    try:
        result = results.open_result(
            told.stdout, label=order.label, key=bytes.fromhex(order.key), mount=order.mount
        )
    except ResultRefused as refused:
        return _without_result(told, refused)
    for name, content in sorted(result.files.items()):
        write_bytes(folder / name, content)
    if MANIFEST_NAME in result.missing:
        return _ended(told, "job_result_incomplete", f"{MANIFEST_NAME} was sealed and did not come")
    return Answer(exit_code=result.exit_code, container=told.container_name[:MAX_WORDS])


def _without_result(told: RunAnswer, refused: ResultRefused) -> Answer:
    if told.timed_out:
        return _ended(told, "job_timed_out", "the broker ended the job at its limit")
    if told.returncode in NOT_STARTED:
        return _ended(told, "broker_start", "the container could not be started", counted=False)
    return _ended(told, refused.code, str(refused))


def _ended(told: RunAnswer, code: str, sentence: str, *, counted: bool = True) -> Answer:
    words = "".join(c if c.isprintable() else " " for c in told.stderr[-MAX_WORDS:])
    detail = f"{sentence}; exit status {told.returncode}: {words}"
    return Answer(code=code, detail=detail, counted=counted, container=told.container_name[:MAX_WORDS])


def _over(error: BrokerError, watch: calls.Watch, *, settled: bool) -> Answer | None:
    """The end, if the job was answered for or ran: what it did is lost; None where it may be asked again."""
    if isinstance(error, AnswerInvalid):
        return _fault(error, counted=True)
    if not (watch.seen or not settled):
        return None
    known = "what ran was ended" if settled else "whether it still runs is not known"
    code = CallCut.code if watch.seen else BrokerFailed.code
    return Answer(code=code, detail=f"{error}; {known}", counted=watch.seen)


def _fault(error: BrokerError, *, counted: bool) -> Answer:
    return Answer(code=error.code, detail=str(error), counted=counted)


def answer_in(folder: Path) -> Answer | None:
    """What the courier of a folder has left; None where it has not ended its work."""
    said: dict[str, Any] | None = read_json(folder / ANSWER)
    try:
        return None if said is None else Answer(**said)
    except TypeError:
        return None


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
