"""What lies beside the project where it is written, and need not be there."""

from pathlib import Path

import pytest

SHARED = Path(__file__).parents[2] / "shared"
RECORDED = SHARED / "recorded"
VECTORS = SHARED / "signing-vectors.json"

needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared")
