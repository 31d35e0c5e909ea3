"""Jenga v3: the API of Equity Bank (Finserve), a surface of PesaLink. What each behaviour rests on is in README.md."""

from simulator.core.tampering import WireNames
from simulator.core.tariffs import Tariff
from simulator.core.worlds import ProviderSettings
from simulator.edge.addresses import web_address
from simulator.edge.provider import ENDPOINT, Provider
from simulator.providers.jenga.access import SECRETS
from simulator.providers.jenga.catalogue import BY_NAME, CATALOGUE, RESULTS
from simulator.providers.jenga.errors import error_reply, refuse
from simulator.providers.jenga.identifiers import receipt
from simulator.providers.jenga.notices import OPERATION, send_notice
from simulator.providers.jenga.routes import OPERATIONS
from simulator.providers.jenga.signing import TEST_PUBLIC_KEY, private_test_key, read_public_key
from simulator.providers.jenga.transfers import JOBS
from simulator.providers.jenga.transfers import OPERATIONS as TRANSFERS

# Free to 500, then 40 [inferred]: banks differ, and Equity's own tariff is not public.
TARIFF: Tariff = (("500.00", "0.00"), ("999999.00", "40.00"))
NO_LIMIT = "999999999999.00"

PROVIDER = Provider(
    name="jenga",
    operations=OPERATIONS,
    jobs={f"{OPERATION}.decided": send_notice, **JOBS},
    settings=ProviderSettings(
        "jenga",
        latency={**{f"{operation}.processing": 1.0 for operation in TRANSFERS}, "credit.callback": 1.0},
        lifetimes={"token": 900.0},
        limits={"minimum": "10.00", "maximum": "999999.00", "daily": NO_LIMIT},
        tariff={"pesalink": TARIFF},
        published={"pesalink": TARIFF},
        registered={"public_key": TEST_PUBLIC_KEY, "notice_url": None},
    ),
    receipt=receipt,
    errors=CATALOGUE,
    result_codes=dict.fromkeys(TRANSFERS, RESULTS),
    refuse=refuse,
    broken=BY_NAME["processing_error"],
    error_reply=error_reply,
    prefixes=("/authentication/", "/v3-apis/"),
    secrets=SECRETS,
    points={**dict.fromkeys(TRANSFERS, ENDPOINT | {"processing"}), "credit": frozenset({"callback"})},
    wire_names=WireNames(references=frozenset({"remarks"}), receipts=frozenset({"reference"})),
    registers={"public_key": read_public_key, "notice_url": web_address},
    publishes={"jenga-key.pem": private_test_key},
)
