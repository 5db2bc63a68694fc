"""X-MOD: batches run through the layers of their own language, which training leaves as they are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.ipc as ipc
import pytest
import tiny_encoders
import torch
from transformers import AutoConfig, PreTrainedModel

from xstilts.config.settings import Compute, Embedding, Hyperparameters, LoRA
from xstilts.config.settings import Encoding as EncodingSettings
from xstilts.data.encoding import EncodedRows
from xstilts.encoders import adapters, storage
from xstilts.encoders.languages import language_layers, use_language, without_layers
from xstilts.errors import UserError
from xstilts.jobs.retrieval import embed_pool
from xstilts.retrieval.embedding import embed
from xstilts.task_types import task_type_of
from xstilts.task_types.base import SpecialTokens
from xstilts.tasks.registry import TASKS, TEXT
from xstilts.training.device import Device
from xstilts.training.loop import train
from xstilts.training.prediction import predict
from xstilts.training.steps import TaskData
from xstilts.training.text import TextData, held_out_loss

CPU = Device("cpu", torch.float32)
IDS = [[0, 7, 8, 9, 2], [0, 10, 11, 2], [0, 12, 2], [0, 9, 8, 7, 6, 2]]
TOKENS = SpecialTokens.of(tiny_encoders.sentencepiece())
PAWSX = task_type_of(TASKS["pawsx"], EncodingSettings())


@pytest.fixture
def encoder(tmp_path: Path) -> PreTrainedModel:
    loaded = storage.load(tiny_encoders.write("xmod", tmp_path / "xmod"), Compute())
    for module in loaded.encoder.layer:  # as they come, the layers of two languages hardly differ
        torch.nn.init.normal_(module.output.adapter_modules["de_DE"].dense2.bias)
    return loaded.eval()


def rows_in(folder: Path, language: str) -> EncodedRows:
    path = folder / f"test.{language}.arrow"
    table = pa.table(
        {
            "example": pa.array(range(len(IDS)), pa.int32()),
            "input_ids": pa.array(IDS, pa.list_(pa.int32())),
            "label": pa.array([0, 1, 0, 1], pa.int32()),
        }
    )
    with pa.OSFile(str(path), "wb") as sink, ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return EncodedRows(path)


def embedded(encoder: PreTrainedModel, folder: Path, language: str) -> torch.Tensor:
    return embed(encoder, rows_in(folder, language), TOKENS, Embedding(layer=2))


def test_names_of_languages() -> None:
    config = AutoConfig.for_model("xmod", languages=["en_XX", "zh_CN", "zh_TW"])
    assert without_layers(config, ["de", "zh", "en", "yo"]) == ["de", "yo"]
    assert language_layers(AutoConfig.for_model("xlm-roberta")) == ()
    assert without_layers(AutoConfig.for_model("xlm-roberta"), ["de"]) == []


def test_of_two_names_for_a_language_the_first_is_taken(tmp_path: Path) -> None:
    encoder = tiny_encoders.KINDS["xmod"].build()[1]
    encoder.config.languages = ["en_XX", "zh_CN", "zh_TW"]
    use_language(encoder, "zh")
    assert encoder.config.default_language == "zh_CN"


def test_languages_without_layers_are_refused(encoder: PreTrainedModel) -> None:
    with pytest.raises(UserError, match=r"layers of their own for de_DE, en_XX, and none for the language 'fr'"):
        use_language(encoder, "fr")
    with pytest.raises(UserError, match="none for batches that mix languages"):
        use_language(encoder, None)


def test_sentences_are_embedded_by_the_layers_of_their_language(encoder: PreTrainedModel, tmp_path: Path) -> None:
    german, english = (embedded(encoder, tmp_path, language) for language in ("de", "en"))
    assert not torch.allclose(german, english, atol=1e-3)
    assert torch.equal(german, embedded(encoder, tmp_path, "de"))


def test_the_two_sides_of_a_retrieval_pool_have_a_language_each(encoder: PreTrainedModel, tmp_path: Path) -> None:
    rows_in(tmp_path, "de")
    gold = pa.table({"side": ["foreign", "english", "foreign", "english"]})
    found = embed_pool(encoder, tmp_path / "test.de.arrow", gold, TOKENS, Embedding(layer=2))
    german, english = (embedded(encoder, tmp_path, language) for language in ("de", "en"))
    assert torch.allclose(found[[0, 2]], german[[0, 2]], atol=1e-6)
    assert torch.allclose(found[[1, 3]], english[[1, 3]], atol=1e-6)


def test_predictions_are_those_of_the_rows_language(encoder: PreTrainedModel, tmp_path: Path) -> None:
    head = PAWSX.head(encoder.config)
    gold = pa.table({"id": list("1234"), "label": ["0"] * 4})
    for language, name in (("de", "de_DE"), ("en", "en_XX"), ("de", "de_DE")):
        predict(PAWSX, encoder, head, rows_in(tmp_path, language), gold, TOKENS, 2, CPU)
        assert encoder.config.default_language == name


def test_training_changes_shared_layers_alone(encoder: PreTrainedModel, tmp_path: Path) -> None:
    before = {name: value.clone() for name, value in encoder.state_dict().items()}
    hyper = Hyperparameters(learning_rate=1e-2, batch_size=2, max_steps=3, warmup_steps=0)
    use_language(encoder, "de")
    train(encoder, [TaskData(PAWSX, rows_in(tmp_path, "en"))], TOKENS, hyper, 1, CPU, "a test")
    assert encoder.config.default_language == "en_XX"
    changed = {name for name, value in encoder.state_dict().items() if not torch.equal(value, before[name])}
    assert any("attention.self.query" in name for name in changed)
    assert not any("embeddings" in name or "adapter_modules" in name for name in changed)


def test_adapters_are_for_shared_layers(encoder: PreTrainedModel) -> None:
    names = adapters.target_modules(encoder, LoRA())
    assert names and not any("adapter_modules" in name for name in names)
    assert np.any(["intermediate.dense" in name for name in names])


def test_held_out_text_runs_through_the_layers_of_its_own_language(encoder: PreTrainedModel, tmp_path: Path) -> None:
    task_type = task_type_of(TEXT, EncodingSettings())
    torch.manual_seed(1)
    head = task_type.head(encoder.config, "first_token")
    text = TextData(task_type, {"de": rows_in(tmp_path, "de")}, {"de": rows_in(tmp_path, "de")}, 1.0)
    losses = []
    for before in ("en", "de"):
        use_language(encoder, before)
        losses.append(held_out_loss(text, encoder, head, TOKENS, 4, CPU))
    assert losses[0] == losses[1]
