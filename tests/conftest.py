"""What the tests share: where real data lies, and a small tokenizer of XLM-R's kind, trained on the spot."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings
from sentences import TEXT

from xstilts.data.tokenizer import SPECIAL_TOKENS, in_xlmr_layout

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

# How long an example takes depends on what else the machine does.
settings.register_profile("no_deadline", deadline=None)
settings.load_profile("no_deadline")

# The tests' matrices are tiny and pytest's workers share the cores: more threads only wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")

#: Slices of the real datasets, in the layout of ``xstilts.tasks.files``; beside the checkout unless told otherwise.
SLICES = Path(os.environ.get("XSTILTS_SLICES", Path(__file__).resolve().parents[2] / "shared" / "data"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with whole studies: started last, the longest file would keep one worker busy while the others wait."""
    items.sort(key=lambda item: item.path.parent.name not in ("workflow", "cluster"))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give all tests of ``cluster`` to one worker: a machine has one SLURM, for which others would wait."""
    if config.getvalue("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    class OneCluster(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            folder = "tests/cluster/"
            return folder if nodeid.startswith(folder) else super()._split_scope(nodeid)

    return OneCluster(config, log)


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """Jobs that run inside a test listen to signals; the tests themselves stop as usual."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture(scope="session")
def slices() -> Path:
    """The folder with slices of the real datasets; tests that need them are skipped where it is absent."""
    if not (SLICES / "xtreme").is_dir():
        pytest.skip(f"no slices of the real datasets at {SLICES}; set XSTILTS_SLICES to a folder that has them")
    return SLICES


@pytest.fixture(scope="session")
def tokenizer() -> PreTrainedTokenizerFast:
    """Byte-pair pieces with word marks; zero-width characters are normalised away, so some words have no pieces."""
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers

    backend = Tokenizer(models.BPE(unk_token="<unk>"))
    backend.normalizer = normalizers.Sequence(
        [normalizers.NFKC(), normalizers.Replace(Regex("[\u200b-\u200d\ufeff]"), "")]
    )
    backend.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.BpeTrainer(vocab_size=400, special_tokens=list(SPECIAL_TOKENS), show_progress=False)
    backend.train_from_iterator(TEXT, trainer)
    return in_xlmr_layout(backend, max_length=512)
