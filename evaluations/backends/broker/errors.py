"""What can go wrong between us and the broker, one line per reason.

A code that begins with `broker_` names a fault of the installation or of the broker: no attempt pays for it,
and the host rests before it tries again. What begins with `job_` happened to a job that ran, and costs one.
"""


class BrokerError(Exception):
    """Something about the broker that the operator has to know."""

    code = "broker_failed"


class BrokerUnreachable(BrokerError):
    """No connection: nothing was asked, so nothing runs."""

    code = "broker_unreachable"


class BrokerTokenRefused(BrokerError):
    """The broker does not know our token or slug."""

    code = "broker_token"


class BrokerRefused(BrokerError):
    """The broker will not carry out a request like this one: image, limits, mounts."""

    code = "broker_refused"


class BrokerBusy(BrokerError):
    """All places that the broker has for us are taken; `retry_after_seconds` is what it advised, or 0."""

    code = "broker_quota"

    def __init__(self, sentence: str, retry_after_seconds: float = 0.0) -> None:
        super().__init__(sentence)
        self.retry_after_seconds = retry_after_seconds


class BrokerFailed(BrokerError):
    """The broker broke down over a request; whether it was carried out is open."""

    code = "broker_failed"


class CallCut(BrokerError):
    """The connection ended before the answer did; whether the request was carried out is open."""

    code = "job_call_cut"


class AnswerInvalid(BrokerError):
    """An answer that is none: too large, no JSON, fields of other types."""

    code = "job_answer_invalid"


class ResultRefused(BrokerError):
    """What a container printed is not the sealed result of its job."""

    code = "job_result_unsealed"


class JobTooLarge(BrokerError):
    """The files of a job are more than a request may carry."""

    code = "broker_job_too_large"
