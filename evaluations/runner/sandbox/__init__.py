"""The wall around both children: on a bare host, in a container, behind a broker; without any privilege.

It imports the standard library alone, because a process has to be closed in before it starts a thread, and
torch starts threads when it is imported.
"""
