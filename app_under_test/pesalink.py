"""The bank's way to other banks: by the provider that a setting names; for what was sent before, the one of then."""

from collections.abc import Mapping

from aiohttp import web

from app_under_test.addresses import Addresses
from app_under_test.clients.gateway import (
    Absent,
    Account,
    Credit,
    Holder,
    Interbank,
    NoAnswer,
    Objection,
    Standing,
    Transfer,
    Verifier,
)
from app_under_test.edge import body_of, respond
from app_under_test.names import match
from app_under_test.payees import AccountQuestion
from app_under_test.problems import Problem
from app_under_test.settings import Settings
from app_under_test.withdrawal import Way, Withdrawal


class PesaLink:
    """Chooses who is asked. Knows no database."""

    def __init__(
        self,
        settings: Settings,
        *,
        gateways: Mapping[str, Interbank],
        verifiers: Mapping[str, Verifier],
        verifier: Verifier,
        addresses: Addresses,
    ) -> None:
        """`verifiers` know accounts at one bank each, by its code; the `verifier` knows those at all others."""
        self._settings, self._gateways, self._addresses = settings, gateways, addresses
        self._verifiers, self._verifier = verifiers, verifier

    def way(self, amount: int) -> Way:
        provider = self._settings.pesalink
        return Way(
            provider,
            lambda withdrawal, created_at: self._addresses.transfer_name(provider, withdrawal, created_at),
            self._settings.pesalink_fee(amount),
        )

    async def send(self, withdrawal: Withdrawal) -> Standing:
        return await self._gateways[withdrawal.provider].send(self._transfer(withdrawal))

    async def ask(self, withdrawal: Withdrawal) -> Standing | Absent:
        return await self._gateways[withdrawal.provider].ask(self._transfer(withdrawal))

    def read_result(self, withdrawal: Withdrawal, callback: bytes) -> Standing:
        return self._gateways[withdrawal.provider].read_result(callback, self._transfer(withdrawal))

    def read_credit(self, provider: str, notice: bytes) -> Credit | Objection | None:
        return self._gateways[provider].read_credit(notice)

    async def notices(self, _: web.Request) -> web.Response:
        """What to register with each provider."""
        items = [{"provider": provider, "url": self._addresses.credits(provider)} for provider in self._gateways]
        return respond({"items": items})

    async def verify(self, request: web.Request) -> web.Response:
        """Whose an account is. It changes nothing, and no withdrawal waits for it."""
        asked = await body_of(request, AccountQuestion)
        verifier = self._verifiers.get(asked.bank, self._verifier)
        match await verifier.holder(asked.bank, asked.account_number):
            case Holder(name):
                verdict = match_of(asked.name, name)
            case Absent(reason):
                raise Problem(404, f"there is no such account: {reason}", field="account_number")
            case NoAnswer(reason):
                raise Problem(502, f"the account could not be verified: {reason}")
        return respond({"bank": asked.bank, "account_number": asked.account_number, "name": name, "match": verdict})

    def _transfer(self, withdrawal: Withdrawal) -> Transfer:
        return Transfer(
            client_reference=withdrawal.client_reference,
            payee=_payee(withdrawal),
            amount=withdrawal.amount,
            narration=f"Withdrawal {withdrawal.id}",
            made_at=withdrawal.created_at,
            result_url=self._addresses.coop(withdrawal.id),
        )


def match_of(asked: str | None, told: str) -> str | None:
    """None if nobody asked."""
    return None if asked is None else match(asked, told)


def _payee(withdrawal: Withdrawal) -> Account | str:
    if withdrawal.bank is None:
        return withdrawal.msisdn or ""
    return Account(withdrawal.bank, withdrawal.account_number or "", withdrawal.name or "")
