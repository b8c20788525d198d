"""What can go wrong with the wall itself."""


class SandboxUnavailable(Exception):
    """This host cannot close a child in; its fault, never the miner's."""

    code = "sandbox_unavailable"
