"""Value noise: smooth randomness that can be asked at any time, in any order, with one answer."""

import hashlib
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Keys = NDArray[np.uint64]
Steps = NDArray[np.int64]

_GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)


def key(seed: int, *names: str) -> int:
    """A 64-bit key for one named source of randomness of one seed."""
    digest = hashlib.blake2b("/".join((str(seed), *names)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big")


def uniform(keys: Keys, steps: Steps) -> Floats:
    """Evenly spread over [0, 1); keys and steps are broadcast against each other.

    The finaliser is splitmix64's (Steele, Lea, Flood 2014).
    """
    x = keys + steps.astype(np.uint64) * _GOLDEN
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    x ^= x >> np.uint64(31)
    mantissa: Floats = (x >> np.uint64(11)).astype(np.float64)
    return mantissa * 2.0**-53


def chance(key: int, step: int) -> float:
    """What `uniform` says of one key and one step."""
    x = (key + step * int(_GOLDEN)) % 2**64
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
    x = (x ^ (x >> 27)) * 0x94D049BB133111EB % 2**64
    return ((x ^ (x >> 31)) >> 11) * 2.0**-53


def smooth(keys: Keys, steps: Steps, period: int) -> Floats:
    """Rows of keys, columns of ascending steps: within [-1, 1], one random knot per period."""
    if not len(steps):
        return np.empty((len(keys), 0))
    first, last = int(steps[0]) // period, int(steps[-1]) // period
    salt = np.uint64(period * 0xD1342543DE82EF95 % 2**64)
    knots = uniform((keys + salt)[:, None], run(first, last - first + 2)[None])
    if len(steps) > 2 * period and (np.diff(steps) == 1).all():
        return _every(knots, steps - first * period, period)
    cell, phase = np.divmod(steps, period)
    at = cell - first
    start, end = knots.take(at, axis=1), knots.take(at + 1, axis=1)
    value: Floats = start + (end - start) * _eased(phase, period)
    return value * 2 - 1


def _every(knots: Floats, steps: Steps, period: int) -> Floats:
    """Many steps in a row: the phases, the same from knot to knot, are reckoned once."""
    start, end = knots[:, :-1, None], knots[:, 1:, None]
    value: Floats = start + (end - start) * _eased(run(0, period), period)
    return value.reshape(len(knots), -1)[:, steps[0] : steps[-1] + 1] * 2 - 1


def _eased(phase: Steps, period: int) -> Floats:
    x = phase / period
    eased: Floats = x * x * (3 - 2 * x)
    return eased


def run(first: int, count: int) -> Steps:
    """So many steps in a row."""
    return np.arange(first, first + count, dtype=np.int64)
