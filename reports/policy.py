"""What a page may run and look like: its own script and style, by their hashes, and nothing else."""

from __future__ import annotations

import base64
import hashlib


def policy(style: str, script: str | None = None) -> str:
    """The Content-Security-Policy of a page in one file: it asks nothing of anywhere, and runs this script alone."""
    allowed = f"script-src {_hash(script)}; " if script else ""
    return f"default-src 'none'; {allowed}style-src {_hash(style)}; base-uri 'none'; form-action 'none'"


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
