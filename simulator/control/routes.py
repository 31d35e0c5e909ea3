"""The table of the control API's routes."""

from __future__ import annotations

from simulator.control import banks, merchants, metrics, people, setup, traffic
from simulator.control.api import ControlServer, Route
from simulator.core.faults import FaultRule
from simulator.core.simulation import Simulation
from simulator.edge.provider import Provider

PAGES = ("after", "limit")

ROUTES = (
    Route("GET", "/health", "is the simulator there", setup.health),
    Route(
        "GET",
        "/certificate.pem",
        "the certificate to encrypt initiators' passwords with",
        setup.certificate,
        media="application/x-pem-file",
    ),
    Route(
        "GET",
        "/jenga-key.pem",
        "the private key for tests, to sign requests to Jenga with",
        setup.jenga_key,
        media="application/x-pem-file",
    ),
    Route("GET", "/worlds", "the worlds, with credentials", setup.list_worlds, query=PAGES),
    Route("POST", "/worlds", "make a world", setup.make_world, setup.NewWorld, 201),
    Route("PATCH", "/worlds/{name}", "send callbacks for a host elsewhere", setup.patch_world, setup.WorldPatch),
    Route("DELETE", "/worlds/{name}", "forget a world", setup.delete_world, status=204),
    Route("POST", "/reset", "that world afresh", setup.reset, setup.Afresh),
    Route("GET", "/clock", "the world's time", setup.clock),
    Route("POST", "/clock/advance", "move the world's virtual clock", setup.advance, setup.Advance),
    Route("GET", "/subscribers", "subscribers", people.list_subscribers, query=PAGES),
    Route("POST", "/subscribers", "set a subscriber up", people.make_subscriber, people.NewSubscriber, 201),
    Route("GET", "/subscribers/{msisdn}", "one subscriber", people.get_subscriber),
    Route("PATCH", "/subscribers/{msisdn}", "change one", people.patch_subscriber, people.SubscriberPatch),
    Route("GET", "/subscribers/{msisdn}/messages", "the SMS that the phone got", people.messages, query=PAGES),
    Route("POST", "/subscribers/{msisdn}/pay", "pay a merchant from the phone", people.pay, people.PhonePay, 201),
    Route("GET", "/merchants", "merchants", merchants.list_merchants, query=PAGES),
    Route("POST", "/merchants", "set a merchant up", merchants.make_merchant, merchants.NewMerchant, 201),
    Route("GET", "/merchants/{shortcode}", "one merchant", merchants.get_merchant),
    Route("PATCH", "/merchants/{shortcode}", "change one", merchants.patch_merchant, merchants.MerchantPatch),
    Route("GET", "/banks", "banks, those too that are no members", banks.list_banks, query=PAGES),
    Route("GET", "/banks/{code}", "one bank", banks.get_bank),
    Route("PATCH", "/banks/{code}", "whether and when it answers", banks.patch_bank, banks.BankPatch),
    Route("GET", "/banks/{code}/accounts/{number}", "one account at a bank", banks.get_account),
    Route("PATCH", "/banks/{code}/accounts/{number}", "change one", banks.patch_account, banks.AccountPatch),
    Route(
        "POST",
        "/banks/{code}/accounts/{number}/pay",
        "its holder pays an account of a provider's client",
        banks.pay,
        banks.BankPay,
        201,
    ),
    Route("GET", "/phones/{msisdn}", "the accounts that a phone is linked to", banks.get_phone),
    Route("PATCH", "/phones/{msisdn}", "link it to others", banks.patch_phone, banks.PhonePatch),
    Route("GET", "/switch", "what banks owe each other, and what is in between", banks.get_switch),
    Route("POST", "/switch/settle", "settle every position", banks.settle),
    Route("GET", "/prompts", "open prompts, of one phone with msisdn=", people.list_prompts, query=(*PAGES, "msisdn")),
    Route("POST", "/prompts/{id}/answer", "answer a prompt", people.answer, people.PromptAnswer),
    Route("GET", "/faults", "fault rules", traffic.list_faults, query=PAGES),
    Route("POST", "/faults", "add one rule, or a list of them", traffic.add_faults, FaultRule, 201, takes_list=True),
    Route("DELETE", "/faults", "lift all", traffic.clear_faults, status=204),
    Route("DELETE", "/faults/{name}", "lift one", traffic.drop_fault, status=204),
    Route(
        "GET",
        "/journal",
        "what happened; wait= blocks until something matches",
        traffic.journal,
        query=(*PAGES, "kind", "payment", "wait"),
    ),
    Route("GET", "/payments", "payments", traffic.list_payments, query=PAGES),
    Route("GET", "/payments/{id}", "one payment, with its timeline", traffic.get_payment),
    Route("POST", "/payments/{id}/return", "the payee returns a transfer", banks.give_back, banks.Giveback, 201),
    Route("GET", "/callbacks", "callbacks, with every attempt", traffic.list_callbacks, query=PAGES),
    Route("POST", "/callbacks/{id}/redeliver", "deliver once more, now", traffic.redeliver),
    Route("GET", "/providers/{name}", "a provider's latency, lifetimes, limits, strictness", setup.get_provider),
    Route("PATCH", "/providers/{name}", "change them", setup.patch_provider, setup.ProviderPatch),
    Route("GET", "/ledger/accounts", "balances", traffic.list_accounts, query=(*PAGES, "account")),
    Route("GET", "/ledger/entries", "entries", traffic.list_entries, query=PAGES),
    Route("GET", "/ledger/audit", "the books, recomputed", traffic.audit_ledger),
    Route("GET", "/metrics", "counters for Prometheus, of one world with world=", metrics.metrics, media=metrics.MEDIA),
)


def control_server(simulation: Simulation, providers: tuple[Provider, ...]) -> ControlServer:
    return ControlServer(ROUTES, simulation, providers)
