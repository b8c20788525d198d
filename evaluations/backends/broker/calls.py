"""The long call of a run, watched from beside: was its container ever there, and is it still?"""

import queue
import threading
import time
from contextlib import suppress

from evaluations.backends.broker.answers import RunAnswer
from evaluations.backends.broker.client import Broker
from evaluations.backends.broker.errors import BrokerError, CallCut

FIRST_LOOK_SECONDS, LONGEST_LOOK_SECONDS = 0.5, 30.0
GONE_LOOKS = 4  # in a row, of a container that was there: nobody will answer any more
SETTLE_SECONDS = 120.0
SETTLE_PAUSE_SECONDS = 1.0


class Watch:
    """What lists said about one job."""

    def __init__(self, broker: Broker, job_id: str) -> None:
        self.seen = False
        self.job_id, self._broker, self._absent = job_id, broker, 0

    @property
    def gone(self) -> bool:
        """It was there, and has been missing for several looks."""
        return self.seen and self._absent >= GONE_LOOKS

    def look(self) -> bool | None:
        """Whether the job is there; None where the broker does not say."""
        with suppress(BrokerError):
            there = any(listed.job_id in ("", self.job_id) for listed in self._broker.list(self.job_id))
            self.seen = self.seen or there
            self._absent = 0 if there else self._absent + 1
            return there
        return None


def call(broker: Broker, body: bytes, *, seconds: float, watch: Watch) -> RunAnswer:
    """Make the call and wait for its answer, at most `seconds`.

    Raises:
        BrokerError: that of `Broker.run`; `CallCut` where no answer is to be expected any more.
    """
    told: queue.Queue[RunAnswer | BrokerError] = queue.Queue()
    threading.Thread(target=_ask, args=(broker, body, seconds, told), daemon=True).start()
    deadline, pause = time.monotonic() + seconds, FIRST_LOOK_SECONDS
    while True:
        with suppress(queue.Empty):
            return _given(told.get(timeout=pause))
        watch.look()
        if watch.gone:
            raise CallCut("the container is gone, and its answer has not come")
        if time.monotonic() > deadline:
            raise CallCut(f"no answer in {seconds:.0f} seconds")
        pause = min(2 * pause, LONGEST_LOOK_SECONDS)


def settle(broker: Broker, watch: Watch, *, seconds: float = SETTLE_SECONDS) -> bool:
    """End whatever there is of a job until the broker lists nothing of it; False if that cannot be had."""
    deadline = time.monotonic() + seconds
    watch.look()
    while True:
        with suppress(BrokerError):
            broker.cleanup(watch.job_id)
            if watch.look() is False:
                return True
        if time.monotonic() > deadline:
            return False
        time.sleep(SETTLE_PAUSE_SECONDS)


def _ask(broker: Broker, body: bytes, seconds: float, told: "queue.Queue[RunAnswer | BrokerError]") -> None:
    try:
        told.put(broker.run(body, seconds=seconds))
    except BrokerError as error:
        told.put(error)
    except Exception as error:  # whatever it is, who waits has to hear of it
        told.put(CallCut(f"{type(error).__name__}: {error}"[:300]))


def _given(answer: RunAnswer | BrokerError) -> RunAnswer:
    if isinstance(answer, BrokerError):
        raise answer
    return answer
