"""Co-op Connect: the API of the Co-operative Bank of Kenya, versions 1 and 2. What each behaviour rests on is in
README.md."""

from simulator.core.tampering import WireNames
from simulator.core.worlds import ProviderSettings
from simulator.edge.addresses import web_address
from simulator.edge.provider import ALL_POINTS, Provider
from simulator.providers.coop.access import SECRETS
from simulator.providers.coop.catalogue import BY_NAME, CATALOGUE
from simulator.providers.coop.codes import LEG_RESULTS, REQUEST_RESULTS
from simulator.providers.coop.errors import error_reply, refuse
from simulator.providers.coop.identifiers import receipt
from simulator.providers.coop.products import notice, outcome
from simulator.providers.coop.routes import OPERATIONS
from simulator.providers.coop.strictness import STRICTNESS

TRANSFERS = ("pesalink_account", "pesalink_phone", "pesalink_bulk", "internal_transfer")
TARIFF = {"pesalink": (("500.00", "0.00"), ("999999.00", "40.00"))}  # as other banks' [inferred]

PROVIDER = Provider(
    name="coop",
    operations=OPERATIONS,
    jobs={"coop.credit.decided": notice.tell, **{f"coop.{name}.decided": outcome.tell for name in TRANSFERS}},
    settings=ProviderSettings(
        "coop",
        latency={
            **{f"{name}.processing": 1.0 for name in TRANSFERS},
            **{f"{name}.callback": 1.0 for name in (*TRANSFERS, "credit")},
        },
        lifetimes={"token": 3600.0},
        limits={"minimum": "10.00", "maximum": "999999.00", "daily": "999999999999.00"},
        strictness=dict.fromkeys(STRICTNESS, False),
        tariff=TARIFF,
        published=TARIFF,
    ),
    receipt=receipt,
    errors=CATALOGUE,
    result_codes={**dict.fromkeys(TRANSFERS, LEG_RESULTS), "status": REQUEST_RESULTS},
    refuse=refuse,
    broken=BY_NAME["internal_server_error"],
    error_reply=error_reply,
    prefixes=("/FundsTransfer/", "/Enquiry/"),
    secrets=SECRETS,
    points={**dict.fromkeys(TRANSFERS, ALL_POINTS), "credit": frozenset({"callback"})},
    wire_names=WireNames(
        references=frozenset({"MessageReference", "ReferenceNumber", "PaymentRef"}),
        receipts=frozenset({"TransactionID", "TransactionId"}),
    ),
    registers={"notice_url": web_address},
)
