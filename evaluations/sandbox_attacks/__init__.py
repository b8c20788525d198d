"""Attacks on the sandbox, as a submission could make them: each is tried behind the walls and without them.

Every attack is harmless to the host: its targets are throw-away files, a victim process and loopback sockets,
it takes little, and what only the kernel's own checks could stop is called with arguments that do nothing.
"""
