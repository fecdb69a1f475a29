"""Detects weak tokens: too short, too few different characters, a known word, a keyboard sequence, a repetition."""

from __future__ import annotations

import itertools

MIN_CHARACTERS = 16
MIN_DIFFERENT = 8
MIN_UNGUESSED = 8
"""Minimum number of characters that do not follow from the ones before."""
REPEATED = 4
"""A token whose last characters, this many or more, repeat its first ones is a repetition."""
PLACEHOLDERS = (
    "changeme",
    "change-me",
    "change_me",
    "password",
    "secret",
    "token",
    "example",
    "12345678",
    "letmein",
    "alphapulse",
    "alpha-pulse",
)
WALKS = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    # Rows of keyboards: English, German, French; then their columns.
    "qwertyuiop[]",
    "asdfghjkl;'",
    "zxcvbnm,./",
    "qwertzuiop",
    "yxcvbnm,.-",
    "azertyuiop",
    "qsdfghjklm",
    "wxcvbn,;:!",
    "`1234567890-=",
    "~!@#$%^&*()_+",
    "1qaz",
    "2wsx",
    "3edc",
    "4rfv",
    "5tgb",
    "6yhn",
    "7ujm",
    "8ik,",
    "9ol.",
    "0p;/",
)


def weakness(token: str) -> str | None:
    """Why a token is too weak, as a predicate ("has 3 characters, ..."); None for a strong one.

    >>> weakness("qwertyuiopasdfghjkl")[:49]
    'follows the keyboard, the alphabet or the digits:'
    >>> weakness("Kx7-quiet-Kx7-quiet-")
    'repeats its first 10 characters, but at least 16 are needed before it does'
    >>> weakness("Kx7-quiet-otter-31") is None
    True
    """
    if len(token) < MIN_CHARACTERS:
        return f"has {len(token)} characters, but at least {MIN_CHARACTERS} are needed"
    if not (token.isascii() and token.isprintable() and " " not in token):
        return "contains a character that a header cannot carry; use letters, digits and punctuation"
    plain = token.lower()
    if len(set(plain)) < MIN_DIFFERENT:
        return f"has {len(set(plain))} different characters, but at least {MIN_DIFFERENT} are needed"
    known = next((word for word in PLACEHOLDERS if word in plain), None)
    if known is not None:
        return f"contains {known!r}, which is easily guessed"
    period = _period(plain)
    if period < MIN_CHARACTERS and len(plain) - period >= REPEATED:
        return f"repeats its first {period} characters, but at least {MIN_CHARACTERS} are needed before it does"
    unguessed = min(_unguessed(plain, 1), _unguessed(plain, 2))
    if unguessed < MIN_UNGUESSED:
        return (
            f"follows the keyboard, the alphabet or the digits: of its {len(plain)} characters only {unguessed} do not "
            f"follow from those before, but at least {MIN_UNGUESSED} must"
        )
    return None


def _period(token: str) -> int:
    """The smallest period of a token: the number of characters after which it repeats itself to its end.

    >>> _period("abcabcab"), _period("abcd")
    (3, 4)
    """
    return next(period for period in range(1, len(token) + 1) if token.startswith(token[period:]))


def _unguessed(token: str, step: int) -> int:
    """Count the characters that are no neighbour of the one ``step`` before; 2 detects interleaved sequences (q1w2e3r4).

    >>> _unguessed("q1w2e3r4", 1), _unguessed("q1w2e3r4", 2)
    (4, 2)
    """
    return len(token) - sum(pair in FOLLOWS for pair in zip(token, token[step:], strict=False))


def _follows() -> frozenset[tuple[str, str]]:
    """Pairs of characters of which the second is easily guessed: repeated, or a neighbour in `WALKS` in either direction."""
    pairs = {(character, character) for walk in WALKS for character in walk}
    for walk in WALKS:
        for first, second in itertools.pairwise(walk):
            pairs |= {(first, second), (second, first)}
    return frozenset(pairs)


FOLLOWS = _follows()
