"""Encoders of every family train on every type of task, and resume bit for bit; most model masked language, too."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tiny_encoders
import torch
import transformers
from tiny_encoders import DECODERS, KINDS
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from xstilts.config.settings import Compute, Hyperparameters, LoRA
from xstilts.config.settings import Encoding as EncodingSettings
from xstilts.data import tokenizer as tokenizers
from xstilts.data.encoding import EncodedRows, encode_task
from xstilts.data.fitting import fitted
from xstilts.encoders import capabilities, storage
from xstilts.jobs.encoder_folder import write_encoder
from xstilts.runtime.signals import Stopped, StopRequest
from xstilts.task_types import task_type_of
from xstilts.task_types.base import SpecialTokens
from xstilts.tasks.registry import TASKS, TEXT
from xstilts.training.checkpoints import Checkpoints
from xstilts.training.device import Device
from xstilts.training.loop import TrainingResult, train
from xstilts.training.session import Session
from xstilts.training.steps import TaskData

ENCODING = EncodingSettings(max_length=64)
HYPER = Hyperparameters(learning_rate=1e-2, batch_size=4, max_steps=24, eval_every=6, warmup_steps=1)
WITHOUT_MASK = (*DECODERS, "mt5", "mt5-whole", "umt5")

A, B = "Anna lives in Amsterdam.", "Nobody has seen the grey horse."
EXAMPLES: dict[str, list[dict[str, Any]]] = {
    "pawsx": [
        {"id": "1", "premise": A, "hypothesis": B, "label": "0"},
        {"id": "2", "premise": B, "hypothesis": B, "label": "1"},
    ],
    "hellaswag": [
        {"id": "1", "prompt": A, "choices": [B, "The old bridge."], "label": 0},
        {"id": "2", "prompt": B, "choices": ["A small boat.", A], "label": 1},
    ],
    "udpos": [
        {"id": "1", "tokens": A.rstrip(".").split(), "tags": ["PROPN", "VERB", "ADP", "PROPN"]},
        {"id": "2", "tokens": B.rstrip(".").split(), "tags": ["PRON", "AUX", "VERB", "DET", "ADJ", "NOUN"]},
    ],
    "squad_v1": [
        {"id": "1", "context": A, "question": "Where?", "answers": ["Amsterdam"], "answer_starts": [14]},
        {"id": "2", "context": B, "question": "Who?", "answers": ["Nobody"], "answer_starts": [0]},
    ],
    "text": [{"id": str(index), "text": text} for index, text in enumerate(tiny_encoders.SENTENCES[:4])],
}


@dataclass(frozen=True)
class Family:
    """An encoder of a kind in a folder, and its tokenizer as the workflow uses it."""

    name: str
    folder: Path
    tokenizer: PreTrainedTokenizerFast
    causal_mask: Any = "keep"

    def data(self, task: str) -> TaskData:
        declared = TEXT if task == "text" else TASKS[task]
        task_type, folder = task_type_of(declared, ENCODING), self.folder / task
        if not folder.is_dir():
            folder.mkdir()
            table = pa.Table.from_pylist(2 * EXAMPLES[task], schema=task_type.schema)
            pq.write_table(table, folder / "train.en.parquet")
            encode_task(declared, ENCODING, self.tokenizer, [folder / "train.en.parquet"], folder)
        return TaskData(task_type, EncodedRows(folder / "train.en.arrow"))

    def train(
        self,
        task: str,
        session: Session | None = None,
        hyper: Hyperparameters = HYPER,
        precision: torch.dtype = torch.float32,
    ) -> tuple[dict[str, torch.Tensor], TrainingResult]:
        torch.manual_seed(5)
        encoder = storage.load(self.folder, Compute(), self.causal_mask)
        tokens = SpecialTokens.of(self.tokenizer, torch.Generator().manual_seed(5))
        cpu = Device("cpu", precision)
        trained = train(encoder, [self.data(task)], tokens, hyper, 5, cpu, "a test", session)
        return {**encoder.state_dict(), **trained.heads.state_dict()}, trained


def _family(kind: str, folder: Path, causal_mask: Any = "keep") -> Family:
    tiny_encoders.write(kind, folder)
    tokenizer = fitted(tokenizers.load(folder), storage.read_config(folder), kind)
    return Family(kind, folder, tokenizer, causal_mask)


@pytest.fixture(scope="module", params=KINDS)
def family(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Family:
    return _family(request.param, tmp_path_factory.mktemp(request.param))


def losses(trained: TrainingResult) -> list[float]:
    return [evaluation["loss"] for evaluation in trained.curve]


@pytest.mark.parametrize("task", ["pawsx", "hellaswag", "udpos", "squad_v1"])
def test_training_lowers_the_loss(family: Family, task: str) -> None:
    curve = losses(family.train(task)[1])
    assert curve[-1] < 0.95 * curve[0]


def test_training_in_bfloat16_lowers_the_loss(family: Family) -> None:
    _, trained = family.train("pawsx", precision=torch.bfloat16)
    assert losses(trained)[-1] < 0.95 * losses(trained)[0]


def test_training_an_adapter_lowers_the_loss(family: Family) -> None:
    hyper = HYPER.model_copy(update={"lora": LoRA(), "learning_rate": 1e-2, "max_steps": 48})
    curve = losses(family.train("pawsx", hyper=hyper)[1])
    assert curve[-1] < 0.95 * curve[0]


@pytest.mark.parametrize("family", [kind for kind in KINDS if kind not in WITHOUT_MASK], indirect=True)
def test_masked_lm_lowers_the_loss(family: Family) -> None:
    curve = losses(family.train("text")[1])
    assert curve[-1] < 0.95 * curve[0]


def test_a_checkpoint_resumes_to_the_same_bits(family: Family, tmp_path: Path) -> None:
    stop = StopRequest()

    def tell(what: str, step: int, total: int) -> None:
        if step == 3:
            stop.reason = "SIGTERM"

    whole, expected = family.train("pawsx")
    with pytest.raises(Stopped):
        family.train("pawsx", Session(stop, Checkpoints(tmp_path, "in", minutes=60), tell))
    weights, resumed = family.train("pawsx", Session(checkpoints=Checkpoints(tmp_path, "in", minutes=60)))
    assert resumed.resumed_at == [3]
    assert weights.keys() == whole.keys() and all(torch.equal(weights[name], whole[name]) for name in whole)
    assert resumed.curve == expected.curve


def test_an_arm_s_encoder_is_saved_and_loaded(family: Family, tmp_path: Path) -> None:
    encoder = storage.load(family.folder, Compute())
    storage.save(encoder, tmp_path)
    loaded = storage.load(tmp_path, Compute()).state_dict()
    assert all(torch.equal(value, loaded[name]) for name, value in encoder.state_dict().items())


def test_an_arm_s_folder_is_one_of_transformers(family: Family, tmp_path: Path) -> None:
    """Weights and tokenizer, loaded without this package, give what the study has: ids, and hidden states of them."""
    encoder = storage.load(family.folder, Compute()).eval()
    write_encoder(tmp_path, encoder, family.tokenizer, "")
    tokenizer = AutoTokenizer.from_pretrained(tmp_path)
    for texts in (("Maria  works in Lissabon \u00e9, 12.",), (A, B), (" ", B)):
        assert dict(tokenizer(*texts)) == dict(family.tokenizer(*texts))
    batch = tokenizer([A, B], [B, "so"], padding=True, return_tensors="pt")
    loaded = getattr(transformers, capabilities.auto_class(encoder.config)).from_pretrained(tmp_path).eval()
    with torch.no_grad():
        states = [made(**batch).last_hidden_state for made in (loaded, encoder)]
    assert type(loaded) is type(encoder) and torch.allclose(*states, atol=1e-5)


def test_an_arm_s_tokenizer_is_fitted_already(family: Family, tmp_path: Path) -> None:
    """Where an arm's folder is the model of another study."""
    write_encoder(tmp_path, storage.load(family.folder, Compute()), family.tokenizer, "")
    again = fitted(tokenizers.load(tmp_path), storage.read_config(tmp_path), family.name)
    one, other = (made(A, B, return_offsets_mapping=True) for made in (again, family.tokenizer))
    assert dict(one) == dict(other)


