"""The broker backend: runs in containers that the platform's broker starts, spoken to over HTTP."""
