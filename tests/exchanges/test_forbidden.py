"""A country that a venue does not serve, a limit that was broken, a key: all may be HTTP 403."""

from collections.abc import Awaitable, Callable

import pytest

from crypto_assistant.errors import Blocked, ExchangeError, GeoBlocked, RateLimited, Refused
from crypto_assistant.exchanges import EXCHANGES
from crypto_assistant.exchanges.base import Exchange
from crypto_assistant.net.door import Door
from tests.exchanges.conftest import NOW
from tests.net.loopback import Loopback, Reply

Meaning = type[ExchangeError] | int
"""An error, after which the venue is asked again unless it is `Blocked`, or the ms of a hold."""
Asked = Callable[[str, Reply], Awaitable[Meaning]]

MINUTE_MS = 60_000
BAN_MS = 10 * MINUTE_MS
TIMES = {
    "binance": "/api/v3/time",
    "bybit": "/v5/market/time",
    "okx": "/api/v5/public/time",
}


@pytest.fixture
def asked(door: Door, base: str, host: Loopback) -> Asked:
    """What a venue that answers so is taken to mean."""

    async def ask(name: str, reply: Reply) -> Meaning:
        venue = next(exchange for exchange in EXCHANGES if exchange.name == name)
        exchange = venue(door, dict.fromkeys(venue.addresses, base))
        host.plays(TIMES[name], reply)
        errors = [await failure(exchange) for _ in range(2)]
        is_silent = isinstance(errors[0], RateLimited | Blocked)
        assert len(host.asked) == (1 if is_silent else 2)
        assert type(errors[0]) is type(errors[1])
        if isinstance(errors[0], RateLimited):
            return round(errors[0].until_ms - NOW, -4)
        return type(errors[0])

    return ask


async def failure(exchange: Exchange) -> ExchangeError:
    with pytest.raises(ExchangeError) as raised:
        await exchange.clock_ms()
    return raised.value


CLOUDFRONT = b"""<HTML><HEAD><TITLE>ERROR: The request could not be satisfied</TITLE></HEAD><BODY>
<H1>403 ERROR</H1><H2>The request could not be satisfied.</H2>%s</BODY></HTML>"""
COUNTRY = (
    b"The Amazon CloudFront distribution is configured to block access from your country."
    b" We can't connect to the server for this app or website at this time."
)
BUSY = (
    b"Request blocked. We can't connect to the server for this app or website at this time."
    b" There might be too much traffic or a configuration error."
)
CLOUDFLARE = b"""<!DOCTYPE html><html lang="en-US"><head>
<title>Access denied | www.example.com used Cloudflare to restrict access</title></head><body>
<span>Error</span> <span>%s</span> Ray ID: 84f1009a1020bc &bull; 2026-09-21 12:00:00 UTC
<h2>%s</h2></body></html>"""
BANNED_REGION = b"<h1>Access denied: Country or region <b>banned</b></h1>"
BANNED_COUNTRY = b"has banned the country or region your IP address is in (US) from accessing it."
FIREWALL = b"This website is using a security service to protect itself from online attacks."
ASKS_COUNTRY = b"""<html><a href="/region">Choose your region</a><b>Access denied</b>
<input name="country"><meta content="unavailable in your region"> Ray ID: error1009f</html>"""
CHALLENGE = b"<!DOCTYPE html><html><head><title>Just a moment...</title></head></html>"
MITIGATED = {"cf-mitigated": "challenge"}
STATION = {"message": "You have been denied access to the station service"}
RESTRICTED = "Service unavailable from a restricted location according to 'b. Eligibility'."


def no(code: int | str, message: str, status: int = 403) -> Reply:
    """In the envelopes of all three at once."""
    told = {"msg": message, "retMsg": message, "result": {}, "data": [], "time": NOW}
    return Reply({**told, "code": code, "retCode": code}, status)


