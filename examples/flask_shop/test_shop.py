def test_an_approved_order_is_shipped(pesabox, shop):
    order = shop.order("254708374149")
    pesabox.phone.approve("254708374149")
    pesabox.journal.wait("callback")
    assert order.state == "paid"


def test_a_cancelled_order_is_not(pesabox, shop):
    order = shop.order("254700000002")  # whoever has this number cancels
    pesabox.journal.wait("callback")
    assert order.state == "cancelled"


def test_a_callback_that_arrives_twice_ships_once(pesabox, shop):
    pesabox.faults.add(at="daraja.stk_push.callback", effect="duplicate")
    order = shop.order("254708374149")
    pesabox.clock.advance(seconds=60)
    assert order.parcels == 1


def test_an_order_whose_callback_is_lost_stays_unpaid(pesabox, shop):
    pesabox.faults.add(at="daraja.stk_push.callback", effect="drop")
    order = shop.order("254708374149")
    pesabox.clock.advance(seconds=60)
    assert order.state == "unpaid"
