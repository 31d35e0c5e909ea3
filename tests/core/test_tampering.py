"""What a forger makes of a callback, and how a message breaks."""

import json

import pytest
from msgspec.structs import replace

from simulator.core.entropy import Entropy
from simulator.core.faults import Corrupt, Forge
from simulator.core.tampering import NOT_JSON, WireNames, corrupted, forged

NAMES = WireNames(
    references=frozenset({"MerchantRequestID", "CheckoutRequestID"}), receipts=frozenset({"MpesaReceiptNumber"})
)
TOKEN = "3f786850e387550fdab836ed7e6dc881de23001b"
URL = f"http://app.test/callbacks/daraja/{TOKEN}/stk/12"
STK = (
    b'{"Body":{"stkCallback":{"MerchantRequestID":"6e86-45dd-91ac-fd5d4178ab523408729",'
    b'"CheckoutRequestID":"ws_CO_150120261030001708374149","ResultCode":0,"ResultDesc":"Processed.",'
    b'"CallbackMetadata":{"Item":[{"Name":"Amount","Value":1.00},{"Name":"MpesaReceiptNumber","Value":"UAF5000001"},'
    b'{"Name":"Balance"},{"Name":"PhoneNumber","Value":254708374149}]}}}}'
)


@pytest.fixture
def genuine(callback):
    """A callback with this body, and what the journal tells of it."""

    def make(body=STK, told=None, url=URL):
        return callback("c1", url=url, body=body, journalled=told)

    return make


def forge(callback, knows="everything", seed=1, **changes):
    effect = Forge.model_validate({"kind": "forge", "knows": knows, "changes": changes})
    return forged(callback, effect, NAMES, Entropy(seed))


def corrupt(callback, how, *key, seed=1):
    return corrupted(callback, Corrupt.model_validate({"kind": "corrupt", "how": how}), Entropy(seed), *key)


def inner(callback):
    return json.loads(callback.body)["Body"]["stkCallback"]


def items(callback):
    return {item["Name"]: item.get("Value") for item in inner(callback)["CallbackMetadata"]["Item"]}


def shape(text):
    return "".join("9" if one.isdecimal() else "A" if one.isupper() else "a" if one.isalpha() else one for one in text)


# Forging.


@pytest.mark.parametrize(
    ("knows", "reference", "receipt", "url"),
    [
        pytest.param("url", False, False, True, id="url"),
        pytest.param("reference", True, False, False, id="reference"),
        pytest.param("everything", True, True, False, id="everything"),
    ],
)
def test_what_the_forger_knows_is_genuine(genuine, knows, reference, receipt, url):
    message = forge(genuine(), knows)
    for name in NAMES.references:
        assert (inner(message)[name] == inner(genuine())[name]) is reference
    assert (items(message)["MpesaReceiptNumber"] == "UAF5000001") is receipt
    assert (message.url == URL) is url
    assert (items(message)["Amount"], items(message)["PhoneNumber"]) == (1, 254708374149)
    assert message.told == json.loads(message.body)
    assert message.is_forged


@pytest.mark.parametrize(("knows", "proves"), [("url", False), ("reference", False), ("everything", True)])
def test_only_who_has_seen_the_whole_message_has_its_credentials(genuine, knows, proves):
    headers = {"Content-Type": "application/json", "Authorization": "Basic YmFuazpzZWNyZXQ="}
    sent = forge(replace(genuine(), headers=headers), knows)
    assert sent.headers == (headers if proves else {"Content-Type": "application/json"})


def test_a_forger_who_changes_nothing_and_knows_everything_sends_the_same_bytes(genuine):
    assert forge(genuine()).body == STK


def test_what_is_invented_has_the_shape_of_the_genuine(genuine):
    message = forge(genuine(), "url")
    assert inner(message)["CheckoutRequestID"].startswith("ws_CO_")
    for name in NAMES.references:
        assert shape(inner(message)[name]) == shape(inner(genuine())[name])
    assert set(inner(message)["MerchantRequestID"]) <= set("0123456789abcdef-")
    assert items(message)["MpesaReceiptNumber"].startswith("UAF")


