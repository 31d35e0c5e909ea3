"""A Flask shop that is paid through mpesakit, as its authors ship it."""

from __future__ import annotations

import os

from flask import Flask, jsonify, request, url_for
from mpesakit import MpesaClient
from mpesakit.errors import MpesaApiException
from werkzeug.serving import make_server

SHORTCODE, PASSKEY = 174379, os.environ["MPESA_PASSKEY"]

mpesa = MpesaClient(os.environ["MPESA_KEY"], os.environ["MPESA_SECRET"])
if "MPESA_URL" in os.environ:
    mpesa.http_client.base_url = os.environ["MPESA_URL"]

app = Flask("mpesakit_shop")
callbacks = {}


@app.get("/token")
def token():
    return jsonify(token=mpesa.token_manager.get_token())


@app.post("/pay")
def pay():
    asked = request.get_json()
    try:
        answer = mpesa.stk_push(
            business_short_code=SHORTCODE,
            passkey=PASSKEY,
            transaction_type="CustomerPayBillOnline",
            amount=asked["shillings"],
            party_a=asked["phone"],
            party_b=str(SHORTCODE),
            phone_number=asked["phone"],
            callback_url=os.environ.get("CALLBACK_URL") or url_for("callback", _external=True),
            account_reference="Order 1",
            transaction_desc="An order",
        )
    except MpesaApiException as error:
        told = error.error
        return jsonify(by=type(error).__name__, refused=told.raw_response["errorCode"], message=told.error_message), 402
    return jsonify(checkout=answer.CheckoutRequestID, accepted=answer.is_successful())


@app.post("/callback")
def callback():
    told = mpesa.process_stk_callback(request.get_json())
    callbacks[told.Body.stkCallback.CheckoutRequestID] = told
    return jsonify(ResultCode=0, ResultDesc="Accepted")


@app.get("/paid/<checkout>")
def paid(checkout):
    told = callbacks[checkout]
    receipt = told.get_metadata_value("MpesaReceiptNumber")
    return jsonify(code=told.Body.stkCallback.ResultCode, receipt=receipt, shillings=told.amount)


@app.get("/query/<checkout>")
def query(checkout):
    answer = mpesa.stk_query(business_short_code=SHORTCODE, passkey=PASSKEY, checkout_request_id=checkout)
    return jsonify(code=int(answer.ResultCode))


def main():
    certificate = os.environ.get("SHOP_CERTIFICATE")
    tls = (certificate, os.environ["SHOP_KEY"]) if certificate else None
    server = make_server("127.0.0.1", 0, app, threaded=True, ssl_context=tls)
    print(f"shop: ready on {'https://localhost' if tls else 'http://127.0.0.1'}:{server.port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
