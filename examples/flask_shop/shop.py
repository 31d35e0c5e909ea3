"""A small shop that is paid by M-PESA. It ships an order once, when a callback proves that it is paid in full."""

from __future__ import annotations

import base64
import hmac
import secrets
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

import requests
from flask import Flask, abort, request, url_for

NAIROBI = timezone(timedelta(hours=3))
CANCELLED = 1032


@dataclass(frozen=True)
class Mpesa:
    """Where Daraja is, and who we are there: the simulator, the sandbox and production differ in nothing else."""

    base_url: str
    key: str
    secret: str
    shortcode: str
    passkey: str

    def push(self, order: Order, callback_url: str) -> None:
        """Asks the customer's phone for the money. The answer says nothing of the outcome."""
        timestamp = datetime.now(NAIROBI).strftime("%Y%m%d%H%M%S")
        password = base64.b64encode(f"{self.shortcode}{self.passkey}{timestamp}".encode()).decode()
        body = {
            "BusinessShortCode": self.shortcode,
            "Password": password,
            "Timestamp": timestamp,
            "TransactionType": "CustomerPayBillOnline",
            "Amount": order.shillings,
            "PartyA": order.phone,
            "PartyB": self.shortcode,
            "PhoneNumber": order.phone,
            "CallBackURL": callback_url,
            "AccountReference": order.id,
            "TransactionDesc": "Order",
        }
        url, bearer = f"{self.base_url}/mpesa/stkpush/v1/processrequest", {"Authorization": f"Bearer {self._token()}"}
        requests.post(url, json=body, headers=bearer, timeout=30).raise_for_status()

    def _token(self) -> str:
        url = f"{self.base_url}/oauth/v1/generate?grant_type=client_credentials"
        answer = requests.get(url, auth=(self.key, self.secret), timeout=30)
        answer.raise_for_status()
        return answer.json()["access_token"]


@dataclass
class Order:
    """`token` makes its callback's URL a secret between us and M-PESA."""

    id: str
    phone: str
    shillings: int
    state: str = "unpaid"
    parcels: int = 0
    token: str = field(default_factory=secrets.token_urlsafe)

    def settle(self, result: dict) -> None:
        """Takes the first outcome; whatever arrives after it changes nothing."""
        if self.state != "unpaid":
            return
        if result["ResultCode"] == CANCELLED:
            self.state = "cancelled"
        elif result["ResultCode"] != 0:
            self.state = "failed"
        elif amount_in(result) != self.shillings:
            self.state = "disputed"
        else:
            self.state = "paid"
            self.parcels += 1


def amount_in(result: dict) -> float | None:
    items = {item["Name"]: item.get("Value") for item in result["CallbackMetadata"]["Item"]}
    return items.get("Amount")


def create_app(mpesa: Mpesa) -> Flask:
    app = Flask(__name__)
    orders: dict[str, Order] = {}
    lock = threading.Lock()

    @app.post("/orders")
    def take():
        asked = request.get_json()
        with lock:
            order = Order(f"A{len(orders) + 1}", asked["phone"], asked["shillings"])
            orders[order.id] = order
        mpesa.push(order, url_for("hear", order_id=order.id, token=order.token, _external=True))
        return {"id": order.id}, 202

    @app.get("/orders/<order_id>")
    def show(order_id: str):
        order = orders.get(order_id) or abort(404)
        return {"id": order.id, "state": order.state, "parcels": order.parcels}

    @app.post("/callbacks/mpesa/<order_id>/<token>")
    def hear(order_id: str, token: str):
        order = orders.get(order_id) or abort(404)
        if not hmac.compare_digest(order.token.encode(), token.encode()):
            abort(404)
        with lock:
            order.settle(request.get_json()["Body"]["stkCallback"])
        return {"ResultCode": 0, "ResultDesc": "Success"}

    return app
