"""What a `provider:` step sends to Jenga and to Co-op Connect: a bearer of that surface, and a signature."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from harness.exchange import Answer, NoAnswer, Request
from harness.signing import signature, text_to_sign
from harness.steps import VERBS
from harness.surfaces import Surface, surface_of
from harness.targets.hosting import listening, serving
from harness.targets.http import http

REMITTANCE, ACCOUNTS = "/v3-apis/transaction-api/v3.0", "/v3-apis/account-api/v3.0"
JENGA_TOKEN = Answer(
    200, {}, {"accessToken": "j-token", "expiresIn": "2026-01-15T09:15:00Z"}
)  # in a quarter of an hour
COOP_TOKEN = Answer(200, {}, {"access_token": "c-token", "expires_in": 3600})
SENT = {
    "source": {"countryCode": "KE", "name": "PESABOX", "accountNumber": "00013XXXX6836"},
    "destination": {"type": "bank", "name": "Tom Doe", "bankCode": "63", "accountNumber": "0090207635001"},
    "transfer": {"type": "PesaLink", "amount": "500.00", "currencyCode": "KES", "reference": "192112602006"},
}


@pytest.fixture(scope="module")
def key():
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture
def pem(key, world):
    world.control.key = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return world.control.key


async def play(stage, line, **fields):
    await VERBS["provider"].model_validate({"provider": line, **fields}).run(stage)


@pytest.mark.parametrize(
    ("path", "surface"),
    [
        ("/mpesa/stkpush/v1/processrequest", Surface.DARAJA),
        ("/v3-apis/x", Surface.JENGA),
        ("/authentication/api/v3/authenticate/merchant", Surface.JENGA),
        ("/jenga/v3-apis/x", Surface.JENGA),
        ("/FundsTransfer/External/A2A/PesaLink/1.0.0", Surface.COOP),
        ("/Enquiry/TransactionStatus/2.0.0", Surface.COOP),
        ("/coop/token", Surface.COOP),
        ("/daraja/mpesa/x", Surface.DARAJA),
        ("/a", Surface.DARAJA),
        ("/jenga", Surface.DARAJA),
    ],
)
def test_a_path_tells_its_surface(path, surface):
    assert surface_of(path) is surface


@pytest.mark.parametrize(
    ("path", "body", "text"),
    [
        pytest.param(
            "/remittance/pesalinkacc", SENT, "500.00KES192112602006Tom Doe00013XXXX6836", id="the published one"
        ),
        pytest.param("/remittance/pesalinkMobile/imt", SENT, "500.00KES192112602006Tom Doe00013XXXX6836", id="imt"),
        pytest.param("/remittance/internalBankTransfer", SENT, "00013XXXX6836500.00KES192112602006", id="internal"),
        pytest.param(
            "/remittance/pesalinkacc", {"transfer": {"amount": 500}}, "500", id="a number, and what is missing"
        ),
        pytest.param("/remittance/pesalinkacc", None, "", id="no body"),
        pytest.param("/transactions/details/X-1", None, "X-1", id="details"),
        pytest.param("/tokens", None, None, id="nothing to sign"),
    ],
)
def test_values_are_signed_in_the_endpoints_order(path, body, text):
    assert text_to_sign(REMITTANCE + path, body) == text


@pytest.mark.parametrize(
    ("path", "body", "text"),
    [
        pytest.param("/accounts/balances/KE/00201XXXX14605", None, "KE00201XXXX14605", id="balances"),
        pytest.param("/search/KE/145", None, "KE145", id="search"),
        pytest.param("/accounts/search/KE/145?x=1", None, "KE145", id="search elsewhere"),
        pytest.param(
            "/account/validate",
            {"accountFullName": "Tom Doe", "countryCode": "KE", "accountNumber": "145"},
            "KE145Tom Doe",
            id="validate",
        ),
    ],
)
def test_accounts_are_signed_for_too(path, body, text):
    assert text_to_sign(ACCOUNTS + path, body) == text


def test_a_signature_is_good_and_always_the_same(key, pem):
    first = signature(pem, "500.00KES")
    key.public_key().verify(base64.b64decode(first), b"500.00KES", PKCS1v15(), SHA256())
    assert signature(pem, "500.00KES") == first


async def test_jenga_gets_its_own_bearer_and_a_signature(stage, world, key, pem):
    world.answers = [JENGA_TOKEN]
    stage.names["reference"] = "192112602006"
    body = {**SENT, "transfer": {**SENT["transfer"], "reference": "{reference}"}}
    await play(stage, f"POST /jenga{REMITTANCE}/remittance/pesalinkacc", body=body)
    await play(stage, f"GET {REMITTANCE}/transactions/details/X-1")
    token, sent, asked = world.sent
    assert (token.path, token.headers) == (
        "/authentication/api/v3/authenticate/merchant",
        {"Api-Key": "pesabox-api-key"},
    )
    assert token.body == {"merchantCode": "key", "consumerSecret": "secret"}
    assert (sent.headers["Authorization"], sent.body["transfer"]["reference"]) == ("Bearer j-token", "192112602006")
    assert asked.headers["Authorization"] == "Bearer j-token"
    told = b"500.00KES192112602006Tom Doe00013XXXX6836"
    key.public_key().verify(base64.b64decode(sent.headers["signature"]), told, PKCS1v15(), SHA256())
    key.public_key().verify(base64.b64decode(asked.headers["signature"]), b"X-1", PKCS1v15(), SHA256())
    assert world.control.asked == [("jenga_key",)]


@pytest.mark.parametrize("name", ["signature", "Signature"])
async def test_a_step_may_send_a_signature_of_its_own(stage, world, name):
    world.answers = [JENGA_TOKEN]
    await play(stage, f"POST {REMITTANCE}/remittance/pesalinkacc", body=SENT, headers={name: "forged"})
    assert world.sent[1].headers == {"Authorization": "Bearer j-token", name: "forged"}
    assert world.control.asked == []


@pytest.mark.parametrize("auth", ["none", "basic"])
async def test_without_a_bearer_there_is_no_signature(stage, world, auth):
    await play(stage, f"POST {REMITTANCE}/remittance/pesalinkacc", body=SENT, auth=auth)
    assert "signature" not in world.sent[0].headers


async def test_coop_gets_its_own_bearer(stage, world):
    world.answers = [COOP_TOKEN]
    await play(stage, "POST /FundsTransfer/External/A2A/PesaLink/1.0.0", body={"MessageReference": "R1"})
    token, sent = world.sent
    assert (token.method, token.path, token.body) == ("POST", "/token", {"grant_type": "client_credentials"})
    assert token.headers["Authorization"] == "Basic a2V5OnNlY3JldA=="
    assert sent.headers == {"Authorization": "Bearer c-token"}


async def test_each_surface_has_a_bearer_that_lives_as_long_as_it_says(stage, world, pem):
    path = f"{REMITTANCE}/transactions/details/X-1"
    world.answers = [JENGA_TOKEN, Answer(200, {}, {}), COOP_TOKEN]
    await play(stage, f"GET {path}")
    await play(stage, "POST /Enquiry/TransactionStatus/2.0.0")
    await VERBS["clock"].model_validate({"clock": "14m"}).run(stage)
    await play(stage, f"GET {path}")
    assert [request.path for request in world.sent].count("/authentication/api/v3/authenticate/merchant") == 1
    await VERBS["clock"].model_validate({"clock": "1m"}).run(stage)
    world.answers = [JENGA_TOKEN]
    await play(stage, f"GET {path}")
    await play(stage, "POST /Enquiry/TransactionStatus/2.0.0")
    asked = [request.path for request in world.sent]
    assert (asked.count("/authentication/api/v3/authenticate/merchant"), asked.count("/token")) == (2, 1)


async def test_a_surface_that_gives_no_token_is_told(stage, world):
    world.answers = [Answer(401, {}, {"code": 401})]
    with pytest.raises(NoAnswer, match="the provider gave no token: 401"):
        await play(stage, f"GET {REMITTANCE}/tokens")


async def test_a_body_goes_as_a_form_where_the_header_says_so():
    from aiohttp import web

    async def echo(request):
        return web.json_response([request.content_type, await request.text()])

    app = web.Application()
    app.router.add_post("/token", echo)
    with listening() as listener:
        async with serving(app, listener) as address, http() as client:
            headers = {"content-type": "application/x-www-form-urlencoded"}
            body = {"grant_type": "client_credentials"}
            as_form = await client.send(f"http://{address}", Request("POST", "/token", headers, body))
            as_json = await client.send(f"http://{address}", Request("POST", "/token", {}, body))
    assert as_form.body == ["application/x-www-form-urlencoded", "grant_type=client_credentials"]
    assert as_json.body == ["application/json", '{"grant_type":"client_credentials"}']
