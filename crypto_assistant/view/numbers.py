"""Numbers as text: the only rounding."""

from datetime import UTC, datetime
from decimal import Decimal
from math import floor, log10

NOTHING = "n/a"
SHORT_PRICE = 8
SMALLEST_PLAIN = 0.0001


def price(value: float | None, tick: float | None) -> str:
    """With the decimals of the market's tick size; six significant digits where it is unknown."""
    if value is None:
        return NOTHING
    if tick is None or not tick > 0:
        return f"{Decimal(f'{value:.6g}'):f}"
    decimals = len(f"{tick:.15f}".rstrip("0").partition(".")[2])
    return f"{value:.{decimals}f}"


def grouped(value: float | None, tick: float | None) -> str:
    """A price as a head line tells it: `108,432.8`."""
    whole, point, decimals = price(value, tick).partition(".")
    return (f"{int(whole):,}" if whole.isdigit() else whole) + point + decimals


def short_price(value: float | None, tick: float | None) -> str:
    """A price in a column of eight characters: `1.589e-9` where it is below 0.0001."""
    if value is None:
        return NOTHING
    if 0 < value < SMALLEST_PLAIN:
        mantissa, _, exponent = f"{value:.3e}".partition("e")
        return f"{mantissa}e{int(exponent)}"
    text = price(value, tick)
    whole = len(text.partition(".")[0])
    if len(text) <= SHORT_PRICE or whole > SHORT_PRICE:
        return text if len(text) <= SHORT_PRICE else scaled(value)
    return f"{value:.{max(0, SHORT_PRICE - 1 - whole)}f}"


def scaled(value: float | None) -> str:
    """Three significant digits with K, M, B or T, eight decimals at most."""
    if value is None:
        return NOTHING
    rounded = round(float(f"{value:.2e}"), 8)
    for unit, size in (("T", 1e12), ("B", 1e9), ("M", 1e6), ("K", 1e3)):
        if abs(rounded) >= size:
            return _significant(rounded / size) + unit
    return _significant(rounded) if rounded else "0"


def _significant(value: float) -> str:
    magnitude = floor(log10(abs(value)))
    return f"{value:.{min(8, max(0, 2 - magnitude))}f}"


def money(usd: float | None) -> str:
    """`$1.67B`, `-$1.20M`."""
    if usd is None:
        return NOTHING
    size = scaled(abs(usd))
    return f"{'-' if usd < 0 and size != '0' else ''}${size}"


def cents(usd: float | None, *, plus: bool = False) -> str:
    """The owner's money: `$1,234.56`, `-$0.42`.

    `plus`: what is above zero has its sign, too.
    """
    if usd is None:
        return NOTHING
    size = f"{abs(usd):,.2f}"
    zero = not size.strip("0.")
    return f"{'' if zero or (usd > 0 and not plus) else '-' if usd < 0 else '+'}${size}"


def amount(coins: float | None) -> str:
    """Coins with eight digits, eight decimals at most: `12,345.679`, `0.00012`."""
    if coins is None:
        return NOTHING
    decimals = max(0, 8 - len(f"{abs(coins):.0f}"))
    text = f"{coins:,.{8 if abs(coins) < 1 else decimals}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def coins(value: float | None, width: int) -> str:
    """An amount in a column: all of its digits where it has room, else three."""
    text = amount(value)
    return text if len(text) <= width else scaled(value)


def flow(usd: float | None) -> str:
    """Money with its sign: `+$1.20M`, `-$350K`."""
    text = money(usd)
    return f"+{text}" if usd is not None and usd > 0 and text != "$0" else text


def fitted(usd: float | None, width: int, *, plus: bool = True) -> str:
    """Money in a column: to the cent where it has room, else with three digits; `plus` as there."""
    text = cents(usd, plus=plus).replace("$", "")
    if usd is None or len(text) <= width:
        return text
    return f"{'+' if plus and usd > 0 else ''}{scaled(usd)}"


def tight(usd: float | None) -> str:
    """Money with its sign in a column of five characters: `+1.2M`, `-999K`, `+0.42`."""
    if usd is None:
        return NOTHING
    size = abs(usd)
    for unit, of in (("T", 1e12), ("B", 1e9), ("M", 1e6), ("K", 1e3)):
        if size >= 0.9995 * of:
            return signed(usd / of, 1 if size < 9.95 * of else 0) + unit
    return signed(usd, 2 if size < 9.995 else 1 if size < 99.95 else 0)