def test_an_invention_is_drawn_from_the_seed(genuine):
    assert forge(genuine(), "url") == forge(genuine(), "url")
    assert forge(genuine(), "url").body != forge(genuine(), "url", seed=2).body


def test_one_value_is_invented_once_wherever_it_stands(genuine):
    names = WireNames(receipts=frozenset({"TransactionID", "TransactionReceipt"}))
    body = b'{"Result":{"TransactionID":"UAF1","Item":{"Key":"TransactionReceipt","Value":"UAF1"}}}'
    message = forged(genuine(body), Forge(kind="forge", knows="url"), names, Entropy(1))
    told = json.loads(message.body)["Result"]
    assert told["TransactionID"] == told["Item"]["Value"] != "UAF1"


@pytest.mark.parametrize("value", [b'""', b"null", b"[]", b"7"])
def test_a_reference_that_is_no_text_or_empty_stays(genuine, value):
    body = b'{"CheckoutRequestID":' + value + b"}"
    assert forge(genuine(body), "url").body == body


@pytest.mark.parametrize(
    ("url", "is_changed"),
    [
        pytest.param(URL, True, id="hexadecimal"),
        pytest.param("http://app.test/cb/Zk9-x_3bQpLr71TtYw2c", True, id="base64, at the end"),
        pytest.param("http://app.test/cb?token=Zk9xx3bQpLr71TtY&a=1", True, id="in the query"),
        pytest.param("http://app.test/callbacks/stk/12", False, id="no token"),
        pytest.param("http://app.test/payment-confirmations/here", False, id="a long word"),
        pytest.param("http://app.test/cb/0123456789abcde", False, id="too short"),
        pytest.param("http://h0123456789abcdef0123.test/cb", False, id="the host"),
    ],
)
def test_another_token_stands_in_the_url_where_it_has_one(genuine, url, is_changed):
    message = forge(genuine(url=url))
    assert (message.url != url) is is_changed
    assert shape(message.url) == shape(url)


def test_the_longest_token_is_the_secret_one(genuine):
    url = f"http://app.test/0123456789abcdef/{TOKEN}/0123456789abcdef"
    assert forge(genuine(url=url)).url.split("/")[3::2] == ["0123456789abcdef", "0123456789abcdef"]


@pytest.mark.parametrize(
    ("changes", "look"),
    [
        pytest.param({"Amount": 5000}, lambda m: items(m)["Amount"] == 5000, id="an item"),
        pytest.param({"Balance": "1.00"}, lambda m: items(m)["Balance"] == "1.00", id="an item without a value"),
        pytest.param({"ResultCode": 1}, lambda m: inner(m)["ResultCode"] == 1, id="a field"),
        pytest.param({"CallbackMetadata": None}, lambda m: inner(m)["CallbackMetadata"] is None, id="a part"),
        pytest.param({"Body": {"a": [1]}}, lambda m: json.loads(m.body) == {"Body": {"a": [1]}}, id="the whole"),
        pytest.param({"MSISDN": "2547"}, lambda m: json.loads(m.body)["MSISDN"] == "2547", id="a new one, outermost"),
        pytest.param({"ResultDesc": "Ñandú"}, lambda m: "Ñandú".encode() in m.body, id="letters beyond ASCII"),
        pytest.param(
            {"CheckoutRequestID": "mine"}, lambda m: inner(m)["CheckoutRequestID"] == "mine", id="a reference"
        ),
    ],
)
def test_changes_alter_fields_by_name_anywhere(genuine, changes, look):
    message = forge(genuine(), "url", **changes)
    assert look(message)
    assert message.told == json.loads(message.body)


def test_decimals_that_nobody_changed_stay_as_they_were_written(genuine):
    assert b'{"Name":"Amount","Value":1.00}' in forge(genuine(), ResultCode=1).body


@pytest.mark.parametrize("body", [b"[1,2]", b'"text"', b"{}"], ids=["list", "text", "empty"])
def test_a_body_without_the_field_is_sent_nevertheless(genuine, body):
    assert forge(genuine(body), "url", Amount=1).is_forged


