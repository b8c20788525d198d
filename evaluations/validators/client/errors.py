"""Why a validator cannot go on, one line per reason."""


class ValidatorError(Exception):
    """Something that the person who runs the validator has to know."""

    code = "validator_error"


class ServerUnreachable(ValidatorError):
    """No answer, or one that is none of ours."""

    code = "server_unreachable"


class AddressRefused(ValidatorError):
    """A token would go over the network in the clear."""

    code = "address_insecure"


class TokenMissing(ValidatorError):
    """There is no token to show."""

    code = "token_missing"


class AnotherValidator(ValidatorError):
    """One validator works in one folder."""

    code = "validator_running"


class ServerRefused(ValidatorError):
    """The server's answer is a problem; `status` and `code` are the server's."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail or f"status {status}")
        self.status, self.code = status, code


class Unable(ValidatorError):
    """This host cannot carry out this assignment; the code, which the server is told, says why."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
