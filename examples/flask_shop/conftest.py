"""Serves the shop on a free port, and plays its customers."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import pytest
import requests
from shop import Mpesa, create_app
from werkzeug.serving import make_server


@dataclass(frozen=True)
class Placed:
    """An order as its customer sees it."""

    url: str

    @property
    def state(self) -> str:
        return requests.get(self.url, timeout=30).json()["state"]

    @property
    def parcels(self) -> int:
        return requests.get(self.url, timeout=30).json()["parcels"]


@dataclass(frozen=True)
class Shop:
    url: str

    def order(self, phone: str, shillings: int = 100) -> Placed:
        answer = requests.post(f"{self.url}/orders", json={"phone": phone, "shillings": shillings}, timeout=30)
        answer.raise_for_status()
        return Placed(f"{self.url}/orders/{answer.json()['id']}")


@pytest.fixture
def shop(pesabox):
    """The shop, with pesabox where M-PESA would be."""
    mpesa = Mpesa(pesabox.url, pesabox.key, pesabox.secret, pesabox.shortcode, pesabox.passkey)
    server = make_server("127.0.0.1", 0, create_app(mpesa), threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield Shop(f"http://127.0.0.1:{server.server_port}")
    server.shutdown()
    thread.join()
    server.server_close()
