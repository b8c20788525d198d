"""The installation of the unit tests serves the flows too."""

from tests.evaluations.conftest import host, text_folder

__all__ = ["host", "text_folder"]
