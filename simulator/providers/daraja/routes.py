"""Daraja's endpoints: each an operation, by the name that fault rules use."""

from __future__ import annotations

from simulator.edge.provider import Operation
from simulator.providers.daraja.access import admit_bearer, admit_client
from simulator.providers.daraja.products import oauth
from simulator.providers.daraja.products.b2c import payment_request as b2c
from simulator.providers.daraja.products.c2b import register as c2b_register
from simulator.providers.daraja.products.c2b import simulate as c2b_simulate
from simulator.providers.daraja.products.status import query as transaction_status
from simulator.providers.daraja.products.stk import push as stk_push
from simulator.providers.daraja.products.stk import query as stk_query

OPERATIONS = (
    Operation("oauth", "GET", "/oauth/v1/generate", admit_client, oauth.generate),
    Operation("stk_push", "POST", "/mpesa/stkpush/v1/processrequest", admit_bearer, stk_push.process_request),
    Operation("stk_query", "POST", "/mpesa/stkpushquery/v1/query", admit_bearer, stk_query.query),
    Operation("c2b_register", "POST", "/mpesa/c2b/v1/registerurl", admit_bearer, c2b_register.register),
    Operation("c2b_register", "POST", "/mpesa/c2b/v2/registerurl", admit_bearer, c2b_register.register),
    Operation("c2b_simulate", "POST", "/mpesa/c2b/v1/simulate", admit_bearer, c2b_simulate.simulate),
    Operation("c2b_simulate", "POST", "/mpesa/c2b/v2/simulate", admit_bearer, c2b_simulate.simulate),
    Operation("b2c", "POST", "/mpesa/b2c/v1/paymentrequest", admit_bearer, b2c.pay_v1),
    Operation("b2c", "POST", "/mpesa/b2c/v3/paymentrequest", admit_bearer, b2c.pay_v3),
    Operation(
        "transaction_status", "POST", "/mpesa/transactionstatus/v1/query", admit_bearer, transaction_status.query
    ),
)
