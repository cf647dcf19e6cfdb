"""Tells systemd how the service is doing: the sd_notify protocol."""

import socket


def notify(address: str | None, state: str) -> None:
    """Sends `READY=1`, `STATUS=...` or `STOPPING=1` to $NOTIFY_SOCKET; without one, nothing.

    https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html
    """
    if not address:
        return
    if address.startswith("@"):  # Linux's abstract namespace
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
        sender.sendto(state.encode(), address)
