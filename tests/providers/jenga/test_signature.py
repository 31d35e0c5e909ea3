"""What is signed, in which order, by whom."""

from __future__ import annotations

import base64

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from simulator.providers.jenga.signing import TEST_PUBLIC_KEY, is_signed, private_test_key, read_public_key
from tests.providers.jenga.conftest import ACCOUNTS, INTERNAL, PAYEE, PAYER, nested

VECTOR = "500.00KES192112602006Tom Doe00013XXXX6836"  # [official]
OF_VECTOR = {
    "transfer__amount": "500.00",
    "transfer__reference": "192112602006",
    "destination__name": "Tom Doe",
    "source__accountNumber": "00013XXXX6836",
}
INVALID, MISSING, NO_KEY, NOT_THE_CALLERS = 900101, 900100, 900102, 401201


def public_half(pem):
    key = load_pem_private_key(pem.encode(), password=None).public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def test_the_public_key_is_that_of_the_published_private_one():
    assert public_half(private_test_key()) == TEST_PUBLIC_KEY
    assert load_pem_private_key(private_test_key().encode(), password=None).key_size == 2048


def test_the_published_text_is_verified_to_the_letter(sign):
    assert is_signed(TEST_PUBLIC_KEY, sign(VECTOR), VECTOR)
    assert not is_signed(TEST_PUBLIC_KEY, sign(VECTOR), VECTOR.replace("500.00", "500"))


@pytest.mark.parametrize(
    "told",
    [
        pytest.param("", id="nothing"),
        pytest.param("not base64 !", id="no base64"),
        pytest.param("c2hvcnQ=", id="too short"),
        pytest.param("é", id="no ASCII"),
    ],
)
def test_what_is_no_signature_at_all(told):
    assert not is_signed(TEST_PUBLIC_KEY, told, VECTOR)


async def test_the_published_vector_is_what_a_transfer_signs(jenga):
    """Its account is nobody's here, which is found out only once the signature is good."""
    assert (await jenga.send(**OF_VECTOR, sign=VECTOR)).json["code"] == NOT_THE_CALLERS
    assert (await jenga.send(**OF_VECTOR, sign=VECTOR + " ")).json["code"] == INVALID


@pytest.mark.parametrize(
    "tampered",
    [
        pytest.param({"transfer__amount": "500"}, id="without decimals"),
        pytest.param({"transfer__amount": "900.00"}, id="another amount"),
        pytest.param({"transfer__reference": "192112602007"}, id="another reference"),
        pytest.param({"destination__name": "Tom  Doe"}, id="a space more"),
        pytest.param({"source__accountNumber": PAYER[:-1] + "7"}, id="another payer"),
        pytest.param({"transfer__currencyCode": "USD"}, id="another currency"),
    ],
)
async def test_a_signature_over_something_else_changes_nothing(jenga, tampered):
    told = {"transfer__reference": "192112602006", "source__accountNumber": PAYER}
    answer = await jenga.send(sign=f"500.00KES192112602006Tom Doe{PAYER}", **(told | tampered))
    assert (answer.status, answer.json["code"]) == (400, INVALID)
    assert await jenga.payments() == []
    (*_, event) = (await jenga.bench.control("GET", "/journal?kind=request"))["items"]
    assert (event["operation"], event["status"]) == ("jenga.pesalink_account", 400)
    assert await jenga.held(f"bank:68:{PAYER}") is None
    assert (await jenga.send(sign=None, **told)).status == 200, "the reference is still free"


async def test_the_order_of_another_endpoint_is_another_text(jenga):
    fields = jenga.body()
    answer = await jenga.send(
        sign="".join(fields[name] for name in INTERNAL), transfer__reference=fields["transfer.reference"]
    )
    assert answer.json["code"] == INVALID
    told = jenga.body("internalBankTransfer")
    pesalink = f"500.00KES{told['transfer.reference']}Tom Doe{PAYER}"
    answer = await jenga.send("internalBankTransfer", sign=pesalink, transfer__reference=told["transfer.reference"])
    assert answer.json["code"] == INVALID


