import base64

import pytest
from pydantic import ValidationError

from app_under_test.settings import Settings, settings_from

CREDENTIAL = base64.b64encode(bytes(256)).decode()
OWN = {"channel_key": "c", "operator_key": "o", "callback_secret": "s", "notice_password": "n"}
OWN["security_credential"] = CREDENTIAL


def settings(**changes):
    given = {"provider_url": "http://127.0.0.1:8200", "public_url": "http://app.test", "database": "sqlite:///bank.db"}
    return Settings(**given | changes)


@pytest.mark.parametrize(
    "url",
    [
        "http://app.test",
        "http://localhost:8300",
        "http://bank.localhost",
        "http://127.0.0.1:8300",
        "http://[::1]:8300",
        "http://192.168.1.4",
        "http://10.0.0.1/bank",
    ],
)
def test_at_home_the_default_keys_will_do(url):
    assert settings(public_url=url).public_url == url


@pytest.mark.parametrize(
    "url", ["https://bank.example.com", "http://8.8.8.8", "https://app.test.example.com", "https://test"]
)
def test_in_public_every_default_secret_is_refused(url):
    for name in OWN:
        with pytest.raises(ValidationError, match=rf"is public: set {name} to secrets"):
            settings(public_url=url, **{other: value for other, value in OWN.items() if other != name})
    assert settings(public_url=url, **OWN).public_url == url


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        pytest.param({"provider_url": "127.0.0.1:8200"}, "http://HOST", id="no scheme"),
        pytest.param({"public_url": "http://"}, "http://HOST", id="no host"),
        pytest.param({"public_url": "http://app.test/?a=1"}, "http://HOST", id="a query"),
        pytest.param({"database": "sqlite://"}, "sqlite:///FILE", id="a database in memory"),
        pytest.param({"database": "sqlite:///:memory:"}, "sqlite:///FILE", id="a database in memory, by name"),
        pytest.param({"database": "sqlite:///?timeout=1"}, "sqlite:///FILE", id="a query and no file"),
        pytest.param({"database": "bank.db"}, "sqlite:///FILE", id="a file that is no URL"),
        pytest.param({"database": "mysql://bank:password@db/bank"}, "postgresql://", id="another database"),
        pytest.param({"channel_key": ""}, "channel_key", id="no key"),
        pytest.param({"channel_key": "k", "operator_key": "k"}, "must differ", id="one key for both"),
        pytest.param({"callback_addresses": "nowhere"}, "callback_addresses", id="no address"),
        pytest.param({"opening_float": 5}, "opening_float", id="a float that is a number"),
        pytest.param({"ask_after_seconds": 0}, "ask_after_seconds", id="no time"),
        pytest.param({"security_credential": "Safaricom999!*!"}, "256 bytes", id="a password that is not encrypted"),
        pytest.param({"security_credential": CREDENTIAL[4:]}, "256 bytes", id="a credential that is too short"),
        pytest.param({"initiator_name": ""}, "initiator_name", id="no initiator"),
        pytest.param({"c2b_response_type": "completed"}, "c2b_response_type", id="no such response type"),
        pytest.param({"absent_after_seconds": 120}, "more than 4 times", id="a request may outlive its withdrawal"),
        pytest.param({"pesalink": "buni"}, "pesalink", id="no such bank"),
        pytest.param({"jenga_account": "KE1"}, "jenga_account", id="no account"),
        pytest.param({"jenga_key_file": "/nowhere/key.pem"}, "jenga_key_file", id="no key file"),
        pytest.param({"phone_bank": "0068"}, "phone_bank", id="a code in another spelling"),
        pytest.param({"pesalink_tariff": "40.00"}, "expected bands", id="a tariff without bands"),
        pytest.param({"pesalink_tariff": "500.00=free"}, "pesalink_tariff", id="a fee that is none"),
        pytest.param({"pesalink_tariff": (("999.00", "1.00"), ("500.00", "0.00"))}, "in order", id="bands in disorder"),
        pytest.param({"pesalink_tariff": "500.00=0.00"}, "bands up to 999999.00", id="a tariff that ends too soon"),
        pytest.param({"pesalink_tariff": "999999.00=1.00,999999.00=2.00"}, "each amount once", id="a band twice"),
        pytest.param({"pesalink_tariff": 40}, "expected bands", id="a tariff that is a number"),
        pytest.param({"pesalink_opening_float": 5}, "pesalink_opening_float", id="another float that is a number"),
        pytest.param({"notice_user": "a:b"}, "notice_user", id="a user with a colon"),
        pytest.param({"notice_password": ""}, "notice_password", id="no password"),
        pytest.param({"coop_url": "nowhere"}, "http://HOST", id="no URL"),
        pytest.param({"misspelt": 1}, "misspelt", id="misspelt"),
    ],
)
def test_what_cannot_be_is_refused(changes, told):
    with pytest.raises(ValidationError, match=told):
        settings(**changes)


def test_each_setting_has_its_environment_variable_and_what_is_given_wins():
    environment = {"PESABOX_BANK_PASSKEY": "p", "PESABOX_BANK_PUBLIC_URL": "http://other.test", "PASSKEY": "x"}
    assert settings_from(environment, public_url="http://app.test") == {"passkey": "p", "public_url": "http://app.test"}


def test_secrets_are_not_shown():
    given = settings(database="postgresql://bank:password@db.internal/bank")
    secrets = "bank-channel-key", "password@", given.security_credential.get_secret_value()
    assert not any(secret in repr(given) for secret in secrets)


def test_one_shortcode_does_everything_unless_others_are_given():
    one, three = settings(), settings(shortcode="1", c2b_shortcode="2", b2c_shortcode="3")
    assert (one.shortcode, one.c2b, one.b2c) == ("600000", "600000", "600000")
    assert (three.shortcode, three.c2b, three.b2c) == ("1", "2", "3")


@pytest.mark.parametrize("tariff", ["500.00=0.00, 999999.00=40.00", (("500.00", "0.00"), ("999999.00", "40.00"))])
def test_a_tariff_is_text_or_pairs(tariff):
    given = settings(pesalink_tariff=tariff)
    assert given.pesalink_tariff == settings().pesalink_tariff
    assert [given.pesalink_fee(cents) for cents in (500_00, 500_01, 999_999_00)] == [0, 40_00, 40_00]


def test_all_providers_are_at_one_address_unless_others_are_given():
    one, other = settings(), settings(jenga_url="https://uat.finserve.africa/", coop_url="https://coop.example")
    assert (one.jenga, one.coop) == ("http://127.0.0.1:8200",) * 2
    assert (other.jenga, other.coop) == ("https://uat.finserve.africa", "https://coop.example")
