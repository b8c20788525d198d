"""The installation of the unit tests serves the faults too."""

from tests.evaluations.conftest import host, shared_database, text_folder

__all__ = ["host", "shared_database", "text_folder"]
