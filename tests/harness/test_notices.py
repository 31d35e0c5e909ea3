"""Registering where the app hears of money that came in at a bank."""

import pytest

from harness.data import BadFace
from harness.exchange import Answer

URL = "http://pesabox-bank:secret@app.test/callbacks/jenga/x/credits"
NOTICES = {"items": [{"provider": "jenga", "url": URL}, {"provider": "coop", "url": "http://app.test/coop"}]}


async def test_each_address_is_registered_with_its_provider(stage, world, door):
    door.answers = {"GET /notices": NOTICES}
    await stage.register_notices()
    assert world.control.asked == [
        ("change_provider", "jenga", {"notice_url": URL}),
        ("change_provider", "coop", {"notice_url": "http://app.test/coop"}),
    ]
    assert door.sent[0].headers == {"Authorization": "Bearer bank-operator-key"}


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(Answer(404, {}, {"title": "Not Found"}), id="no such route"),
        pytest.param(Answer(405, {}, ""), id="nothing to get there"),
        pytest.param(Answer(200, {}, "<html>"), id="a page that answers everything"),
        pytest.param({"items": "many"}, id="another shape"),
        pytest.param({"items": [{"provider": "jenga"}]}, id="no address"),
    ],
)
async def test_an_app_that_takes_none_is_left_alone(stage, world, door, answer):
    door.answers = {"GET /notices": answer}
    await stage.register_notices()
    assert world.control.asked == []


async def test_an_app_that_breaks_is_told_so(stage, door):
    door.answers = {"GET /notices": Answer(500, {}, {"detail": "broken"})}
    with pytest.raises(BadFace, match="GET /notices answered 500"):
        await stage.register_notices()


async def test_a_profile_may_say_that_there_are_none(stage, door):
    stage.app = type(stage.app)(door, stage.app.profile.model_copy(update={"notices": None}))
    await stage.register_notices()
    assert door.sent == []