def percent(fraction: float | None) -> str:
    """`+1.23%`, `-12.3%`, `+123%`; what rounds to zero has no sign."""
    if fraction is None:
        return NOTHING
    size = abs(fraction)
    return signed(fraction * 100, 2 if size < 0.09995 else 1 if size < 0.9995 else 0) + "%"


def bare_percent(fraction: float | None) -> str:
    """The same under a header that says what it is: `+1.23`."""
    return percent(fraction).removesuffix("%")


def short_percent(fraction: float | None) -> str:
    """In a column of five characters: `-4.1%`, `+45%`."""
    if fraction is None:
        return NOTHING
    return signed(fraction * 100, 1 if abs(fraction) < 0.0995 else 0) + "%"


def bare_short_percent(fraction: float | None) -> str:
    """The same under a header that says what it is: `-4.1`, `+45`."""
    return short_percent(fraction).removesuffix("%")


def share(fraction: float | None) -> str:
    """A percentage without a sign: `0.42%`, `57.1%`."""
    return percent(fraction).removeprefix("+")


def basis_points(fraction: float | None) -> str:
    return NOTHING if fraction is None else f"{signed(fraction * 10_000, 1)} bp"


def points(fraction: float | None) -> str:
    """Basis points in a column of four characters: `+1.3`, `-12`."""
    if fraction is None:
        return NOTHING
    value = fraction * 10_000
    return signed(value, 1 if abs(value) < 9.95 else 0)


def rate(fraction: float | None) -> str:
    """Funding in percent in a column of seven characters: `+0.0319`."""
    if fraction is None:
        return NOTHING
    size = abs(fraction)
    return signed(fraction * 100, 4 if size < 0.0999995 else 3 if size < 0.999995 else 2)


def funding(rate: float | None, hours: float | None) -> str:
    """The rate of one interval in percent, and the interval: `+0.0100/8h`."""
    if rate is None:
        return NOTHING
    return f"{signed(rate * 100, 4)}/{'?' if hours is None else f'{hours:g}'}h"


def signed(value: float | None, digits: int) -> str:
    """`+1.2`; what rounds to zero has no sign."""
    if value is None:
        return NOTHING
    text = f"{value:+.{digits}f}"
    return text[1:] if float(text) == 0 else text


def decimal(value: float | None, digits: int) -> str:
    """With so many decimals."""
    return NOTHING if value is None else f"{value:.{digits}f}"


def part(fraction: float | None, digits: int = 0) -> str:
    """Of a whole: `57%`."""
    return NOTHING if fraction is None else f"{fraction:.{digits}%}"


def percents(fraction: float) -> str:
    """As text writes it: `10 %`, `0.5 %`."""
    return f"{plain(100 * fraction)} %"


def times(ratio: float | None) -> str:
    """So many times as much, in a column of five characters: `1.15x`, `15.8x`, `158x`."""
    if ratio is None:
        return NOTHING
    return f"{ratio:.{2 if ratio < 9.995 else 1 if ratio < 99.95 else 0}f}x"


def plain(value: float) -> str:
    """A number as somebody typed it: `200`, `1.5`."""
    return f"{value:.15g}"


def mebibytes(size: int | None) -> str:
    """`95.8 MB`."""
    return NOTHING if size is None else f"{size / 2**20:.1f} MB"


def duration(ms: float) -> str:
    """`0.4 s`, `12 s`, `3 min`, `2 h`, `5 d`."""
    seconds = max(0.0, ms / 1000)
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes, hours = seconds / 60, seconds / 3600
    if hours < 48:
        return f"{minutes:.0f} min" if minutes < 90 else f"{hours:.0f} h"
    return f"{hours / 24:.0f} d"


def progress(done: int, total: int) -> str:
    """`▓▓▓▓░░░░ 212/480`."""
    filled = 8 * done // total if total else 0
    return f"{'▓' * filled}{'░' * (8 - filled)} {done}/{total}"


def minute(ms: int) -> str:
    """`09:14`, in UTC."""
    return f"{datetime.fromtimestamp(ms / 1000, UTC):%H:%M}"
