"""What thirty traders ask: every command, many coins, all words, and lines that are wrong."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Final

FEW: Final = ("BTC", "ETH", "PEPE")
"""Of whom nearly everybody asks: what is asked twice within a second costs one request."""
MANY: Final = (
    "SOL", "DOGE", "XRP", "BNB", "LINK", "SHIB", "NEIRO", "OKB", "MNT", "LIT", "1INCH", "SATS",
)  # fmt: skip
FRAMES: Final = ("5m", "15m", "1h", "4h")
OTHER_QUOTES: Final = ("BTC/USD", "ETH/USD", "BTC/USDC", "SOL/USDC")
ORDERS: Final[Mapping[str, tuple[str, ...]]] = {
    "perps": ("volume", "volume", "volume", "gainers", "losers", "funding", "oi"),
    "spot": ("volume", "gainers", "losers"),
    "tradfi": ("volume", "gainers"),
}
WRONG: Final = (
    ("/nonsense", "There is no command /nonsense"),
    ("/volume BTC 7m", "There is no timeframe 7m"),
    ("/top10 wobble", "/top10 does not know the word wobble"),
    ("/cvd BTC ETH", "Too many arguments: one symbol"),
    ("/balance 4h", "/balance takes no timeframe"),
    ("/volscan 99999999", "The threshold is at most"),
    ("/price ZZZZQ", "ZZZZQ"),
    ("good morning!", "There is no command /good"),
)


@dataclass(frozen=True, slots=True)
class Question:
    """One line. `canonical`: what the Refresh button of its answer carries; where it has none,
    `says` stands in the answer."""

    line: str
    command: str
    canonical: str = ""
    says: str = ""
    coin: str = "BTC"
    quote: str = "USDT"
    timeframe: str = ""
    venue: str = ""
    words: tuple[str, ...] = ()

    @property
    def details(self) -> bool:
        return "details" in self.words

    @property
    def symbol(self) -> str:
        return self.coin if self.quote == "USDT" else f"{self.coin}/{self.quote}"


def asked(canonical: str) -> Question | None:
    """The question that a button's line stands for; None where it says nothing of a market."""
    command, *rest = canonical.split()
    if command not in _DRAWN or command in {"start", "help"}:
        return None
    found: dict[str, str] = {}
    words: list[str] = []
    for word in rest:
        if word in {"binance", "bybit", "okx"}:
            found["venue"] = word
        elif word[:-1].isdigit() and word[-1] in "mhd" and word not in {"7d", "30d"}:
            found["timeframe"] = word
        elif word.isupper() or word[0].isupper():
            found["coin"], _, quote = word.partition("/")
            found["quote"] = quote or "USDT"
        else:
            words.append(word)
    return Question(canonical, command, canonical, words=tuple(words), **found)


def draw(random: Random) -> Question:
    (command,) = random.choices([*WEIGHTS], [*WEIGHTS.values()])
    return _DRAWN[command](random)


def _market(command: str, random: Random, *words: str, coin: str = "") -> Question:
    name = coin or random.choice(FEW if random.random() < 0.99 else MANY)
    venue = random.choice(("binance", "bybit", "okx")) if random.random() < 0.06 else ""
    return _composed(command, random, name, "", venue, *words)


def _composed(
    command: str, random: Random, symbol: str, timeframe: str, venue: str, *words: str
) -> Question:
    """As the button says it, and as somebody might type it."""
    coin, _, quote = symbol.partition("/")
    canonical = " ".join(filter(None, [command, symbol, timeframe, venue, *words]))
    typed = [_spelt(symbol, random), timeframe, venue, *words]
    random.shuffle(typed)
    return Question(
        " ".join([f"/{command}", *filter(None, typed)]),
        command,
        canonical,
        coin=coin or "BTC",
        quote=quote or "USDT",
        timeframe=timeframe,
        venue=venue,
        words=words,
    )


def _spelt(symbol: str, random: Random) -> str:
    if "/" in symbol or not symbol or random.random() < 0.6:
        return symbol
    return random.choice((symbol.lower(), f"{symbol}USDT", f"{symbol}-USDT-SWAP"))


def _price(random: Random) -> Question:
    coin = random.choice(OTHER_QUOTES) if random.random() < 0.04 else ""
    return _market("price", random, *(["details"] if random.random() < 0.01 else []), coin=coin)


def _timed(command: str, coins: tuple[str, ...]) -> Callable[[Random], Question]:
    def draw(random: Random) -> Question:
        details = ["details"] if random.random() < 0.08 else []
        frame = random.choice(FRAMES) if random.random() < 0.15 else _DEFAULTS[command]
        return _composed(command, random, random.choice(coins), frame, "", *details)

    return draw


def _oi(random: Random) -> Question:
    details = ["details"] if random.random() < 0.1 else []
    return _market("oi", random, *details, coin=random.choice(FEW))


def _top10(random: Random) -> Question:
    market = random.choice(("perps", "perps", "spot", "tradfi"))
    words = market, random.choice(ORDERS[market])
    return _composed("top10", random, "", "", "", *words)


def _volscan(random: Random) -> Question:
    return _composed("volscan", random, "", "15m", "", *random.choice(((), ("50",))))


def _owned(command: str) -> Callable[[Random], Question]:
    def draw(random: Random) -> Question:
        words = [random.choice(("today", "today", "7d"))] if command == "pnl" else []
        words += ["details"] if random.random() < 0.1 else []
        return _composed(command, random, "", "", "", *words)

    return draw


def _start(_: Random) -> Question:
    return Question("/start", "start", says="It answers only the people")


def _status(_: Random) -> Question:
    return Question("/status", "status", says="crypto-assistant")


def _help(random: Random) -> Question:
    about = random.choice(("", "price", "cvd"))
    says = {
        "": "Words after a command",
        "price": "A row a venue:",
        "cvd": "CVD, the cumulative volume delta",
    }
    return Question(f"/help {about}".strip(), "help", says=says[about])


def _wrong(random: Random) -> Question:
    line, says = random.choice(WRONG)
    return Question(line, "wrong", says=says)


_DEFAULTS: Final = {"volume": "15m", "cvd": "1h", "analysis": "15m"}
_DRAWN: Final[Mapping[str, Callable[[Random], Question]]] = {
    "price": _price,
    "volume": _timed("volume", FEW),
    "cvd": _timed("cvd", FEW),
    "oi": _oi,
    "analysis": _timed("analysis", FEW[:2]),
    "top10": _top10,
    "volscan": _volscan,
    "balance": _owned("balance"),
    "positions": _owned("positions"),
    "pnl": _owned("pnl"),
    "status": _status,
    "start": _start,
    "help": _help,
    "wrong": _wrong,
}
WEIGHTS: Final = {
    "price": 60, "volume": 6, "cvd": 0.7, "oi": 0.4, "analysis": 0.1, "top10": 12, "volscan": 1,
    "balance": 0.8, "positions": 0.3, "pnl": 0.12, "status": 1, "start": 3, "help": 7, "wrong": 7,
}  # fmt: skip
"""What is asked how often: what is dear to the venues' limits less, so that twenty questions a
second fit them."""
