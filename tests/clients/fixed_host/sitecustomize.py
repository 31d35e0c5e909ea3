"""On the PYTHONPATH: this process finds Safaricom's two hosts where `pesabox serve --tls` listens."""

import os
import socket

FIXED_HOSTS = ("sandbox.safaricom.co.ke", "api.safaricom.co.ke")
resolve = socket.getaddrinfo


def to_pesabox(host, port, *more, **named):
    if host in FIXED_HOSTS:
        host, port = "127.0.0.1", int(os.environ["PESABOX_PORT"])
    return resolve(host, port, *more, **named)


socket.getaddrinfo = to_pesabox
