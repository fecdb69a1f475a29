"""What identifies the source of a user's object."""

from __future__ import annotations

import hashlib

from alpha_pulse.core.errors import UnknownNameError
from alpha_pulse.core.user_code.modules import is_typed_in, module_source
from alpha_pulse.core.user_code.names import named_object
from alpha_pulse.core.user_code.typed_in import typed_in_source


def source_sha256(what: str, path: str) -> str:
    """SHA-256, in hex, of the module that defines ``module:name`` and of the user's own modules that it imports.

    For a name that was typed in, as in a notebook, it is that of its source and of what it uses.

    Parameters and errors as in `alpha_pulse.core.user_code.names.named_object`; also UnknownNameError where the source cannot
    be read. See `alpha_pulse.core.user_code.modules.module_source` and
    `alpha_pulse.core.user_code.typed_in.typed_in_source`.

    >>> len(source_sha256("module", "alpha_pulse.core.user_code.names:named_object"))
    64
    """
    found, module = named_object(what, path), path.partition(":")[0]
    try:
        source = typed_in_source(found) if is_typed_in(module) else module_source(module)
    except (OSError, TypeError):
        raise UnknownNameError(
            f"{what} {path!r}: its source cannot be read, so a change of it could not be noticed; define it in a file"
        ) from None
    return hashlib.sha256(source).hexdigest()
