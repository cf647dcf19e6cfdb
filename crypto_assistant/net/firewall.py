"""What stands before a venue and answers in its place: firewalls, and what their pages mean.

https://developers.cloudflare.com/cloudflare-challenges/challenge-types/challenge-pages/detect-response/
https://docs.aws.amazon.com/waf/latest/developerguide/waf-captcha-and-challenge-how-it-works.html
"""

import re

from crypto_assistant.errors import Blocked, GeoBlocked
from crypto_assistant.net.response import Response, Stop

TAGS = re.compile(rb"(?:<[^<>]*>|\s)+")
COUNTRY = re.compile(
    rb"block access from your country|banned the country or region|country or region banned"
    rb"|(?:un|not )available (?:in|for) your (?:country|region)|restricted location"
    rb"|error (?:code:? )?1009\b",
    re.IGNORECASE,
)
"""What is said where a venue does not serve the host's country: CloudFront, Cloudflare, venues."""
ADDRESS = re.compile(
    rb"just a moment|you have been blocked|error code: 1020|request blocked", re.IGNORECASE
)
BEGINNING = 64 * 1024
"""Bytes in which a page says what it is; looking through more takes a hundred times as many."""
CHALLENGES = ("cf-mitigated", "x-amzn-waf-action")
"""Headers of a page that only a browser can solve."""


def forbidden(response: Response) -> GeoBlocked | Blocked | Stop:
    """What a 403 means that carries no code of the venue's."""
    if _names_country(response):
        return GeoBlocked()
    return Stop() if response.headers.get("Retry-After", "").isdecimal() else Blocked()


def check(response: Response) -> None:
    """Raises Blocked for a page that is known to be a firewall's, whatever its status."""
    if response.body is None and (_is_challenge(response) or _names_address(response)):
        raise GeoBlocked if _names_country(response) else Blocked


def _names_country(response: Response) -> bool:
    """In what a page shows, not in how it is made."""
    return COUNTRY.search(TAGS.sub(b" ", response.text[:BEGINNING])) is not None


def _names_address(response: Response) -> bool:
    return ADDRESS.search(response.text[:BEGINNING]) is not None


def _is_challenge(response: Response) -> bool:
    is_empty = response.status == 202 and not response.text.strip()
    return is_empty or any(name in response.headers for name in CHALLENGES)
