"""/settings: what a user has chosen, and the buttons and words that choose."""

from dataclasses import dataclass, field
from sqlite3 import Error
from zoneinfo import ZoneInfo

from crypto_assistant import view as v
from crypto_assistant.charts.style import STYLES
from crypto_assistant.desk import Desk
from crypto_assistant.errors import ConfigError, UsageError
from crypto_assistant.grammar import TIMEFRAMES, Args, Command, Parameters, Progress
from crypto_assistant.listings.names import nearest
from crypto_assistant.models import Provenance
from crypto_assistant.subjects.keyboard import TIMEFRAMES as USUAL
from crypto_assistant.subjects.keyboard import Row, choice
from crypto_assistant.users import COIN, Settings, zone_named

EXPLAINS = f"""\
What is yours alone, in every chat:
- /settings zone Europe/Berlin: times are shown in that zone. The account's days stay those of
the TIMEZONE that the owner has set. "zone none": that one again.
- /settings style light: of pictures; {", ".join(STYLES)}.
- /settings coin ETH: what a line without a coin asks about; {COIN} by itself.
- /settings timeframe 4h: for every command that takes one. "timeframe none": each command's own.
- /settings details: the long answers first; "compact": the short ones.

A button's line says all of its question, so that what you have chosen plays no part in it."""
NONE = "none"
NAMES = ("zone", "style", "coin", "timeframe", "details", "compact")
FIRST_COINS = ("BTC", "ETH", "SOL")
MOST_COINS = 3


@dataclass(frozen=True, slots=True)
class Chosen:
    """`zone`, `timeframe`: None where nothing is chosen; `owner_zone`: None for UTC."""

    zone: str | None
    owner_zone: str | None
    style: str
    coin: str
    timeframe: str | None
    details: bool
    watched: tuple[str, ...]
    provenance: Provenance = field(default_factory=Provenance)


async def run(args: Args, desk: Desk, progress: Progress[Chosen]) -> Chosen:
    try:
        await desk.users.load()
        if args.words:
            name, text = await _choice(args.words, desk)
            await desk.users.choose(_user(args), name, text)
    except (Error, ConfigError) as error:
        raise UsageError(f"Settings cannot be kept now: {error}") from error
    return _chosen(desk.users.of(args.user), desk.zone)


def _user(args: Args) -> int:
    if args.user is None:
        raise UsageError("Telegram does not say who asks: settings are for people.")
    return args.user


async def _choice(words: tuple[str, ...], desk: Desk) -> tuple[str, str]:
    """The setting and its text, "" for what it is by itself."""
    name, *rest = words
    text = " ".join(rest)
    match name.lower():
        case "details" | "compact" as first if not rest:
            return "details", "details" if first == "details" else ""
        case "zone" if rest:
            return "zone", "" if text.lower() == NONE else _zone(text).key
        case "timeframe" if rest:
            return "timeframe", "" if text.lower() == NONE else _timeframe(text)
        case "style" if text.lower() in STYLES:
            return "style", text.lower()
        case "coin" if rest:
            return "coin", (await desk.listings()).find(text).symbol
        case known if known in NAMES:
            raise UsageError(f"After {known} comes what you choose.")
    near = nearest(name.lower(), NAMES)
    raise UsageError(f"There is no setting {name[:32]}: {' '.join(NAMES)}.", name, near)


def _zone(text: str) -> ZoneInfo:
    if zone := zone_named(text):
        return zone
    raise UsageError(f"There is no zone {text[:32]}: they are called as Europe/Berlin is.")


def _timeframe(text: str) -> str:
    if text.lower() in TIMEFRAMES:
        return text.lower()
    raise UsageError(f"There is no timeframe {text[:32]}: {' '.join(TIMEFRAMES)}.")


def _chosen(settings: Settings, owner: ZoneInfo | None) -> Chosen:
    return Chosen(
        zone=settings.zone.key if settings.zone else None,
        owner_zone=owner.key if owner else None,
        style=settings.style,
        coin=settings.coin,
        timeframe=settings.timeframe,
        details=settings.details,
        watched=settings.watched,
    )


def render(answer: Chosen, args: Args, view: v.View) -> v.Page:
    rows = [
        ("Times", answer.zone or answer.owner_zone or "UTC"),
        ("Pictures", answer.style),
        ("Coin", answer.coin),
        ("Timeframe", answer.timeframe or "each command's own"),
        ("First", "details" if answer.details else "compact"),
    ]
    told = (v.escape(f"{name}: {value}") for name, value in rows)
    text = v.lines([v.bold("Settings"), *told, v.escape("Any other: /help settings")])
    return v.Page((text,), _buttons(answer))


def _buttons(answer: Chosen) -> tuple[Row, ...]:
    shown = answer.zone or answer.owner_zone or "UTC"
    zones = [*dict.fromkeys(["UTC", answer.owner_zone or "UTC", shown])]
    coins = [*dict.fromkeys([answer.coin, *answer.watched, *FIRST_COINS])][:MOST_COINS]
    return (
        *v.button_rows(choice(zones, shown, lambda zone: f"settings zone {zone}")),
        choice(tuple(STYLES), answer.style, lambda style: f"settings style {style}"),
        *v.button_rows(choice(coins, answer.coin, lambda coin: f"settings coin {coin}")),
        *v.button_rows(
            choice(
                [*USUAL, NONE],
                answer.timeframe or NONE,
                lambda timeframe: f"settings timeframe {timeframe}",
            )
        ),
        choice(
            ("compact", "details"),
            "details" if answer.details else "compact",
            lambda first: f"settings {first}",
        ),
        (v.Button("Back", "start"),),
    )


COMMAND = Command(
    name="settings",
    summary="times, coin, timeframe",
    example="/settings coin ETH",
    about_itself=True,
    explains=EXPLAINS,
    run=run,
    render=render,
    parameters=Parameters(words="NAME VALUE"),
)