@pytest.mark.parametrize("amount", [b"500.00", b"500", b"500.5", b"5.0e2"])
async def test_a_number_is_signed_as_it_is_written(jenga, amount):
    fields = jenga.body(transfer__amount="AMOUNT", transfer__reference="R1")
    raw = orjson.dumps(nested(fields)).replace(b'"AMOUNT"', amount)
    answer = await jenga.send(raw=raw, sign=f"{amount.decode()}KESR1Tom Doe{PAYER}")
    assert answer.json["code"] == (103107 if b"e" in amount else 0)
    assert (await jenga.send(raw=raw, sign=f"500.000KESR1Tom Doe{PAYER}")).json["code"] == INVALID


async def test_names_are_signed_as_utf_8(jenga):
    assert (await jenga.send(destination__name="Tóm Döe 中")).json["code"] == 0


@pytest.mark.parametrize("header", ["signature", "Signature", "SIGNATURE"])
async def test_the_header_is_written_in_any_case(jenga, sign, header):
    headers = {header: sign(f"KE{PAYER}")}
    assert (await jenga.call("GET", f"{ACCOUNTS}/accounts/balances/KE/{PAYER}", **headers)).status == 200


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        pytest.param("GET", f"{ACCOUNTS}/accounts/balances/KE/{PAYER}", None, id="balances"),
        pytest.param("GET", f"{ACCOUNTS}/search/KE/{PAYER}", None, id="search"),
        pytest.param("GET", "/v3-apis/transaction-api/v3.0/transactions/details/R1", None, id="details"),
        pytest.param(
            "POST",
            f"{ACCOUNTS}/account/validate",
            {"countryCode": "KE", "accountNumber": PAYEE, "accountFullName": "Tom Doe"},
            id="validate",
        ),
    ],
)
async def test_every_look_up_is_signed(jenga, method, path, body):
    assert (await jenga.call(method, path, body)).json["code"] == MISSING
    assert (await jenga.call(method, path, body, sign="another text")).json["code"] == INVALID


# Keys.


def a_key():
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.mark.parametrize("form", ["PEM", "one line", "lines without a head"])
async def test_a_merchants_own_key_is_registered_in_any_form(jenga, sign, form):
    own = a_key()
    public = public_half(own)
    bare = [line for line in public.splitlines() if "-----" not in line]
    told = {"PEM": public, "one line": "".join(bare), "lines without a head": "\n".join(bare)}[form]
    await jenga.bench.control("PATCH", "/providers/jenga", {"public_key": told})
    text = f"KE{PAYER}"
    path = f"{ACCOUNTS}/accounts/balances/KE/{PAYER}"
    assert (await jenga.call("GET", path, signature=sign(text, own))).status == 200
    assert (await jenga.call("GET", path, sign=text)).json["code"] == INVALID, "the test key is replaced"


async def test_without_a_key_nobody_is_believed(jenga):
    await jenga.bench.control("PATCH", "/providers/jenga", {"public_key": None})
    assert (await jenga.send()).json["code"] == NO_KEY
    assert (await jenga.send(sign="")).json["code"] == MISSING
    assert await jenga.payments() == []


@pytest.mark.parametrize(
    "told",
    [
        pytest.param("", id="nothing"),
        pytest.param("not a key", id="no base64"),
        pytest.param(base64.b64encode(b"bytes that are no key").decode(), id="no key"),
        pytest.param(private_test_key(), id="a private one"),
    ],
)
async def test_what_is_no_public_key_is_not_registered(jenga, told):
    answer = await jenga.bench.call("PATCH", "/_sim/providers/jenga", json={"public_key": told})
    assert (answer.status, answer.json["error"]["field"]) == (422, "public_key")
    assert (await jenga.send()).status == 200


def test_a_key_of_a_few_bits_is_none():
    small = rsa.generate_private_key(public_exponent=65537, key_size=1024).public_key()
    assert read_public_key(small.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode())
    with pytest.raises(ValueError, match="RSA public key"):
        read_public_key("MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEAAAA")


async def test_the_private_key_is_published(jenga):
    answer = await jenga.bench.call("GET", "/_sim/jenga-key.pem")
    assert (answer.status, answer.text) == (200, private_test_key())
    assert answer.headers["Content-Type"].startswith("application/x-pem-file")
