"""Which address a request came from, told only by proxies that we trust."""

from ipaddress import IPv6Address, ip_address, ip_network

_IPV6_HOUSEHOLD_BITS = 64


def client_address(remote: str, forwarded_for: str | None, trusted_proxies: int) -> str:
    """The address to count a client by: IPv4 as it is, IPv6 as its /64, which one household owns whole.

    Each trusted proxy appends the address it was called from to X-Forwarded-For, so the entry
    `trusted_proxies` from the right is the last that nobody outside could write. Anything else is `remote`.
    """
    entries = [entry.strip() for entry in (forwarded_for or "").split(",") if entry.strip()]
    if trusted_proxies == 0 or len(entries) < trusted_proxies:
        return _counted(remote)
    return _counted(entries[-trusted_proxies])


def _counted(address: str) -> str:
    try:
        parsed = ip_address(address)
    except ValueError:
        return "unknown"  # one shared bucket: a socket file, or a proxy that sends no address
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ip_network((parsed, _IPV6_HOUSEHOLD_BITS), strict=False))
