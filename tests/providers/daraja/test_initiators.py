"""Initiators and their credentials: unread by default, decrypted when that is asked for, locked after eight wrong."""

from __future__ import annotations

import base64

import aiohttp
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

from simulator.app import running
from simulator.settings import Settings
from tests.providers.conftest import CREDENTIAL, Bench, recording_app

WRONG = base64.b64encode(b"wrong").decode()


async def sealed(bench, password):
    pem = (await bench.call("GET", "/_sim/certificate.pem")).text
    key = x509.load_pem_x509_certificate(pem.encode()).public_key()
    return base64.b64encode(key.encrypt(password.encode(), PKCS1v15())).decode()


async def code_of(bench, **changes):
    return (await bench.result(await bench.b2c(**changes)))["ResultCode"]


@pytest.mark.parametrize(
    ("credential", "code"),
    [
        pytest.param(CREDENTIAL, 0, id="256 bytes"),
        pytest.param("\n".join(CREDENTIAL[at : at + 64] for at in range(0, 344, 64)), 0, id="in lines"),
        pytest.param(base64.b64encode(bytes(255)).decode(), 2001, id="255 bytes"),
        pytest.param(base64.b64encode(bytes(257)).decode(), 2001, id="257 bytes"),
        pytest.param(CREDENTIAL[:-4], 2001, id="cut"),
        pytest.param("Safaricom999!*!", 2001, id="the password itself"),
    ],
)
async def test_base64_of_256_bytes_is_taken_unread(bench, credential, code):
    assert await code_of(bench, SecurityCredential=credential) == code


async def test_every_published_initiator_is_known_to_every_organisation(bench):
    for name in ("testapi", "apitest", "testapiuser", "apiop37"):
        assert await code_of(bench, InitiatorName=name, PartyA="600992") == 0
    assert await code_of(bench, InitiatorName="Testapi") == 2001


async def test_seven_wrong_ones_do_not_lock(bench):
    for _ in range(7):
        assert await code_of(bench, SecurityCredential=WRONG) == 2001
    assert await code_of(bench) == 0
    for _ in range(7):
        assert await code_of(bench, SecurityCredential=WRONG) == 2001
    assert await code_of(bench) == 0, "a right one begins the count anew"


async def test_a_right_one_counts_even_where_the_payment_fails(bench):
    for _ in range(7):
        await code_of(bench, SecurityCredential=WRONG)
    assert await code_of(bench, Amount=1) == 2
    assert await code_of(bench, SecurityCredential=WRONG) == 2001
    assert await code_of(bench) == 0


async def test_eight_wrong_ones_lock_until_unlocked(bench):
    for _ in range(8):
        assert await code_of(bench, SecurityCredential=WRONG) == 2001
    assert await code_of(bench) == 8006
    assert await code_of(bench, SecurityCredential=WRONG) == 8006
    assert (await bench.result(await bench.status()))["ResultCode"] == 8006, "any product of the core"
    assert await code_of(bench, PartyA="600584") == 0, "another organisation's are not locked"
    await bench.control("PATCH", "/merchants/600000", {"locked": False})
    assert await code_of(bench, SecurityCredential=WRONG) == 2001, "it counts from the beginning"
    assert await code_of(bench) == 0


async def test_an_operator_may_be_locked_by_hand(bench):
    await bench.control("PATCH", "/merchants/600000", {"locked": True})
    assert await code_of(bench) == 8006


async def test_an_unknown_name_counts_for_nothing(bench):
    for _ in range(10):
        assert await code_of(bench, InitiatorName="nobody", SecurityCredential=WRONG) == 2001
    assert await code_of(bench) == 0


async def test_a_forced_failure_counts_for_nothing(bench):
    await bench.fault("daraja.b2c.processing", kind="fail", code="2001")
    for _ in range(10):
        assert await code_of(bench, SecurityCredential=WRONG) == 2001
    await bench.control("DELETE", "/faults")
    assert await code_of(bench) == 0


async def test_when_it_is_asked_for_the_password_in_it_decides(bench):
    await bench.control("PATCH", "/providers/daraja", {"strictness": {"encrypted_credentials": True}})
    right = await sealed(bench, "Safaricom999!*!")
    assert right != await sealed(bench, "Safaricom999!*!"), "the padding is random"
    assert [await code_of(bench, SecurityCredential=right) for _ in range(2)] == [0, 0], "and may be used again"
    assert await code_of(bench, SecurityCredential=await sealed(bench, "Safaricom3021#")) == 2001
    other = {"InitiatorName": "apiop37", "SecurityCredential": await sealed(bench, "Safaricom3021#")}
    assert await code_of(bench, **other) == 0
    assert await code_of(bench, SecurityCredential=CREDENTIAL) == 2001
    assert (await bench.result(await bench.status(SecurityCredential=right)))["ResultCode"] == 2032


async def test_strict_credentials_ask_for_it_from_the_start():
    settings = Settings(port=0, clock="virtual", credentials="strict")
    async with running(settings) as simulator, aiohttp.ClientSession() as http:
        bench = Bench(http, simulator.url, "")
        async with recording_app(bench) as bench.app_url:
            assert await code_of(bench) == 2001
            assert await code_of(bench, SecurityCredential=await sealed(bench, "Safaricom999!*!")) == 0
