"""Addresses of clients: which of them are counted as one."""

import ipaddress


def neighbourhood(address: str) -> str:
    """What is counted together: an IPv4 address; of IPv6 the 64 bits that one customer of a provider has to itself."""
    if ":" not in address:
        return address
    try:
        found = ipaddress.IPv6Address(address)
    except ValueError:
        # A proxy may say anything.
        return address
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(found), 64), strict=False))
