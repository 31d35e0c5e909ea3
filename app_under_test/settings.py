"""Every setting of the bank, parsed once and passed down as a value."""

import ipaddress
from collections.abc import Mapping
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    IPvAnyNetwork,
    NonNegativeInt,
    PositiveFloat,
    SecretStr,
    model_validator,
)

from app_under_test import money

ENVIRONMENT_PREFIX = "PESABOX_BANK_"


def _base_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(f"expected http://HOST or https://HOST, not {url!r}")
    return url.rstrip("/")


def _sqlite_file(url: str) -> str:
    file = url.removeprefix("sqlite:///")
    if file == url or file in ("", ":memory:") or file.startswith("?"):
        raise ValueError(f"expected sqlite:///FILE, not {url!r}")
    return url


def _comma_separated(value: object) -> object:
    return [part.strip() for part in value.split(",")] if isinstance(value, str) else value


BaseUrl = Annotated[str, AfterValidator(_base_url)]


class Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    provider_url: BaseUrl
    public_url: BaseUrl = Field(description="where the provider reaches this bank")
    database: Annotated[str, AfterValidator(_sqlite_file)]

    channel_key: SecretStr = Field(SecretStr("bank-channel-key"), min_length=1)
    operator_key: SecretStr = Field(SecretStr("bank-operator-key"), min_length=1)
    callback_secret: SecretStr = Field(SecretStr("bank-callback-secret"), min_length=1)
    callback_addresses: Annotated[tuple[IPvAnyNetwork, ...], BeforeValidator(_comma_separated)] = Field(
        default=(ipaddress.ip_network("127.0.0.1/32"),), description="who may call back: addresses or networks"
    )

    shortcode: str = "600000"
    passkey: SecretStr = SecretStr("bfb279f9aa9bdbcf158e97dd71a467cd2e0c893059b10f78e6b72ada1ed2c919")
    consumer_key: str = "pesabox-key"
    consumer_secret: SecretStr = SecretStr("pesabox-secret")

    provider_timeout_seconds: PositiveFloat = 30
    ask_after_seconds: PositiveFloat = Field(90, description="age at which reconciliation asks about a pending deposit")
    expire_after_seconds: PositiveFloat = Field(
        300, description="age at which one that the provider still works on expires"
    )
    opening_float: Annotated[NonNegativeInt, BeforeValidator(money.cents_of)] = Field(
        default="20000000.00",
        validate_default=True,
        description="what utility + working hold at the provider when the database is new",
    )

    @model_validator(mode="after")
    def _no_default_secrets_in_public(self) -> Self:
        secrets = ("channel_key", "operator_key", "callback_secret")
        defaults = [name for name in secrets if getattr(self, name) == type(self).model_fields[name].default]
        if defaults and not _is_local(urlsplit(self.public_url).hostname or ""):
            raise ValueError(f"{self.public_url} is public: set {', '.join(defaults)} to secrets of your own")
        if self.channel_key == self.operator_key:
            raise ValueError("channel_key and operator_key must differ")
        return self


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
