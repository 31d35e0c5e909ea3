"""What the bank's own banks tell of money that came in over PesaLink: from customers, or returned by payees' banks."""

from app_under_test import credits
from app_under_test.clients.gateway import Objection
from app_under_test.clock import Clock, stamp
from app_under_test.pesalink import PesaLink
from app_under_test.problems import Problem
from app_under_test.store import Store
from app_under_test.withdrawals import Withdrawals


class Incoming:
    def __init__(self, *, store: Store, clock: Clock, pesalink: PesaLink, withdrawals: Withdrawals) -> None:
        self._store, self._clock = store, clock
        self._pesalink, self._withdrawals = pesalink, withdrawals

    async def heard(self, provider: str, notice: bytes) -> None:
        """Returns once the money is booked; 400 if no money of ours can be made out."""
        credit, at = self._pesalink.read_credit(provider, notice), stamp(self._clock.now())
        if credit is None:
            return
        if isinstance(credit, Objection):
            raise Problem(400, f"this tells of no money that came to the bank's account: {credit}")
        returned = await self._store.run(lambda connection: credits.book(connection, provider, credit, at=at))
        if returned is not None:
            await self._withdrawals.ask_about(returned)
