"""Passwords and tokens do not leave the program."""

from __future__ import annotations

import logging
import sys

import pytest

from xstilts.cli import commands
from xstilts.errors import UserError
from xstilts.runtime.attempts import logged_attempt
from xstilts.runtime.logs import configure_logging
from xstilts.secrets import redacted


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("from https://anna:s3cret@hub.example/api: refused", "from https://***@hub.example/api: refused"),
        ("https://s3cret@hub.example", "https://***@hub.example"),
        ("http://anna:a@b:c@hub.example:80/x?y=z", "http://***@hub.example:80/x?y=z"),
        ("two: ftp://a:b@c and s3://d:e@f.", "two: ftp://***@c and s3://***@f."),
        ("token hf_abcdefghIJKL0123 is not valid", "token *** is not valid"),
        ("{'authorization': 'Bearer abc.def-1'}", "{'authorization': 'Bearer ***'}"),
        ("https://x.example/f?X-Amz-Signature=12ab&part=2", "https://x.example/f?***&part=2"),
        ("https://x.example/f?a=1&access_token=12ab", "https://x.example/f?a=1&***"),
    ],
)
def test_what_is_hidden(text: str, shown: str) -> None:
    assert redacted(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "hf://FacebookAI/xlm-roberta-base@0123456789",
        "https://hub.example/a@b and mail to anna@hub.example",
        "data/{run1}/xnli, row 3: has 1 field",
        "examples/s: 3, hf_hub",
    ],
)
def test_what_stays(text: str) -> None:
    assert redacted(text) == text


@pytest.mark.parametrize("error", [UserError("https://anna:s3cret@hub.example"), ValueError("http://a:s3cret@b")])
def test_messages_and_tracebacks(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise error

    monkeypatch.setattr(commands, "app", fail)
    with pytest.raises(SystemExit) as caught:
        commands.run()
    assert "://***@" in str(caught.value.code) and "s3cret" not in str(caught.value.code)


def test_logs_and_records(tmp_path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(logging, "root", logging.RootLogger(logging.WARNING))
    monkeypatch.setattr(sys.modules["logging"].Logger, "root", logging.root)
    configure_logging(verbose=False)
    logging.root.warning("%s does not answer", "https://anna:s3cret@hub.example")
    assert capsys.readouterr().err.endswith("https://***@hub.example does not answer\n")
    with pytest.raises(OSError), logged_attempt(tmp_path / "attempts.json", "run", "inputs"):
        raise OSError("https://anna:s3cret@hub.example does not answer")
    assert "https://***@hub.example" in (tmp_path / "attempts.json").read_text()