def test_a_body_that_is_no_json_is_forged_as_it_is(genuine):
    message = forge(genuine(b"<xml/>", told="<xml/>"), "everything", Amount=1)
    assert (message.body, message.is_forged) == (b"<xml/>", True)


@pytest.mark.parametrize("how", ["truncated", "not_json", "missing_field", "wrong_type"])
def test_what_the_journal_hides_stays_hidden(genuine, how):
    body, told = b'{"Secret":"hush","Amount":1}', {"Secret": "(4 characters)", "Amount": 1}
    seen = [forge(genuine(body, told), "url", Amount=2), *(corrupt(genuine(body, told), how, key) for key in range(20))]
    assert all("hush" not in json.dumps(message.told) for message in seen)
    assert seen[0].told == {"Secret": "(4 characters)", "Amount": 2}
    assert seen[0].body == b'{"Secret":"hush","Amount":2}'


# Breaking.


def is_json(body):
    try:
        json.loads(body)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("how", ["truncated", "not_json", "missing_field", "wrong_type"])
def test_how_a_message_breaks_is_drawn_by_key(genuine, how):
    assert corrupt(genuine(), how, "a") == corrupt(genuine(), how, "a")
    assert len({corrupt(genuine(), how, key).body for key in range(30)}) > 2
    assert STK not in {corrupt(genuine(), how, key).body for key in range(30)}
    assert [corrupt(genuine(), how, key) for key in range(30)] != [
        corrupt(genuine(), how, key, seed=2) for key in range(30)
    ]


@pytest.mark.parametrize("how", ["truncated", "not_json", "missing_field", "wrong_type"])
def test_the_journal_tells_a_broken_message_as_it_was_sent(genuine, how):
    for key in range(30):
        message = corrupt(genuine(), how, key)
        assert message.told == (json.loads(message.body) if is_json(message.body) else message.body.decode())
        assert (message.url, message.is_forged) == (URL, False)


def test_a_truncated_message_is_a_beginning_and_no_json(genuine):
    for key in range(100):
        body = corrupt(genuine(), "truncated", key).body
        assert STK.startswith(body)
        assert 0 < len(body) < len(STK)
        assert not is_json(body)


def test_what_is_not_json_is_something_else():
    assert not any(is_json(body) for body in NOT_JSON)


def leaves(told):
    if isinstance(told, dict):
        return [path for name, value in told.items() for path in [(name, value), *leaves(value)]]
    return [path for value in told for path in leaves(value)] if isinstance(told, list) else []


def test_a_field_is_missing_and_the_rest_is_there(genuine):
    seen = set()
    for key in range(300):
        message = corrupt(genuine(), "missing_field", key)
        there = json.dumps(json.loads(message.body))
        seen |= {
            name for name in ("ResultCode", "CheckoutRequestID", "Amount", "CallbackMetadata") if name not in there
        }
        assert len(leaves(json.loads(message.body))) < len(leaves(json.loads(STK)))
    assert seen == {"ResultCode", "CheckoutRequestID", "Amount", "CallbackMetadata"}


@pytest.mark.parametrize(
    ("body", "broken"),
    [
        pytest.param(b'{"a":1}', b'{"a":"1"}', id="a whole number"),
        pytest.param(b'{"a":1.50}', b'{"a":"1.50"}', id="a decimal"),
        pytest.param(b'{"a":"x"}', b'{"a":["x"]}', id="text"),
        pytest.param(b'{"a":true}', b'{"a":[true]}', id="a boolean"),
        pytest.param(b'{"a":null}', b'{"a":[null]}', id="nothing"),
        pytest.param(b'[{"Name":"a","Value":2}]', b'[{"Name":"a","Value":"2"}]', id="an item"),
        pytest.param(b'[{"Key":"a"}]', b'[{"Key":"a","Value":[null]}]', id="an item without a value"),
        pytest.param(b"{}", b"{}", id="no field at all"),
    ],
)
def test_a_value_is_of_another_type(genuine, body, broken):
    assert corrupt(genuine(body), "wrong_type").body == broken
