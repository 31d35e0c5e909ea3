"""`/_sim/metrics`, read as Prometheus reads it."""

from prometheus_client.parser import text_string_to_metric_families

PUSH = {"provider": "daraja", "operation": "stk_push"}


async def figures(sim, query=""):
    """Samples by name and labels."""
    answer = await sim.control("GET", f"/metrics{query}")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/plain; version=0.0.4")
    samples = [sample for family in text_string_to_metric_families(answer.text) for sample in family.samples]
    return {(sample.name, frozenset(sample.labels.items())): sample.value for sample in samples}


def of(told, name, **labels):
    return told.get((f"pesabox_{name}", frozenset(labels.items())))


async def test_a_push_is_counted_from_the_request_to_the_callback(sim):
    assert (await sim.push()).status == 200
    assert of(await figures(sim), "open_jobs", work="prompt.answer") == 1
    await sim.advance(60)
    told = await figures(sim)
    assert of(told, "requests_total", **PUSH, outcome="answered", status="200") == 1
    assert of(told, "payments_total", **PUSH, state="succeeded") == 1
    assert of(told, "callbacks_total", **PUSH, outcome="answered", status="200", forged="false") == 1
    assert of(told, "callback_lateness_seconds_count", **PUSH) == 1
    assert of(told, "callback_lateness_seconds_bucket", **PUSH, le="0.005") == 1
    assert of(told, "journal_events_total", kind="callback") == 1
    assert of(told, "open_jobs", work="prompt.answer") is None


async def test_refusals_and_dropped_callbacks_are_told_apart(sim):
    await sim.fault("daraja.stk_push.callback", kind="drop")
    await sim.push()
    await sim.push(Amount="0")
    await sim.advance(60)
    told = await figures(sim)
    assert of(told, "requests_total", **PUSH, outcome="refused", status="400") == 1
    assert of(told, "callbacks_total", **PUSH, outcome="dropped", status="", forged="false") == 1
    assert of(told, "callback_lateness_seconds_count", **PUSH) is None


async def test_worlds_are_told_together_or_one_by_name(sim):
    await sim.push()
    await sim.push(world="other")
    together, alone = await figures(sim), await figures(sim, "?world=other")
    answered = {"outcome": "answered", "status": "200"}
    assert of(together, "worlds") == 2
    assert of(together, "requests_total", **PUSH, **answered) == 2
    assert of(alone, "requests_total", **PUSH, **answered, world="other") == 1
    assert of(alone, "worlds", world="other") == 1


async def test_nothing_decreases_when_a_world_is_reset(sim):
    await sim.push()
    before = await figures(sim)
    await sim.control("POST", "/reset", {})
    after = await figures(sim)
    counters = [key for key in before if key[0].startswith("pesabox_") and key[0].endswith("_total")]
    assert counters
    assert all(after[key] >= before[key] for key in counters)


async def test_the_process_is_told_of_too(sim):
    told = await figures(sim)
    assert told["process_resident_memory_bytes", frozenset()] > 0
