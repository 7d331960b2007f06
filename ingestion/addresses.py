"""Which IP addresses may be connected to."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

# An own list rather than `is_global`: what that property answers differs between patch releases of Python.
_REFUSED_V4 = tuple(
    IPv4Network(block)
    for block in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT
        "127.0.0.0/8",
        "169.254.0.0/16",  # link-local, cloud metadata
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",  # multicast, reserved, broadcast
    )
)
# Everything else in IPv6 is special: loopback, v4-mapped, NAT64, unique local, link-local, multicast.
_GLOBAL_V6 = IPv6Network("2000::/3")
_REFUSED_V6 = tuple(
    IPv6Network(block)
    for block in (
        "2001::/23",  # protocol assignments, Teredo among them
        "2001:db8::/32",
        "2002::/16",  # 6to4, which embeds any IPv4 address
        "3fff::/20",
    )
)


def parse_networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Networks from their text form; raises ValueError on one that is malformed."""
    return tuple(ip_network(text.strip(), strict=False) for text in texts if text.strip())


def is_allowed(host: str, allow: Iterable[Network] = ()) -> bool:
    """Whether a numeric address may be connected to: public, or inside a network in `allow`."""
    address = ip_address(host.split("%", 1)[0])
    if any(address.version == network.version and address in network for network in allow):
        return True
    if isinstance(address, IPv4Address):
        return not any(address in block for block in _REFUSED_V4)
    return address in _GLOBAL_V6 and not any(address in block for block in _REFUSED_V6)
