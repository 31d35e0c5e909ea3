"""Daraja: Safaricom's M-PESA API, environment `sandbox`. What each behaviour rests on is in README.md."""

from simulator.core.tampering import WireNames
from simulator.core.worlds import ProviderSettings
from simulator.edge.provider import ALL_POINTS, Provider
from simulator.providers.daraja.access import SECRETS
from simulator.providers.daraja.catalogue import BY_NAME, CATALOGUE
from simulator.providers.daraja.errors import error_reply, refuse
from simulator.providers.daraja.identifiers import receipt
from simulator.providers.daraja.products.b2c import processing as b2c
from simulator.providers.daraja.products.b2c.codes import B2C_RESULTS
from simulator.providers.daraja.products.c2b import collection
from simulator.providers.daraja.products.c2b.codes import C2B_RESULTS
from simulator.providers.daraja.products.c2b.phone import pay
from simulator.providers.daraja.products.status import query as status
from simulator.providers.daraja.products.status.codes import STATUS_RESULTS
from simulator.providers.daraja.products.stk.codes import STILL_PROCESSING, STK_RESULTS
from simulator.providers.daraja.products.stk.push import send_result
from simulator.providers.daraja.routes import OPERATIONS
from simulator.providers.daraja.strictness import STRICTNESS
from simulator.providers.daraja.tariffs import IN_FORCE, PUBLISHED

PROVIDER = Provider(
    name="daraja",
    operations=OPERATIONS,
    jobs={"daraja.stk_push.decided": send_result, **collection.JOBS, **b2c.JOBS, **status.JOBS},
    settings=ProviderSettings(
        "daraja",
        latency={
            "stk_push.processing": 1.0,
            "stk_push.callback": 2.0,
            "c2b.processing": 1.0,
            "b2c.processing": 1.0,
            "transaction_status.processing": 1.0,
        },
        lifetimes={"token": 3600.0, "prompt": 60.0, "validation": 8.0, "queue": 60.0},
        limits={"daily": "500000.00", "b2c_minimum": "10.00", "b2c_maximum": "250000.00"},
        strictness=dict.fromkeys(STRICTNESS, False),
        tariff=IN_FORCE,
        published=PUBLISHED,
    ),
    receipt=receipt,
    errors=CATALOGUE,
    result_codes={
        "stk_push": STK_RESULTS,
        "stk_query": (STILL_PROCESSING,),
        "c2b": C2B_RESULTS,
        "b2c": B2C_RESULTS,
        "transaction_status": STATUS_RESULTS,
    },
    refuse=refuse,
    broken=BY_NAME["internal_server_error"],
    error_reply=error_reply,
    prefixes=("/oauth/", "/mpesa/"),
    secrets=SECRETS,
    points={
        "stk_push": ALL_POINTS,
        "b2c": ALL_POINTS,
        "transaction_status": ALL_POINTS,
        "c2b": frozenset({"processing"}),
        "c2b_validation": frozenset({"callback"}),
        "c2b_confirmation": frozenset({"callback"}),
    },
    pay=pay,
    wire_names=WireNames(
        references=frozenset({"MerchantRequestID", "CheckoutRequestID", "ConversationID", "OriginatorConversationID"}),
        receipts=frozenset({"MpesaReceiptNumber", "TransactionID", "TransactionReceipt", "TransID", "ReceiptNo"}),
    ),
)
