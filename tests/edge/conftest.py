"""Daraja as an app calls it: every endpoint and the phone's own payment, by the names of the operations."""

import base64
from typing import Any

import pytest
from msgspec import Struct

PAYBILL = "600000"
ANN = "254708374149"
CREDENTIAL = base64.b64encode(bytes(256)).decode()


class Daraja(Struct):
    """Calls one simulator. Callbacks go to the app, each kind to a path of its own."""

    sim: Any
    token: str = "3f786850e387550fdab836ed7e6dc881de23001b"

    @property
    def urls(self):
        return f"{self.sim.app.url}/{self.token}"

    async def post(self, path, **body):
        return await self.sim.call("POST", f"/mpesa/{path}", json=body, headers=await self.sim.authorization())

    async def oauth(self):
        basic = base64.b64encode(b"pesabox-key:pesabox-secret").decode()
        path = "/oauth/v1/generate?grant_type=client_credentials"
        return await self.sim.call("GET", path, headers={"Authorization": f"Basic {basic}"})

    async def stk_push(self, msisdn=ANN, reference="A1", amount=100):
        told = {"PhoneNumber": msisdn, "PartyA": msisdn, "AccountReference": reference, "Amount": amount}
        return await self.sim.push(**told, CallBackURL=f"{self.urls}/stk_push")

    async def stk_query(self, checkout="ws_CO_150120261030000708374149"):
        return await self.sim.push("/mpesa/stkpushquery/v1/query", CheckoutRequestID=checkout)

    async def c2b_register(self, response="Completed"):
        urls = {"ConfirmationURL": f"{self.urls}/c2b_confirmation", "ValidationURL": f"{self.urls}/c2b_validation"}
        return await self.post("c2b/v2/registerurl", ShortCode=PAYBILL, ResponseType=response, **urls)

    async def c2b_simulate(self, msisdn=ANN, reference="A1", amount=100):
        told = {"Msisdn": msisdn, "BillRefNumber": reference, "Amount": amount}
        return await self.post("c2b/v2/simulate", ShortCode=PAYBILL, CommandID="CustomerPayBillOnline", **told)

    async def b2c(self, msisdn=ANN, reference="W1", amount=100):
        told = {"OriginatorConversationID": reference, "PartyB": msisdn, "Amount": amount, "PartyA": PAYBILL}
        return await self._ask_core("b2c/v3/paymentrequest", "b2c", "BusinessPayment", InitiatorName="testapi", **told)

    async def transaction_status(self, receipt="UAF0000001", reference=""):
        told = {"TransactionID": receipt, "OriginalConversationID": reference, "PartyA": PAYBILL, "IdentifierType": "4"}
        path = "transactionstatus/v1/query"
        return await self._ask_core(path, "transaction_status", "TransactionStatusQuery", Initiator="testapi", **told)

    async def _ask_core(self, path, name, command, **told):
        urls = {"ResultURL": f"{self.urls}/{name}", "QueueTimeOutURL": f"{self.urls}/{name}_queue"}
        return await self.post(path, SecurityCredential=CREDENTIAL, CommandID=command, Remarks="test", **urls, **told)

    async def pay(self, msisdn=ANN, reference="A1", amount="100.00"):
        told = {"shortcode": PAYBILL, "reference": reference, "amount": amount}
        return await self.sim.control("POST", f"/subscribers/{msisdn}/pay", told)


@pytest.fixture
def daraja_of():
    return Daraja


@pytest.fixture
def daraja(sim):
    return Daraja(sim)
