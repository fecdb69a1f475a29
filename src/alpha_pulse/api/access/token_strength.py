"""What makes a token easy to guess: too short, too few characters, a known word, a walk along the keyboard, a repetition."""

from __future__ import annotations

import itertools

MIN_CHARACTERS = 16
MIN_DIFFERENT = 8
MIN_UNGUESSED = 8
"""Characters that do not follow from those before."""
REPEATED = 4
"""Characters at the end that, when they are those of the beginning again, are a repetition and no chance."""
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
    """Why a token is too weak, as the rest of a sentence that begins with the token; None for one that will do.

    >>> weakness("qwertyuiopasdfghjkl")[:53]
    'walks along the keyboard, the alphabet or the digits:'
    >>> weakness("Kx7-quiet-Kx7-quiet-")
    'repeats its first 10 characters, but at least 16 are needed before it does'
    >>> weakness("Kx7-quiet-otter-31") is None
    True
    """
    if len(token) < MIN_CHARACTERS:
        return f"has {len(token)} characters, but at least {MIN_CHARACTERS} are needed"
    if not (token.isascii() and token.isprintable() and " " not in token):
        return "holds a character that a header cannot carry; use letters, digits and punctuation"
    plain = token.lower()
    if len(set(plain)) < MIN_DIFFERENT:
        return f"has {len(set(plain))} different characters, but at least {MIN_DIFFERENT} are needed"
    known = next((word for word in PLACEHOLDERS if word in plain), None)
    if known is not None:
        return f"holds {known!r}, which is the first thing that anyone would try"
    period = _period(plain)
    if period < MIN_CHARACTERS and len(plain) - period >= REPEATED:
        return f"repeats its first {period} characters, but at least {MIN_CHARACTERS} are needed before it does"
    unguessed = min(_unguessed(plain, 1), _unguessed(plain, 2))
    if unguessed < MIN_UNGUESSED:
        return (
            f"walks along the keyboard, the alphabet or the digits: of its {len(plain)} characters only {unguessed} do not "
            f"follow from those before, but at least {MIN_UNGUESSED} must"
        )
    return None


def _period(token: str) -> int:
    """After how many characters a token repeats itself, to its end.

    >>> _period("abcabcab"), _period("abcd")
    (3, 4)
    """
    return next(period for period in range(1, len(token) + 1) if token.startswith(token[period:]))


def _unguessed(token: str, step: int) -> int:
    """Characters that are no neighbours of the one ``step`` places before: 2 finds two walks in turn, as q1w2e3r4.

    >>> _unguessed("q1w2e3r4", 1), _unguessed("q1w2e3r4", 2)
    (4, 2)
    """
    return len(token) - sum(pair in FOLLOWS for pair in zip(token, token[step:], strict=False))


def _follows() -> frozenset[tuple[str, str]]:
    """Pairs of characters of which the second is easily guessed: the same again, or a neighbour on a walk, either way."""
    found = {(character, character) for walk in WALKS for character in walk}
    for walk in WALKS:
        for one, other in itertools.pairwise(walk):
            found |= {(one, other), (other, one)}
    return frozenset(found)


FOLLOWS = _follows()
