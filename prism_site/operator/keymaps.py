"""The keys of each operator, kept in the database so that they follow their owner to any screen."""

from typing import cast

from django.contrib.auth.models import User
from django.http import HttpRequest
from django.utils import timezone

from prism_site.operator import keys
from prism_site.operator.keys import Keys
from prism_site.operator.models import KeyMap


def keys_of(user: User) -> dict[str, str]:
    """Every action with the key that this operator presses for it."""
    changed = KeyMap.objects.filter(pk=user.pk).values_list("changed", flat=True).first()
    return keys.effective(changed or {})


def keys_for(request: HttpRequest) -> dict[str, str]:
    """The same for whoever asks for a page, read once for the whole of it."""
    found: dict[str, str] | None = getattr(request, "operator_keys", None)
    if found is None:
        found = keys_of(cast(User, request.user))
        request.operator_keys = found  # type: ignore[attr-defined]  # ours, for the length of a request
    return found


def save(user: User, asked: Keys) -> dict[str, str]:
    """Keep what differs from the default; raises `KeysRefused`, and then nothing is changed."""
    checked = keys.checked(asked)
    KeyMap.objects.update_or_create(
        user=user, defaults={"changed": keys.changes(checked), "updated_at": timezone.now()}
    )
    return checked


def reset(user: User) -> None:
    """Back to the keys that everybody begins with."""
    KeyMap.objects.filter(pk=user.pk).delete()
