"""Everything that can go wrong between the reviewer and us, each with a code that its transcript keeps."""


class LlmError(Exception):
    """No verdict; `received` is what came instead, as text."""

    code = "llm_error"
    transient = False  # whether the same question may be asked again

    def __init__(self, detail: str = "", *, received: str = "") -> None:
        super().__init__(detail)
        self.received = received


class LlmUnavailable(LlmError):
    """The gateway gave no answer."""


class ModelNotConfigured(LlmUnavailable):
    """`llm_review_policy.model` is not set."""

    code = "model_not_configured"


class TimedOut(LlmUnavailable):
    """The whole answer was not there in time."""

    code = "timed_out"
    transient = True


class Unreachable(LlmUnavailable):
    """No connection, or one that broke."""

    code = "unreachable"
    transient = True


class RateLimited(LlmUnavailable):
    """Status 429; `retry_after` in seconds where the gateway gave one."""

    code = "rate_limited"
    transient = True

    def __init__(self, detail: str = "", *, received: str = "", retry_after: float | None = None) -> None:
        super().__init__(detail, received=received)
        self.retry_after = retry_after


class GatewayFailed(LlmUnavailable):
    """Status 408 or 5xx, or an error in place of a completion."""

    code = "gateway_failed"
    transient = True


class GatewayRefused(LlmUnavailable):
    """Any other status than 200: a key, a model or an address that the gateway does not take."""

    code = "gateway_refused"


class AnswerMalformed(LlmError):
    """An answer came, and is not what was asked for."""


class AnswerTooLarge(AnswerMalformed):
    """More bytes than any honest answer."""

    code = "answer_too_large"


class AnswerEncoded(AnswerMalformed):
    """Compressed, though plain bytes were asked for: its true size cannot be bounded while reading."""

    code = "answer_encoded"


class AnswerNotCompletion(AnswerMalformed):
    """No JSON, or not a chat completion."""

    code = "answer_not_completion"


class AnswerTruncated(AnswerMalformed):
    """The model ran out of tokens before it was done."""

    code = "answer_truncated"


class ModelRefused(AnswerMalformed):
    """A refusal, or a content filter, in place of a tool."""

    code = "model_refused"


class NoTool(AnswerMalformed):
    """Text in place of a tool."""

    code = "no_tool"


class SeveralTools(AnswerMalformed):
    """More than one tool at once."""

    code = "several_tools"


class UnknownTool(AnswerMalformed):
    """A tool that was not offered."""

    code = "unknown_tool"


class WrongOrder(AnswerMalformed):
    """A verdict before the diagram, or a diagram in place of the verdict."""

    code = "wrong_order"


class ArgumentsMalformed(AnswerMalformed):
    """The tool's arguments are no JSON, or break its schema."""

    code = "arguments_malformed"
