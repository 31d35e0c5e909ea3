"""Daraja: Safaricom's M-PESA API, environment `sandbox`. What each behaviour rests on is in README.md."""

from simulator.core.tampering import WireNames
from simulator.core.worlds import ProviderSettings
from simulator.edge.provider import ALL_POINTS, Provider
from simulator.providers.daraja.errors import BY_NAME, CATALOGUE, error_reply, refuse
from simulator.providers.daraja.identifiers import receipt
from simulator.providers.daraja.products.c2b import collection
from simulator.providers.daraja.products.c2b.codes import C2B_RESULTS
from simulator.providers.daraja.products.c2b.phone import pay
from simulator.providers.daraja.products.stk.codes import STILL_PROCESSING, STK_RESULTS
from simulator.providers.daraja.products.stk.push import send_result
from simulator.providers.daraja.routes import OPERATIONS
from simulator.providers.daraja.strictness import STRICTNESS

PROVIDER = Provider(
    name="daraja",
    operations=OPERATIONS,
    jobs={"daraja.stk_push.decided": send_result, **collection.JOBS},
    settings=ProviderSettings(
        "daraja",
        latency={"stk_push.processing": 1.0, "stk_push.callback": 2.0, "c2b.processing": 1.0},
        lifetimes={"token": 3600.0, "prompt": 60.0, "validation": 8.0},
        limits={"daily": "500000.00"},
        strictness=dict.fromkeys(STRICTNESS, False),
    ),
    receipt=receipt,
    errors=CATALOGUE,
    result_codes={"stk_push": STK_RESULTS, "stk_query": (STILL_PROCESSING,), "c2b": C2B_RESULTS},
    refuse=refuse,
    broken=BY_NAME["internal_server_error"],
    error_reply=error_reply,
    prefixes=("/oauth/", "/mpesa/"),
    secrets=frozenset({"Password", "SecurityCredential", "access_token"}),
    points={
        "stk_push": ALL_POINTS,
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
