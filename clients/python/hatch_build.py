"""Makes the code of the package that is generated, whenever the package is built."""

import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Generate(BuildHookInterface[Any]):
    """Runs ariadne-codegen with the settings in pyproject.toml."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        root = Path(self.root)
        if not (root / "../../schema.graphql").exists():
            # Built from an archive, which has what was generated.
            return
        program = "import sys; sys.path.insert(0, 'src'); from ariadne_codegen.main import main; main()"
        subprocess.run([sys.executable, "-c", program], cwd=root, check=True, stdout=subprocess.DEVNULL)