States = Callable[[str, Any], torch.Tensor]


@pytest.fixture
def first_state(tmp_path: Path) -> States:
    """The first token's state after 'a', in a text that goes on with a word or another; without and with padding."""

    def states(kind: str, mask: Any) -> torch.Tensor:
        encoder = storage.load(tiny_encoders.write(kind, tmp_path), Compute(), mask).eval()
        ids, present = torch.tensor([[7, 8, 9, 10], [7, 11, 12, 13]]), torch.ones(2, 4, dtype=torch.int64)
        padded = present.clone()
        padded[:, 3] = 0
        with torch.no_grad():
            return torch.stack([encoder(ids, attention_mask=m).last_hidden_state[:, 0] for m in (present, padded)])

    return states


@pytest.mark.parametrize("kind", DECODERS)
@pytest.mark.parametrize("mask", ["keep", "remove"])
def test_a_removed_mask_is_away_with_and_without_padding(kind: str, mask: str, first_state: States) -> None:
    for one, other in first_state(kind, mask):
        assert torch.allclose(one, other, atol=1e-6) == (mask == "keep")


@pytest.mark.parametrize("kind", DECODERS)
def test_a_removed_mask_stays_away(kind: str, tmp_path: Path) -> None:
    """In the encoder of an arm, and in one of the same shape with random weights."""
    encoder = storage.load(tiny_encoders.write(kind, tmp_path / "kind"), Compute(), "remove")
    storage.save(encoder, tmp_path / "arm")
    for made in (storage.load(tmp_path / "arm", Compute()), storage.reinitialised(encoder)):
        with torch.no_grad():
            one, other = made.eval()(torch.tensor([[7, 8, 9], [7, 11, 12]])).last_hidden_state[:, 0]
        assert not torch.allclose(one, other, atol=1e-6)
