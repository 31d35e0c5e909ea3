"""An app's profile as a file."""

import pytest

from harness.problems import Mistakes
from harness.profile_file import load_profile

GOOD = """\
withdrawals: null
keys: {channel: a-key}
fields:
  customer: {balance: $.wallet.total}
states: {paid: completed}
switched_off: {I9: this app pays nobody}
"""


def test_what_it_does_not_say_is_as_in_the_bundled_bank(write):
    profile = load_profile(write(GOOD, "app.yaml"))
    assert (profile.withdrawals, profile.deposits, profile.state("paid")) == (None, "/deposits", "completed")
    assert profile.authorization("channel") == {"Authorization": "Bearer a-key"}
    assert profile.authorization("operator") == {}
    assert profile.switched_off == {"I9": "this app pays nobody"}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("- a\n", '1:1: expected an app\'s profile, a mapping, not ["a"]', id="a list"),
        pytest.param("depsits: /x\n", '1:1: unknown key "depsits"; did you mean "deposits"?', id="misspelt"),
        pytest.param("deposits: 1\n", "1:11: expected text, not 1; put it in quotes", id="wrong type"),
        pytest.param(
            "fields: {customer: {balance: wallet}}\n",
            '1:30: expected a JSON path, such as $.a.b[0], not "wallet"',
            id="no path",
        ),
        pytest.param(
            "fields: {costumer: {balance: $.x}}\n",
            '1:10: expected "customer", "deposit", "withdrawal", "statement", "reconciliation" or "audit",'
            ' not "costumer"; did you mean "customer"?',
            id="of nothing that is known",
        ),
        pytest.param("switched_off: {I77: no}\n", '1:16: unknown invariant "I77"; did you mean "I7"?', id="invariant"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(write, text, found):
    with pytest.raises(Mistakes) as caught:
        load_profile(write(text, "app.yaml"))
    assert [str(one).partition(":")[2] for one in caught.value.problems] == [found]
