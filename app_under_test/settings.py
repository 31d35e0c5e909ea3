"""Every setting of the bank, parsed once and passed down as a value."""

import base64
import binascii
import ipaddress
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    FilePath,
    IPvAnyNetwork,
    NonNegativeInt,
    PositiveFloat,
    SecretStr,
    model_validator,
)

from app_under_test import money

EQUITY, COOP = "68", "11"  # their clearing codes
ENVIRONMENT_PREFIX = "PESABOX_BANK_"
_CREDENTIAL_BYTES = 256
_LOCAL_CREDENTIAL = base64.b64encode(bytes(range(_CREDENTIAL_BYTES))).decode()


def _base_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(f"expected http://HOST or https://HOST, not {url!r}")
    return url.rstrip("/")


def _database_url(url: SecretStr) -> SecretStr:
    kind, _, where = url.get_secret_value().partition("://")
    is_file = kind == "sqlite" and where.startswith("/") and where[1:].partition("?")[0] not in ("", ":memory:")
    if not is_file and kind != "postgresql":
        raise ValueError("expected sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE")
    return url


def _comma_separated(value: object) -> object:
    return [part.strip() for part in value.split(",")] if isinstance(value, str) else value


def _encrypted(credential: SecretStr) -> SecretStr:
    try:
        length = len(base64.b64decode(credential.get_secret_value(), validate=True))
    except binascii.Error:
        length = 0
    if length != _CREDENTIAL_BYTES:
        raise ValueError(f"expected base64 of the {_CREDENTIAL_BYTES} bytes that the encrypted password has")
    return credential


def _bands(value: object) -> object:
    """`500.00=0.00,999999.00=40.00`, or pairs of such texts, as pairs of cents."""
    told = [part.split("=") for part in value.replace(" ", "").split(",")] if isinstance(value, str) else value
    if not isinstance(told, list | tuple) or not all(
        isinstance(band, list | tuple) and len(band) == 2 for band in told
    ):
        raise ValueError("expected bands such as '500.00=0.00,999999.00=40.00': up to which amount it costs how much")
    bands = [tuple(map(money.cents_of, band)) for band in told]
    limits = [up_to for up_to, _ in bands]
    if limits != sorted(set(limits)):
        raise ValueError("expected bands in order, the smallest amount first, and each amount once")
    if limits[-1] < money.MOST_BY_PESALINK:
        raise ValueError(f"expected bands up to {money.text_of(money.MOST_BY_PESALINK)}: nothing beyond them is free")
    return bands


BaseUrl = Annotated[str, AfterValidator(_base_url)]


class Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    provider_url: BaseUrl
    public_url: BaseUrl = Field(description="where the provider reaches this bank")
    database: Annotated[SecretStr, AfterValidator(_database_url)]  # it may hold a password

    channel_key: SecretStr = Field(SecretStr("bank-channel-key"), min_length=1)
    operator_key: SecretStr = Field(SecretStr("bank-operator-key"), min_length=1)
    callback_secret: SecretStr = Field(SecretStr("bank-callback-secret"), min_length=1)
    callback_addresses: Annotated[tuple[IPvAnyNetwork, ...], BeforeValidator(_comma_separated)] = Field(
        default=(ipaddress.ip_network("127.0.0.1/32"),), description="who may call back: addresses or networks"
    )

    shortcode: str = Field("600000", description="where customers pay, and for all else unless another is given")
    c2b_shortcode: str | None = Field(None, description="the paybill whose payments of their own accord are taken")
    b2c_shortcode: str | None = Field(None, description="the one that pays out")
    passkey: SecretStr = SecretStr("bfb279f9aa9bdbcf158e97dd71a467cd2e0c893059b10f78e6b72ada1ed2c919")
    consumer_key: str = "pesabox-key"
    consumer_secret: SecretStr = SecretStr("pesabox-secret")
    initiator_name: str = Field("testapi", min_length=1)
    security_credential: Annotated[SecretStr, AfterValidator(_encrypted)] = Field(
        SecretStr(_LOCAL_CREDENTIAL), description="the initiator's password, encrypted for the provider"
    )
    c2b_response_type: Literal["Completed", "Cancelled"] = Field(
        "Completed", description="what becomes of a paybill payment that the bank was not there to validate"
    )

    pesalink: Literal["jenga", "coop"] = Field("jenga", description="by which bank new transfers to other banks go")
    jenga_url: BaseUrl | None = Field(None, description="of Jenga, if it is not provider_url")
    coop_url: BaseUrl | None = Field(None, description="of Co-op Connect, if it is not provider_url")
    account_name: str = Field("PESABOX LIMITED", min_length=1, description="in which these accounts are held")
    jenga_account: str = Field("1450160649886", pattern=r"^[0-9]{1,30}$")
    jenga_api_key: SecretStr = Field(SecretStr("pesabox-api-key"), min_length=1)
    jenga_key_file: FilePath = Field(
        Path(__file__).parent / "clients" / "jenga" / "test_key.pem", description="the RSA key that signs, as PEM"
    )
    coop_account: str = Field("36001873000", pattern=r"^[0-9]{1,30}$")
    coop_user: str = Field("PESABOX", min_length=1)
    phone_bank: str = Field("68", pattern=r"^[0-9]{2}$", description="the bank that Jenga pays phones at")
    pesalink_tariff: Annotated[tuple[tuple[int, int], ...], BeforeValidator(_bands)] = Field(
        default="500.00=0.00,999999.00=40.00", validate_default=True, description="what the bank is charged, by amount"
    )
    notice_user: str = Field("pesabox-bank", pattern=r"^[!-9;-~]+$", description="of notices of credits, with the next")
    notice_password: SecretStr = Field(SecretStr("bank-notice-password"), min_length=1)

    provider_timeout_seconds: PositiveFloat = 30
    ask_after_seconds: PositiveFloat = Field(90, description="age at which reconciliation asks about a pending payment")
    expire_after_seconds: PositiveFloat = Field(
        300, description="age at which a deposit that the provider still works on expires"
    )
    absent_after_seconds: PositiveFloat = Field(
        300, description="age from which a withdrawal that the provider does not know cannot reach it any more"
    )
    opening_float: Annotated[NonNegativeInt, BeforeValidator(money.cents_of)] = Field(
        default="20000000.00",
        validate_default=True,
        description="what utility + working hold at the provider when the database is new",
    )
    pesalink_opening_float: Annotated[NonNegativeInt, BeforeValidator(money.cents_of)] = Field(
        default="10000000.00", validate_default=True, description="what the account at the bank holds then"
    )

    @model_validator(mode="after")
    def _no_default_secrets_in_public(self) -> Self:
        secrets = ("channel_key", "operator_key", "callback_secret", "security_credential", "notice_password")
        defaults = [name for name in secrets if getattr(self, name) == type(self).model_fields[name].default]
        if defaults and not _is_local(urlsplit(self.public_url).hostname or ""):
            raise ValueError(f"{self.public_url} is public: set {', '.join(defaults)} to secrets of your own")
        if self.channel_key == self.operator_key:
            raise ValueError("channel_key and operator_key must differ")
        return self

    @model_validator(mode="after")
    def _no_request_outlives_its_withdrawal(self) -> Self:
        """Two tokens and two sendings, each with its deadline; how long a queue keeps it is not ours to know."""
        if self.absent_after_seconds <= 4 * self.provider_timeout_seconds:
            raise ValueError("absent_after_seconds must be more than 4 times provider_timeout_seconds")
        return self

    @property
    def c2b(self) -> str:
        return self.c2b_shortcode or self.shortcode

    @property
    def b2c(self) -> str:
        return self.b2c_shortcode or self.shortcode

    @property
    def jenga(self) -> str:
        return self.jenga_url or self.provider_url

    @property
    def coop(self) -> str:
        return self.coop_url or self.provider_url

    @property
    def own_accounts(self) -> tuple[tuple[str, str], ...]:
        """By bank and number."""
        return (EQUITY, self.jenga_account), (COOP, self.coop_account)

    def pesalink_fee(self, amount: int) -> int:
        return next(fee for up_to, fee in self.pesalink_tariff if amount <= up_to)


def settings_from(environment: Mapping[str, str], **given: object) -> dict[str, Any]:
    """What is given, and for each setting that is not, its environment variable `PESABOX_BANK_<NAME>`."""
    found = {name: environment.get(ENVIRONMENT_PREFIX + name.upper()) for name in Settings.model_fields}
    return {name: value for name, value in found.items() if value is not None} | given


def _is_local(host: str) -> bool:
    """Loopback, private, or a name that no public resolver knows (RFC 6761)."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith((".localhost", ".test"))
    return address.is_loopback or address.is_private
