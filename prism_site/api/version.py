"""The versions that this challenge names itself by."""

API_VERSION = "1.0"
CHALLENGE_VERSION = "0.1.0"  # of pyproject.toml
SDK_VERSION = "1.0"  # of the platform's calling conventions: get_weights and proxied routes
CAPABILITIES = ("get_weights", "proxy_routes")
