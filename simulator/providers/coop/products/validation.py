"""Validation of accounts: POST /Enquiry/Validation/IPSL/1.0.0 of another bank's, …/Account/1.0.0 of Co-op's own."""

from __future__ import annotations

import orjson

from simulator.core.banks import AccountState, BankAccount, account_key, account_of, bank_of
from simulator.core.faults import Facts
from simulator.core.store import Transaction
from simulator.core.worlds import World
from simulator.edge.exchange import Exchange, Reply
from simulator.edge.provider import RefusedAs
from simulator.providers.coop.checks import check_length, member_bank
from simulator.providers.coop.errors import answered
from simulator.providers.coop.models import COOP, AccountEnquiry, RecipientEnquiry, parse
from simulator.providers.coop.requests import acknowledgement

UNANSWERED = frozenset({AccountState.BANK_OFFLINE, AccountState.CUT_OVER})


async def elsewhere(exchange: Exchange) -> Reply:
    """The name of the holder, whatever state the account is in; a bank that does not answer is waited for in vain."""
    asked = parse(exchange, RecipientEnquiry)
    check_length(asked.reference)
    holder = await exchange.world.run(lambda tx: _found(tx, exchange.world, asked))
    await exchange.choose_acknowledgement(Facts(exchange.operation, reference=asked.reference))
    told = {
        "MessageReference": asked.reference,
        "MessageCode": "0",
        "MessageDescription": "SUCCESS",
        "RecipientName": holder.name,
        "AccountNumber": asked.account,
    }
    return await answered(exchange, lambda tx: Reply(200, orjson.dumps(told)))


def _found(tx: Transaction, world: World, asked: RecipientEnquiry) -> BankAccount:
    code = member_bank(tx, world, asked.bank)
    bank, account = bank_of(tx, world, code), account_of(tx, world, account_key(code, asked.account))
    if bank is None or not bank.takes_at(world.now()) or account.state in UNANSWERED:
        raise RefusedAs("request_timed_out", f"the bank {code} does not answer the switch")
    if account.state is AccountState.MISSING:
        raise RefusedAs("account_not_found", f"{account.key} is nobody's account")
    return account


async def own(exchange: Exchange) -> Reply:
    """Whether Co-op has the account, anybody's. Its holder is not told."""
    asked = parse(exchange, AccountEnquiry)
    check_length(asked.reference)
    world = exchange.world
    account = await world.run(lambda tx: account_of(tx, world, account_key(COOP, asked.account)))
    if account.state is AccountState.MISSING:
        raise RefusedAs("invalid_account_number", f"{account.key} is nobody's account")
    await exchange.choose_acknowledgement(Facts(exchange.operation, reference=asked.reference))
    told = acknowledgement(asked.reference, exchange.at, "0", "VALID ACCOUNT NUMBER")
    return await answered(exchange, lambda tx: Reply(200, orjson.dumps(told)))
