"""Co-op's endpoints: each an operation, by the name that fault rules use. Both versions of one share it."""

from __future__ import annotations

from simulator.edge.provider import Operation
from simulator.providers.coop.access import admit_bearer, admit_client
from simulator.providers.coop.errors import Handler, in_business
from simulator.providers.coop.products import balance, status, token, transfer, validation

EXTERNAL, INTERNAL, ENQUIRY = "/FundsTransfer/External", "/FundsTransfer/Internal", "/Enquiry"


def _business(name: str, path: str, handle: Handler) -> Operation:
    return Operation(name, "POST", path, admit_bearer, in_business(handle))


OPERATIONS = (
    Operation("token", "POST", "/token", admit_client, token.generate),
    _business("pesalink_account", f"{EXTERNAL}/A2A/PesaLink/1.0.0", transfer.to_account),
    _business("pesalink_account", f"{EXTERNAL}/A2A/PesaLink_v2/2.0.0", transfer.to_account_v2),
    _business("pesalink_account", f"{EXTERNAL}/PesaLink/1.0.0", transfer.to_account),
    _business("pesalink_phone", f"{EXTERNAL}/A2M/PesaLink/1.0.0", transfer.to_phone),
    _business("pesalink_bulk", f"{EXTERNAL}/PesaLinkBulk_v1/1.0.0", transfer.to_account_v2),
    _business("internal_transfer", f"{INTERNAL}/A2A/2.0.0", transfer.internal),
    _business("internal_transfer", f"{INTERNAL}/A2A_v3/3.0.0", transfer.internal_v3),
    _business("status", f"{ENQUIRY}/TransactionStatus/2.0.0", status.query),
    _business("status", f"{ENQUIRY}/TransactionStatus_V3/3.0.0", status.query),
    _business("validate_pesalink", f"{ENQUIRY}/Validation/IPSL/1.0.0", validation.elsewhere),
    _business("validate_account", f"{ENQUIRY}/Validation/Account/1.0.0", validation.own),
    _business("balance", f"{ENQUIRY}/AccountBalance/1.0.0", balance.enquire),
    _business("balance", f"{ENQUIRY}/AccountBalance_v2/2.0.0", balance.enquire),
)
