"""Staff with and without the right to change policy."""

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from prism_site.config import override_env
from prism_site.policy.environment import BACKED_BY


@pytest.fixture(autouse=True)
def nothing_from_the_environment() -> Iterator[None]:
    """Policy as a host without any `PRISM_*` variable sees it."""
    with override_env(**dict.fromkeys(BACKED_BY)):
        yield


@pytest.fixture
def changer(db: None) -> Client:
    """A browser logged in as staff that may change policy."""
    user = User.objects.create(username="changer", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="change_policy"))
    return logged_in(user)


@pytest.fixture
def staff(db: None) -> Client:
    """A browser logged in as staff without that right."""
    return logged_in(User.objects.create(username="staff", is_staff=True))


def logged_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client
