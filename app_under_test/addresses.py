"""Names that the bank gives to the provider, which nobody guesses who does not know the secret: where to call back,
and what a payout is called. Made from ids, never drawn: the bank of a repeated run gives the same ones.
"""

import hashlib
import hmac
from urllib.parse import quote

from app_under_test.settings import Settings

_NAME_DIGITS, _JENGA_DIGITS, _COOP_CHARACTERS = 20, 12, 27


class Addresses:
    def __init__(self, settings: Settings) -> None:
        self._secret, self._settings = settings.callback_secret.get_secret_value().encode(), settings

    def stk(self, deposit: str) -> str:
        return self._of(self.token(deposit), f"stk/{deposit}")

    def b2c(self, withdrawal: str, what: str) -> str:
        return self._of(self.token(withdrawal), f"b2c/{withdrawal}/{what}")

    def c2b(self, what: str) -> str:
        """One for all payments, since the provider is told once. None of the words is in it that Daraja forbids."""
        return self._of(self.paybill_token(), f"c2b/{what}")

    def receipt(self, receipt: str, what: str) -> str:
        return self._of(self.token(receipt), f"receipts/{receipt}/{what}")

    def coop(self, withdrawal: str) -> str:
        return f"{self._settings.public_url}/callbacks/coop/{self.token(withdrawal)}/{withdrawal}/result"

    def credits(self, provider: str) -> str:
        """Told to the bank's bank once. It names itself with HTTP Basic, by what stands before the host."""
        scheme, _, where = self._settings.public_url.partition("://")
        user, password = self._settings.notice_user, self._settings.notice_password.get_secret_value()
        own = f"{quote(user, safe='')}:{quote(password, safe='')}@{where}"
        return f"{scheme}://{own}/callbacks/{provider}/{self.credits_token(provider)}/credits"

    def token(self, payment: str) -> str:
        return hmac.new(self._secret, payment.encode(), hashlib.sha256).hexdigest()

    def paybill_token(self) -> str:
        return self.token(f"paybill {self._settings.c2b}")

    def credits_token(self, provider: str) -> str:
        return self.token(f"credits {provider}")

    def payout_name(self, withdrawal: str, created_at: str) -> str:
        """Its client reference. With the time, so that no new database repeats the names of an old one."""
        return f"{withdrawal}-{self.token(f'payout {withdrawal} {created_at}')[:_NAME_DIGITS]}"

    def transfer_name(self, provider: str, withdrawal: str, created_at: str) -> str:
        """Jenga's references are of twelve digits by convention, Co-op's of 27 characters at most."""
        drawn = self.token(f"transfer {withdrawal} {created_at}")
        if provider == "coop":
            return f"{withdrawal}-{drawn}"[:_COOP_CHARACTERS]
        number = withdrawal.removeprefix("W")
        return f"{int(drawn, 16):0{_JENGA_DIGITS}d}"[len(number) - _JENGA_DIGITS :] + number

    def _of(self, token: str, what: str) -> str:
        return f"{self._settings.public_url}/callbacks/daraja/{token}/{what}"
