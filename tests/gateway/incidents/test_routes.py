"""Routes: who hears of what, at which hour, in which zone."""

from datetime import UTC, datetime, time, timedelta

from gateway.incidents.routes import About, Hours, Route, Step, Subject, way_of

MONDAY_NIGHT = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)
TUESDAY_NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def subject(severity="critical", zone="hall 1", mode="outer race", confidence=0.5):
    return Subject("pump-7", zone, mode, severity, confidence)


def channels(routes, *, at=TUESDAY_NOON, fences=None, **about):
    return way_of(subject(**about), routes, fences or {}, at).channels


def test_every_route_that_takes_an_incident_counts_and_a_channel_is_named_once():
    routes = [Route("a", ("pager", "mail")), Route("b", ("mail", "chat")), Route("c", ("sms",), severity="critical")]
    assert channels(routes, severity="warning") == ("pager", "mail", "chat")
    assert channels(routes) == ("pager", "mail", "chat", "sms")


def test_a_route_that_takes_the_rest_is_silent_where_another_takes_it():
    routes = [Route("night", ("pager",), hours=Hours(time(22), time(6))), Route("rest", ("mail",), otherwise=True)]
    assert channels(routes, at=MONDAY_NIGHT) == ("pager",)
    assert channels(routes) == ("mail",)


def test_hours_past_midnight_belong_to_the_day_on_which_they_begin():
    friday_night = Hours(time(22), time(6), frozenset({4}))
    assert friday_night.hold(datetime(2026, 11, 27, 23, 0))
    assert friday_night.hold(datetime(2026, 11, 28, 5, 59))
    assert not friday_night.hold(datetime(2026, 11, 28, 6, 0))
    assert not friday_night.hold(datetime(2026, 11, 27, 5, 0))


def test_hours_that_are_all_day_may_still_name_days():
    assert Hours(time(0), time(0), frozenset({0})).hold(MONDAY_NIGHT)
    assert not Hours(time(0), time(0), frozenset({0})).hold(TUESDAY_NOON)


def test_the_people_of_a_zone_hear_of_no_other_whichever_route_names_them():
    routes = [Route("all", ("guard", "mail"), escalate=(Step(timedelta(minutes=5), ("guard",)),))]
    fences = {"guard": frozenset({"office wing"})}
    assert channels(routes, fences=fences) == ("mail",)
    assert way_of(subject(), routes, fences, TUESDAY_NOON).steps == ()
    assert channels(routes, fences=fences, zone="office wing") == ("guard", "mail")


def test_an_incident_that_is_hardly_believable_passes_no_route_that_asks_for_more():
    routes = [
        Route("sure", ("pager",), confidence=0.8),
        Route("kinds", ("mail",), about=About(failure_modes=frozenset({"gear"}))),
    ]
    assert channels(routes, confidence=0.79) == ()
    assert channels(routes, confidence=0.8) == ("pager",)
