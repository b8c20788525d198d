"""Boot checks: what an operator must or should change before this installation does real work.

Errors stop every command. Warnings marked `deploy` are shown by `manage.py check --deploy` alone, because a
newcomer at their own desk cannot act on them.
"""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage

from evaluations.backends.docker.errors import ImageNotAllowed
from evaluations.backends.docker.images import allowed
from evaluations.datasets.errors import DataError
from evaluations.datasets.manifest import load_manifest
from evaluations.enums import Mode
from evaluations.gpu_inventory import inventory
from evaluations.runner.sandbox import support
from prism_site.config import env

LOOPBACK = ("localhost", "127.0.0.1", "::1")
TOKEN_CHARACTERS = 32
TOKENS_OF_A_ROTATION = 2


def register() -> None:
    """Hand the checks to Django; called once, when the site is wired."""
    for check in (queue_outlives_its_ticks, mode_is_available, backend_is_available, sandbox_is_available):
        checks.register(check, "prism")
    for check in (strangers_meet_a_sandbox, signatures_are_real, data_is_there):
        checks.register(check, "prism")
    for check in (code_runs_behind_a_wall, platform_has_a_token, brokers_token_is_kept):
        checks.register(check, "prism", deploy=True)
    for check in (tokens_cannot_be_guessed, rotation_has_ended):
        checks.register(check, "prism", deploy=True)


def queue_outlives_its_ticks(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """A tick that is still running must never be delivered again."""
    queue: dict[str, Any] = settings.Q_CLUSTER
    if queue["retry"] > queue["timeout"] * 2:
        return []
    message = "The queue would deliver a tick again while it may still be running."
    return [_error("E001", message, "Set Q_CLUSTER['retry'] to more than twice Q_CLUSTER['timeout'].")]


def mode_is_available(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Official scores need GPUs; what else an official run lacks, its submission's history says."""
    elsewhere = env().local_slots == 0 or env().execution_backend == "broker"
    if not Mode(env().execution_mode).is_official or elsewhere or inventory():
        return []
    message = f"PRISM_EXECUTION_MODE is {env().execution_mode}, and this host has no GPU."
    return [_error("E002", message, "`manage.py evaluate --mode` lists what it lacks; set local_cpu_smoke.")]


def backend_is_available(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Containers are made of an image that the operator allowed by its content."""
    if env().execution_backend != "docker":
        return []
    try:
        allowed(env().platform_eval_image)
    except ImageNotAllowed as error:
        hint = "Set PRISM_PLATFORM_EVAL_IMAGE to a digest, and name it in PRISM_DOCKER_ALLOWED_IMAGES."
        return [_error("E003", f"No run can start ({error.code}): {error}", hint)]
    return []


def brokers_token_is_kept(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """A name without a dot is of the platform's own network; any other is reached over somebody's wire."""
    url = urlsplit(env().docker_broker_url)
    host = url.hostname or ""
    if env().execution_backend != "broker" or url.scheme == "https" or host in LOOPBACK or "." not in host:
        return []
    message = f"The broker's token goes to {host} unencrypted, with the bundles of submissions."
    return [_warning("W007", message, "Give PRISM_DOCKER_BROKER_URL as https://…")]


def sandbox_is_available(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """What is required and absent must not be taken for present."""
    lacking = support.missing()
    if env().sandbox == "off" or not lacking:
        return []
    message = f"PRISM_SANDBOX is required, and no wall can be built here: {lacking}."
    return [_error("E004", message, "Set PRISM_SANDBOX=off and run only code that you trust.")]


def code_runs_behind_a_wall(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Submitted code has the rights of the user that runs it."""
    if env().sandbox == "required":
        return []
    message = "Submitted code runs without a sandbox, with all rights of this user."
    return [_warning("W001", message, "Evaluate only bundles that you would run yourself.")]


def strangers_meet_a_sandbox(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """The one combination that lets anybody run anything here."""
    if env().sandbox == "required" or not env().public_submissions_enabled:
        return []
    message = "Anybody who can reach this server may upload code that runs here without a sandbox."
    return [_warning("W002", message, "Set PRISM_PUBLIC_SUBMISSIONS_ENABLED=false, or listen on loopback.")]


def data_is_there(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Without data every submission waits."""
    try:
        load_manifest(env().data_path)
    except DataError as error:
        message = f"No run can start ({error.code}): {error}"
        return [_warning("W003", message, "Run `manage.py prepare_data`.")]
    return []


def platform_has_a_token(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Internal routes answer nobody without one."""
    if env().shared_tokens:
        return []
    message = "PRISM_SHARED_TOKEN is not set: the platform cannot read weights."
    return [_warning("W004", message, "Set PRISM_SHARED_TOKEN or PRISM_SHARED_TOKEN_FILE.")]


def tokens_cannot_be_guessed(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Nothing slows somebody who tries tokens down but their length."""
    tokens = env().shared_tokens + env().metrics_tokens
    if all(len(token) >= TOKEN_CHARACTERS for token in tokens):
        return []
    message = f"A bearer token has fewer than {TOKEN_CHARACTERS} characters."
    return [_warning("W010", message, "`openssl rand -base64 36` makes one that nobody guesses.")]


def rotation_has_ended(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Two tokens overlap while one takes the place of the other; a third was forgotten."""
    if len(env().shared_tokens) <= TOKENS_OF_A_ROTATION:
        return []
    message = f"{len(env().shared_tokens)} shared tokens are accepted."
    return [_warning("W011", message, "Remove those that `shared_token_used` in the log does not name.")]


def signatures_are_real(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """With the shared token anybody may sign for any hotkey."""
    if not env().allow_insecure_signatures:
        return []
    message = "Whoever holds the shared token may upload in the name of any hotkey."
    return [_warning("W005", message, "Unset PRISM_ALLOW_INSECURE_SIGNATURES outside your own desk.")]


def _error(number: str, message: str, hint: str) -> CheckMessage:
    return checks.Error(message, hint=hint, id=f"prism.{number}")


def _warning(number: str, message: str, hint: str) -> CheckMessage:
    return checks.Warning(message, hint=hint, id=f"prism.{number}")