EVERYWHERE = [
    pytest.param(Reply(CLOUDFRONT % COUNTRY, 403), GeoBlocked, id="CloudFront, country"),
    pytest.param(Reply(CLOUDFRONT % BUSY, 403), Blocked, id="CloudFront, busy"),
    pytest.param(
        Reply(CLOUDFLARE % (b"1009", BANNED_COUNTRY), 403), GeoBlocked, id="Cloudflare 1009"
    ),
    pytest.param(Reply(b"error code: 1009", 403), GeoBlocked, id="Cloudflare 1009, in short"),
    pytest.param(Reply(CLOUDFLARE % (b"1020", FIREWALL), 403), Blocked, id="Cloudflare 1020"),
    pytest.param(Reply(b"error code: 1020", 403), Blocked, id="Cloudflare 1020, in short"),
    pytest.param(Reply(BANNED_REGION, 403), GeoBlocked, id="Cloudflare, region banned"),
    pytest.param(Reply(CLOUDFLARE % (b"1009", b""), 403), GeoBlocked, id="Cloudflare 1009 alone"),
    pytest.param(Reply(ASKS_COUNTRY, 403), Blocked, id="a page that speaks of countries"),
    pytest.param(
        Reply(b"error code: 1015", 429, {"Retry-After": "30"}),
        MINUTE_MS // 2,
        id="Cloudflare 1015",
    ),
    pytest.param(Reply(b"<html>403 Forbidden</html>", 403), Blocked, id="a firewall"),
    pytest.param(Reply(CLOUDFRONT % b"Bad request.", 403), Blocked, id="CloudFront, bad"),
    pytest.param(Reply(b"", 403), Blocked, id="nothing"),
    pytest.param(Reply(b"", 202), Blocked, id="AWS WAF, a challenge without a body"),
    pytest.param(Reply(CHALLENGE, 403, MITIGATED), Blocked, id="Cloudflare, a challenge"),
    pytest.param(Reply(CHALLENGE, 503, MITIGATED), Blocked, id="a challenge for the busy"),
    pytest.param(Reply(CHALLENGE, 429, MITIGATED), Blocked, id="a challenge for the many"),
    pytest.param(Reply(CHALLENGE, 200), Blocked, id="a challenge that claims to be an answer"),
    pytest.param(Reply(b"<h1>Sorry, you have been blocked</h1>", 403), Blocked, id="blocked"),
    pytest.param(
        Reply(b"Sorry, you have been blocked: not available in your country", 403),
        GeoBlocked,
        id="blocked, country",
    ),
    pytest.param(Reply(STATION, 403), Blocked, id="OKX, access denied"),
    pytest.param(Reply(b"", 403, {"Retry-After": "3600"}), 60 * MINUTE_MS, id="for an hour"),
    *(
        pytest.param(Reply(b"", 403, {"Retry-After": after}), Blocked, id=f"for {after!r}")
        for after in ("Mon, 21 Sep 2026 12:02:00 GMT", "soon", "-1", "")
    ),
    pytest.param(Reply(b"", 451), GeoBlocked, id="451"),
]


@pytest.mark.parametrize("venue", EXCHANGES, ids=lambda venue: venue.name)
@pytest.mark.parametrize(("reply", "meaning"), EVERYWHERE)
async def test_what_stands_before_a_venue_is_understood_by_its_words(
    asked: Asked, venue: type[Exchange], reply: Reply, meaning: Meaning
) -> None:
    assert await asked(venue.name, reply) == meaning


OF_ONE = [
    ("binance", no(0, RESTRICTED, 451), GeoBlocked),
    ("binance", no(0, RESTRICTED, 403), GeoBlocked),
    ("binance", no(-2015, "Invalid API-key, IP, or permissions for action."), Refused),
    ("bybit", Reply(b"403, access too frequent", 403), BAN_MS),
    ("bybit", no(10009, "Access is currently unavailable for your region.", 200), GeoBlocked),
    ("bybit", no(10024, "Compliance rules triggered", 403), GeoBlocked),
    ("bybit", no(10010, "Unmatched IP, please check your API key's bound IP"), Refused),
    ("okx", no("50125", "This endpoint is unavailable in your region."), GeoBlocked),
    ("okx", no("50125", "This endpoint is unavailable in your region.", 200), GeoBlocked),
    ("okx", no("50035", "This endpoint requires the key to be IP bound"), Refused),
]


@pytest.mark.parametrize(("name", "reply", "meaning"), OF_ONE)
async def test_what_a_venue_says_itself_is_understood_by_its_code(
    asked: Asked, name: str, reply: Reply, meaning: Meaning
) -> None:
    assert await asked(name, reply) == meaning


@pytest.mark.parametrize(
    ("status", "headers", "hold_ms"),
    [
        (418, {}, 3 * MINUTE_MS),
        (429, {}, 3 * MINUTE_MS),
        (400, {}, 3 * MINUTE_MS),
        (418, {"Retry-After": "120"}, 2 * MINUTE_MS),
    ],
)
async def test_the_end_of_a_ban_of_binance_stands_in_its_words_where_no_header_tells_it(
    asked: Asked, status: int, headers: dict[str, str], hold_ms: int
) -> None:
    message = f"Way too much request weight used; IP banned until {NOW + 3 * MINUTE_MS}."
    date = "Mon, 21 Sep 2026 12:00:30 GMT"
    reply = Reply({"code": -1003, "msg": message}, status, {"Date": date, **headers})
    assert await asked("binance", reply) == hold_ms
