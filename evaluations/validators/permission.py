"""Who may carry out runs: a holder of a shared token that names one of the configured validators."""

from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from prism_site.access import hotkeys
from prism_site.access.refusals import ValidatorMissing, ValidatorUnknown
from prism_site.access.tokens import check_internal
from prism_site.config import env

HEADER = "X-Validator-Hotkey"


class IsValidator(BasePermission):
    """Raises `AccessRefused` for everybody else."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Token first: who has none learns nothing of hotkeys."""
        check_internal(request.headers, env().shared_tokens)
        hotkey = hotkey_of(request)
        if not hotkey:
            raise ValidatorMissing
        hotkeys.decode(hotkey)
        if hotkey not in env().validator_hotkey_set:
            raise ValidatorUnknown
        return True


def hotkey_of(request: Request) -> str:
    """The validator that a request names."""
    hotkey: str = request.headers.get(HEADER, "")
    return hotkey
