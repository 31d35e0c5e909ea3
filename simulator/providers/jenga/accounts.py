"""Accounts at Equity: balances of the caller's own, a search, and whether a name is that of an account's holder."""

from __future__ import annotations

from simulator.core.banks import AccountState, BankAccount, account_key, account_of, ledger_account
from simulator.core.store import Transaction
from simulator.core.worlds import World
from simulator.edge.exchange import Exchange, Reply
from simulator.edge.provider import RefusedAs
from simulator.providers.jenga.answers import answered
from simulator.providers.jenga.identifiers import masked
from simulator.providers.jenga.models import ValidateRequest, check_account, check_country, parse
from simulator.providers.jenga.signing import check_signature
from simulator.providers.jenga.transfers import CURRENCY, EQUITY

# What an account is called; the others are active as far as anybody is told [inferred].
STATUSES = {AccountState.CLOSED: "Closed", AccountState.BLOCKED: "Blocked", AccountState.DORMANT: "Dormant"}
ACTIVE = "Active"
BRANCH_DIGITS, CUSTOMER_DIGITS = 3, 9


async def balances(exchange: Exchange) -> Reply:
    number = await _told(exchange)

    def look(tx: Transaction) -> dict[str, object]:
        account = _account(tx, exchange.world, number)
        if account.surface != "jenga":
            raise RefusedAs("account_not_configured", f"{number} is no account of the caller's")
        held = str(tx.balance(ledger_account(account.key)).balance)
        return {"balances": [{"amount": held, "type": "Available"}, {"amount": held, "type": "Current"}]}

    return await answered(exchange, look)


async def search(exchange: Exchange) -> Reply:
    """Any Equity account, which need not be the caller's."""
    number = await _told(exchange)

    def look(tx: Transaction) -> dict[str, object]:
        account = _account(tx, exchange.world, number)
        if account.state is AccountState.MISSING:
            raise RefusedAs("account_not_found", f"Equity has no account {number}")
        return {"account": _view(account), "customer": [_holder(exchange.world, account)]}

    return await answered(exchange, look)


async def _told(exchange: Exchange) -> str:
    """The account that the path names, once it is signed for."""
    country, number = exchange.parts["countryCode"], exchange.parts["accountId"]
    check_country(country)
    check_account(number)
    await check_signature(exchange, country, number)
    return number


def _account(tx: Transaction, world: World, number: str) -> BankAccount:
    return account_of(tx, world, account_key(EQUITY, number))


def _view(account: BankAccount) -> dict[str, object]:
    """Equity's numbers begin with the branch."""
    return {
        "branchCode": account.number[:BRANCH_DIGITS],
        "number": account.number,
        "currency": CURRENCY,
        "status": STATUSES.get(account.state, ACTIVE),
    }


def _holder(world: World, account: BankAccount) -> dict[str, object]:
    customer = world.entropy.text("0123456789", CUSTOMER_DIGITS, "customer", account.key)
    return {"name": account.name, "id": customer, "type": "Corporate" if account.surface else "Retail"}


async def validate(exchange: Exchange) -> Reply:
    """Another name, or no account to take money: HTTP 200, with an error in it [official]."""
    asked = parse(exchange, ValidateRequest)
    check_country(asked.country)
    check_account(asked.account)
    await check_signature(exchange, asked.country, asked.account, asked.name)

    def look(tx: Transaction) -> dict[str, object]:
        account = _account(tx, exchange.world, asked.account)
        if account.state in (AccountState.MISSING, *STATUSES) or _words(asked.name) != _words(account.name):
            raise RefusedAs("account_details_wrong", f"{asked.account} is no active account of {asked.name!r}")
        told = {
            "fullNames": account.name,
            "currency": CURRENCY,
            "accountNumber": masked(account.number),
            "status": ACTIVE,
        }
        return {"account": told}

    return await answered(exchange, look)


def _words(name: str) -> list[str]:
    """Names are compared without letter case and spaces [inferred]."""
    return name.upper().split()
