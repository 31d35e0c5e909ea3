"""World files: what they extend, and what is told of a mistake in one."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from simulator.catalogue import check_profile
from simulator.core.money import Money
from simulator.core.worlds import ProviderSettings
from simulator.settings import (
    BadSetting,
    Settings,
    load_chaos,
    load_world,
    local_time,
    parse_settings,
    provider_settings,
)

PUBLISHED_TARIFF = (("250000.00", "13.00"),)


def test_the_default_world_holds_what_is_promised():
    template = load_world(None)
    assert template.keys == {"pesabox-key": "pesabox-secret"}
    assert template.merchant("174379").passkey.startswith("bfb279f9")
    assert template.merchant("600999") is not None
    assert template.merchant("5000").what == "till"
    assert template.subscriber("254700000010").policy == "manual"
    assert template.terms("merchant:600000:utility").opening == Money.shillings(10_000_000)
    assert template.terms("subscriber:254722000000").opening == Money.shillings(50_000)


def test_a_file_extends_it_and_wins(tmp_path):
    path = tmp_path / "world.yaml"
    path.write_text('subscribers: {"254700000010": {policy: cancel}}\nanybody: {balance: "1.00"}\n')
    template = load_world(path)
    assert template.subscriber("254700000010").policy == "cancel"
    assert template.subscriber("254700000002").policy == "cancel"
    assert template.terms("subscriber:254722000000").opening == Money.shillings(1)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param("- a", ":1:1: expected a mapping", id="a list"),
        pytest.param("keys: [", ":2:1: ", id="no YAML"),
        pytest.param("keys: {a: b, a: c}", ":1:14: the key 'a' stands here twice", id="twice"),
        pytest.param("merchants: [{a: 1, a: 2}]", ":1:20: the key 'a' stands here twice", id="twice in a list"),
        pytest.param("keys: [1]", ":1:7: keys: ", id="a list for a mapping"),
        pytest.param("merchnts: {}", ":1:11: merchnts: ", id="unknown part"),
        pytest.param('subscribers: {"0711": {}}', ":1:14: subscribers: '0711' is not a Kenyan", id="no number"),
        pytest.param('anybody: {balance: "1.005"}', ":1:20: anybody.balance: '1.005' is not an amount", id="no amount"),
        pytest.param('anybody: {pin: "12"}', ":1:16: anybody.pin: ", id="no PIN"),
        pytest.param('merchants: {"1": {kind: shop}}', ":1:25: merchants.1.kind: ", id="no kind"),
    ],
)
def test_a_mistake_names_file_and_place(tmp_path, text, told):
    path = tmp_path / "world.yaml"
    path.write_text(text + "\n")
    with pytest.raises(BadSetting) as caught:
        load_world(path)
    assert str(caught.value).startswith(str(path))
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_time_without_offset_is_nairobis():
    assert local_time("2026-01-15T10:30:00") == local_time("2026-01-15T07:30:00Z")


@pytest.mark.parametrize(("clock", "factor"), [("system", 0.1), ("virtual", 1.0)])
def test_the_latency_factor_follows_the_clock(clock, factor):
    assert Settings(clock=clock).latency_factor == factor
    assert Settings(clock=clock, latency=0).latency_factor == 0


def test_hosts_are_resolved_to_an_address_and_a_port():
    assert parse_settings({"resolve": ("app.test=127.0.0.1:80",)}).resolve == {"app.test": "127.0.0.1:80"}


def test_another_host_is_allowed_with_a_token():
    assert parse_settings({"host": "0.0.0.0", "control_token": "t"}).host == "0.0.0.0"
    assert parse_settings({"host": "localhost"}).host == "localhost"


def known() -> dict[str, ProviderSettings]:
    own = ProviderSettings("daraja", {"a": 1.0}, {"prompt": 60.0}, {"daily": "1.00"}, {"one_token": False})
    return {"daraja": replace(own, tariff={"b2c": ()}, published={"b2c": PUBLISHED_TARIFF})}


def test_a_world_file_changes_a_providers_settings(tmp_path):
    path = tmp_path / "world.yaml"
    path.write_text("providers: {daraja: {lifetimes: {prompt: 30}, strictness: {one_token: true}}}")
    changed = provider_settings(load_world(path, known()), known())["daraja"]
    assert (changed.latency, changed.lifetimes) == ({"a": 1.0}, {"prompt": 30.0})
    assert (changed.limits, changed.strictness) == ({"daily": "1.00"}, {"one_token": True})


def test_a_world_file_tells_a_tariff_or_puts_the_published_one_in_force(tmp_path):
    path = tmp_path / "world.yaml"
    for told, tariff in (('[["100", "1"]]', (("100.00", "1.00"),)), ("published", PUBLISHED_TARIFF)):
        path.write_text(f"providers: {{daraja: {{tariff: {{b2c: {told}}}}}}}")
        assert provider_settings(load_world(path, known()), known())["daraja"].tariff == {"b2c": tariff}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param("{jenga: {}}", ":1:20: there is no provider 'jenga': daraja", id="provider"),
        pytest.param("{daraja: {limits: {dialy: '1'}}}", ":1:38: daraja has no limits 'dialy': daily", id="limit"),
        pytest.param("{daraja: {tariff: {b2b: published}}}", ":1:36: daraja has no tariff 'b2b': b2c", id="tariff"),
        pytest.param("{daraja: {tariff: {b2c: free}}}", "tariff.b2c: expected 'published', or bands", id="no bands"),
        pytest.param("{daraja: {limits: {daily: 'x'}}}", ":1:30: providers.daraja.limits: ", id="no amount"),
    ],
)
def test_a_world_file_knows_the_providers(tmp_path, text, told):
    path = tmp_path / "world.yaml"
    path.write_text(f"providers: {text}")
    with pytest.raises(BadSetting) as caught:
        load_world(path, known())
    assert told in str(caught.value)


# Chaos profiles.

RULE = "{name: late, at: daraja.stk_push.callback, effect: {kind: delay, seconds: 5}}"


def test_no_profile_is_no_rules():
    assert load_chaos(None, check_profile) == ()


def test_a_profile_is_a_list_of_rules(tmp_path):
    path = tmp_path / "chaos.yaml"
    path.write_text(f"# Slow.\n- {RULE}\n- {RULE.replace('late', 'later')}\n")
    assert [(rule.name, rule.effect.seconds) for rule in load_chaos(path, check_profile)] == [("late", 5), ("later", 5)]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param("", ":1:1: expected a chaos profile: a list of fault rules", id="empty"),
        pytest.param("name: late", ":1:1: expected a chaos profile", id="a mapping"),
        pytest.param("- [", ":2:1: ", id="no YAML"),
        pytest.param(f"- {RULE}\n- {RULE}", ":2:10: another rule is called 'late'", id="a name twice"),
        pytest.param(
            f"- {RULE.replace('stk_push', 'stk_pusch')}",
            ":1:20: unknown operation 'stk_pusch'; did you mean 'stk_push'?",
            id="operation",
        ),
        pytest.param(f"- {RULE.replace('delay', 'dely')}", ":1:54: unknown effect 'dely'; did you mean", id="effect"),
        pytest.param(f"- {RULE.replace('seconds', 'secnds')}", "did you mean 'seconds'?", id="a field of the effect"),
    ],
)
def test_a_mistake_in_a_profile_names_file_and_place(tmp_path, text, told):
    path = tmp_path / "chaos.yaml"
    path.write_text(text + "\n")
    with pytest.raises(BadSetting) as caught:
        load_chaos(path, check_profile)
    assert str(caught.value).startswith(f"{path}:")
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_forger_has_an_address():
    assert str(Settings().forger_address) == "127.0.0.66"
    assert str(parse_settings({"forger_address": "10.0.0.9"}).forger_address) == "10.0.0.9"
    with pytest.raises(BadSetting, match="--forger-address: "):
        parse_settings({"forger_address": "elsewhere"})
