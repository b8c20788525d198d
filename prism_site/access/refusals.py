"""Why a caller is turned away: one line per reason, each with its stable code, HTTP status and sentence."""


class AccessRefused(Exception):
    """A request that is not let in. The sentence never repeats what was sent."""

    code = "access_refused"
    status = 401
    message = "the request is not authorised"

    def __init__(self) -> None:
        super().__init__(f"{self.code}: {self.message}")


class DuplicateHeader(AccessRefused):
    code, status, message = "duplicate_header", 400, "a header is given more than once"


class AuthHeaderMissing(AccessRefused):
    code, message = "auth_header_missing", "X-Hotkey, X-Signature, X-Nonce and X-Timestamp are required"


class HotkeyMalformed(AccessRefused):
    code, message = "hotkey_malformed", "the hotkey is not an SS58 address of network 42"


class SignatureMalformed(AccessRefused):
    code, message = "signature_malformed", "the signature is not 128 hexadecimal digits"


class SignatureSchemeUnknown(AccessRefused):
    code, message = "signature_scheme_unknown", "the signature scheme is not accepted here"


class SignatureInvalid(AccessRefused):
    code, message = "signature_invalid", "the signature does not belong to this hotkey, nonce, time and body"


class NonceMalformed(AccessRefused):
    code, message = "nonce_malformed", "the nonce is 1 to 64 letters, digits, '_' or '-'"


class NonceReused(AccessRefused):
    code, status, message = "nonce_reused", 409, "the nonce was used with another body"


class TimestampMalformed(AccessRefused):
    code, message = "timestamp_malformed", "the timestamp is ten digits: unix seconds"


class TimestampStale(AccessRefused):
    code, message = "timestamp_stale", "the timestamp is too old"


class TimestampFuture(AccessRefused):
    code, message = "timestamp_future", "the timestamp lies in the future; set the clock"


class InternalAuth(AccessRefused):
    code, message = "internal_auth", "a valid bearer token is required"


class ChallengeSlugMismatch(AccessRefused):
    code, status, message = "challenge_slug_mismatch", 403, "the request is meant for another challenge"


class ValidatorMissing(AccessRefused):
    code, message = "validator_header_missing", "X-Validator-Hotkey is required"


class ValidatorUnknown(AccessRefused):
    code, status, message = "validator_unknown", 403, "the hotkey is not one of this challenge's validators"
