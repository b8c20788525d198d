"""Every test run has an installation of its own: nothing is read from or written to the one in `var/`."""

from collections.abc import Iterator

import pytest
from django.test import override_settings
from hypothesis import HealthCheck, settings

from prism_site.config import override_env

# How fast an example runs says something of the machine's load and nothing of the property.
settings.register_profile("prism", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("prism")


@pytest.fixture(scope="session", autouse=True)
def _installation_of_the_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    var = tmp_path_factory.mktemp("var")
    static = var / "static"
    static.mkdir()
    caches = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    with override_env(var_dir=var, data_dir=None, val_data_dir=None, benchmarks_dir=None, artifact_dir=None):
        with override_settings(STATIC_ROOT=static, CACHES=caches):
            yield
