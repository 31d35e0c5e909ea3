"""A Django shop that is paid through django-daraja, as its authors ship it. The package has no query."""

from __future__ import annotations

import json
import os
from wsgiref.simple_server import WSGIRequestHandler, make_server

import django
from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.http import JsonResponse
from django.urls import path

settings.configure(
    ALLOWED_HOSTS=["127.0.0.1"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    INSTALLED_APPS=["django_daraja"],
    MPESA_CONSUMER_KEY=os.environ["MPESA_KEY"],
    MPESA_CONSUMER_SECRET=os.environ["MPESA_SECRET"],
    MPESA_ENVIRONMENT="sandbox",
    MPESA_EXPRESS_SHORTCODE="174379",
    MPESA_PASSKEY=os.environ["MPESA_PASSKEY"],
    ROOT_URLCONF=__name__,
    USE_TZ=True,
)
django.setup()

from django_daraja.mpesa import core, utils  # noqa: E402 (its models need the settings)

if "MPESA_URL" in os.environ:
    core.api_base_url = utils.api_base_url = lambda: os.environ["MPESA_URL"] + "/"

mpesa = core.MpesaClient()
callbacks = {}


def token(request):
    return JsonResponse({"token": mpesa.access_token()})


def pay(request):
    asked = json.loads(request.body)
    url = request.build_absolute_uri("/callback")
    answer = mpesa.stk_push(asked["phone"], asked["shillings"], "Order 1", "An order", url)
    if answer.error_code:
        told = {"by": type(answer).__name__, "refused": answer.error_code, "message": answer.error_message}
        return JsonResponse(told, status=402)
    return JsonResponse({"checkout": answer.checkout_request_id, "accepted": answer.response_code == "0"})


def callback(request):
    told = mpesa.parse_stk_result(request.body)
    callbacks[told["CheckoutRequestID"]] = told
    return JsonResponse({"ResultCode": 0, "ResultDesc": "Accepted"})


def paid(request, checkout):
    told = callbacks[checkout]
    outcome = {"receipt": told.get("MpesaReceiptNumber"), "shillings": told.get("Amount")}
    return JsonResponse({"code": told["ResultCode"]} | outcome)


urlpatterns = [path("token", token), path("pay", pay), path("callback", callback), path("paid/<checkout>", paid)]


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
