"""A Django shop that is paid and pays out through django-daraja, as its authors ship it.

The package has no query. It ships no certificate either: a payout reads `certs/sandbox.cer` or
`certs/production.cer` in the project's folder.
"""

from __future__ import annotations

import json
import os
from wsgiref.simple_server import WSGIRequestHandler, make_server

import django
from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.http import JsonResponse
from django.urls import include, path

settings.configure(
    ALLOWED_HOSTS=["127.0.0.1"],
    BASE_DIR=os.environ.get("SHOP_FOLDER"),
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    INSTALLED_APPS=["django_daraja"],
    MPESA_CONSUMER_KEY=os.environ["MPESA_KEY"],
    MPESA_CONSUMER_SECRET=os.environ["MPESA_SECRET"],
    MPESA_ENVIRONMENT=os.environ.get("MPESA_ENVIRONMENT", "sandbox"),
    MPESA_EXPRESS_SHORTCODE="174379",
    MPESA_INITIATOR_SECURITY_CREDENTIAL="Safaricom999!*!",
    MPESA_INITIATOR_USERNAME="testapi",
    MPESA_PASSKEY=os.environ["MPESA_PASSKEY"],
    MPESA_SHORTCODE="600000",
    ROOT_URLCONF=__name__,
    USE_TZ=True,
)
django.setup()

from django_daraja.mpesa import core, utils  # noqa: E402 (its models need the settings)

if "MPESA_URL" in os.environ:
    core.api_base_url = utils.api_base_url = lambda: os.environ["MPESA_URL"] + "/"

mpesa = core.MpesaClient()
callbacks, results = {}, []


def token(request):
    return JsonResponse({"token": mpesa.access_token()})


def pay(request):
    asked = json.loads(request.body)
    url = request.build_absolute_uri("/callback")
    answer = mpesa.stk_push(asked["phone"], asked["shillings"], "Order 1", "An order", url)
    if answer.error_code:
        return refused(answer)
    return JsonResponse({"checkout": answer.checkout_request_id, "accepted": answer.response_code == "0"})


def refused(answer):
    told = {"by": type(answer).__name__, "refused": answer.error_code, "message": answer.error_message}
    return JsonResponse(told, status=402)


def callback(request):
    told = mpesa.parse_stk_result(request.body)
    callbacks[told["CheckoutRequestID"]] = told
    return JsonResponse({"ResultCode": 0, "ResultDesc": "Accepted"})


def paid(request, checkout):
    told = callbacks[checkout]
    outcome = {"receipt": told.get("MpesaReceiptNumber"), "shillings": told.get("Amount")}
    return JsonResponse({"code": told["ResultCode"]} | outcome)


def pay_out(request):
    asked = json.loads(request.body)
    url = request.build_absolute_uri("/result")
    answer = getattr(mpesa, asked["by"])(asked["phone"], asked["shillings"], "A withdrawal", url, "Order 1")
    return refused(answer) if answer.error_code else JsonResponse({"conversation": answer.conversation_id})


def result(request):
    """The package names one URL for results and for queue time-outs, which are the request as it was sent."""
    told = json.loads(request.body)
    results.append(outcome(told["Result"]) if "Result" in told else {"timed_out": told["PartyB"]})
    return JsonResponse({"ResultCode": 0, "ResultDesc": "Accepted"})


def outcome(told):
    items = {item["Key"]: item.get("Value") for item in told.get("ResultParameters", {}).get("ResultParameter", ())}
    paid = {"receipt": items.get("TransactionReceipt"), "shillings": items.get("TransactionAmount")}
    return {"conversation": told["ConversationID"], "code": told["ResultCode"]} | paid


def all_results(request):
    return JsonResponse({"results": results})


urlpatterns = [
    path("token", token),
    path("pay", pay),
    path("callback", callback),
    path("paid/<checkout>", paid),
    path("pay-out", pay_out),
    path("result", result),
    path("results", all_results),
    path("daraja/", include("django_daraja.urls")),
]


class Quiet(WSGIRequestHandler):
    def log_message(self, *told):
        pass


def main():
    call_command("migrate", verbosity=0)
    server = make_server("127.0.0.1", 0, get_wsgi_application(), handler_class=Quiet)
    print(f"shop: ready on http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
