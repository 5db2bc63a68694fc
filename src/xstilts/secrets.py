"""Passwords and tokens are taken out of whatever people may read or pass on."""

from __future__ import annotations

import re

_HIDDEN = "***"
_SECRETS = (
    re.compile(r"(?<=://)[^\s/]+(?=@)"),  # user and password of an address
    re.compile(r"\bhf_[A-Za-z0-9]{8,}"),  # a token of the Hugging Face Hub
    re.compile(r"(?<=[Bb]earer )[\w.~+/=-]+"),  # a token in a header
    re.compile(r"(?<=[?&])[\w-]*(?:token|key|secret|signature|password|credential)[\w-]*=[^&\s'\"]+", re.IGNORECASE),
)


def redacted(text: str) -> str:
    """A text with ``***`` in place of the passwords and tokens in its addresses and headers."""
    for secret in _SECRETS:
        text = secret.sub(_HIDDEN, text)
    return text
