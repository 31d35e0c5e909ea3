"""Balance: POST /Enquiry/AccountBalance…, of an account of the caller's."""

from __future__ import annotations

import orjson

from simulator.core.banks import account_key, account_of, ledger_account
from simulator.core.faults import Facts
from simulator.core.money import ZERO
from simulator.core.store import Transaction
from simulator.edge.exchange import Exchange, Reply
from simulator.providers.coop.checks import check_length, check_owned
from simulator.providers.coop.errors import answered
from simulator.providers.coop.models import COOP, AccountEnquiry, parse
from simulator.providers.coop.requests import CURRENCY, acknowledgement, number

PRODUCT, BRANCH, SORT_CODE = "CURRENT ACCOUNT", "UKULIMA BRANCH", "00011011"
HELD, NOTHING = ("ClearedBalance", "BookedBalance"), ("UnclearedBalance", "ODLimit", "CreditLimit")


async def enquire(exchange: Exchange) -> Reply:
    asked = parse(exchange, AccountEnquiry)
    check_length(asked.reference)
    world = exchange.world
    await world.run(lambda tx: check_owned(tx, world, asked.account))
    await exchange.choose_acknowledgement(Facts(exchange.operation, reference=asked.reference))

    def work(tx: Transaction) -> Reply:
        account = account_of(tx, world, account_key(COOP, asked.account))
        held, none = number(tx.balance(ledger_account(account.key)).balance), number(ZERO)
        told = {
            **acknowledgement(asked.reference, exchange.at, "0", "Success"),
            "AccountNumber": asked.account,
            "AccountName": account.name,
            "Currency": CURRENCY,
            "ProductName": PRODUCT,
            **dict.fromkeys(HELD, held),
            "BlockedBalance": none,
            "AvailableBalance": held,
            "ArrearsAmount": none,
            "BranchName": BRANCH,
            "BranchSortCode": SORT_CODE,
            "AverageBalance": held,
            **dict.fromkeys(NOTHING, none),
        }
        return Reply(200, orjson.dumps(told))

    return await answered(exchange, work)
