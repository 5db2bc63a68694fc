"""The model of costs, against numbers worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import tiny_encoders
from configs import ready_made

from xstilts.config.settings import LoRA
from xstilts.config.study import load
from xstilts.encoders import adapters
from xstilts.graph.runs import Runs
from xstilts.planning import costs
from xstilts.planning.costs import KNOWN, EncoderShape, Work
from xstilts.planning.gpus import GPUS
from xstilts.planning.sizes import DataSize

LARGE = KNOWN["xlm-roberta-large"]
A100 = GPUS["a100-80"]

#: MNLI at 128 tokens per example for 3 epochs of batches of 32: 12,272 batches an epoch.
TOKENS = 392_702 * 3 * 128
MNLI = Work(
    steps=36_816, micro_batches=36_816, trained=DataSize(inputs=392_702 * 3, tokens=TOKENS), micro_tokens=32 * 128
)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        # as transformers counts them; the mDeBERTa of 278 million has no pooler, but relative positions
        ("xlm-roberta-base", 278_043_648),
        ("xlm-roberta-large", 559_890_432),
        ("xlm-roberta-xl", 3_482_485_760),
        ("bert-base-multilingual-cased", 177_853_440),
        ("bert-base-multilingual-uncased", 167_356_416),
    ],
)
def test_parameters_of_known_encoders(name: str, parameters: int) -> None:
    assert KNOWN[name].parameters == parameters


@pytest.mark.parametrize(
    ("kind", "positions", "token_types"), [("bert", 64, 2), ("distilbert", 64, 0), ("modernbert", 64, 0), ("mt5", 0, 0)]
)
def test_families_with_other_names_for_their_shape(kind: str, positions: int, token_types: int, tmp_path: Path) -> None:
    config = tiny_encoders.KINDS[kind].build()[1].config
    config.save_pretrained(tmp_path)
    runs = Runs(load(ready_made(models={"mine": {"path": str(tmp_path)}})))
    expected = EncoderShape(config.vocab_size, 16, 2, 16, 2, positions, token_types)
    assert costs.shape_of(runs, "mine") == expected


def test_parameters_of_mdeberta_are_within_one_percent() -> None:
    assert KNOWN["mdeberta-v3-base"].parameters == pytest.approx(278.2e6, rel=0.01)


def test_parameters_are_those_of_an_encoder_that_the_workflow_makes() -> None:
    from transformers import XLMRobertaConfig, XLMRobertaModel

    shape = EncoderShape(vocabulary=100, hidden=8, layers=2, feed_forward=12, heads=2, positions=34)
    config = XLMRobertaConfig(
        vocab_size=100, hidden_size=8, num_hidden_layers=2, intermediate_size=12, num_attention_heads=2,
        max_position_embeddings=34, type_vocab_size=1,
    )  # fmt: skip
    assert shape.parameters == sum(parameter.numel() for parameter in XLMRobertaModel(config).parameters())


class TestMnliOnXlmrLarge:
    """By hand: 302,309,376 weights in layers; 392,702 x 3 x 128 = 150,797,568 tokens."""

    def test_operations(self) -> None:
        layers = 6 * 302_309_376 * 150_797_568
        attention = 12 * 24 * 1024 * 128 * 150_797_568
        assert costs.training_flops(LARGE, MNLI) == pytest.approx(layers + attention)
        assert costs.training_flops(LARGE, MNLI) == pytest.approx(2.79e17, rel=0.01)

    def test_hours_on_an_a100(self) -> None:
        # 2.79e17 operations: at 94e12 a second (30 % of 312e12) 50 min, at 11.7e12 (60 % of 19.5e12) 6.6 h;
        # 36,816 steps that each move 22 GB at 2.04 TB/s: 6.7 min
        assert costs.seconds(LARGE, MNLI, A100, "bfloat16") / 60 == pytest.approx(50 + 6.7, rel=0.02)
        assert costs.seconds(LARGE, MNLI, A100, "float32") / 3600 == pytest.approx(6.6 + 0.11, rel=0.02)

    def test_memory(self) -> None:
        # 560e6 x 16 = 9.0 GB, 1.1 GB of cast weights, 24 x 4096 x 1024 x 34 = 3.4 GB of activations, 1.5 GB of CUDA
        needed = costs.memory(LARGE, MNLI, A100, "bfloat16", "sdpa")
        assert needed.gpu / 1e9 == pytest.approx(9.0 + 1.1 + 3.4 + 1.5, rel=0.01)
        assert needed.main / 1e9 == pytest.approx(3 + (4 + 12) * 0.56, rel=0.01)

    def test_disk(self) -> None:
        assert costs.WEIGHT_BYTES * LARGE.parameters / 1e9 == pytest.approx(2.24, rel=0.01)
        assert costs.CHECKPOINT_BYTES * LARGE.parameters / 1e9 == pytest.approx(8.96, rel=0.01)


def test_reading_costs_a_third_of_training() -> None:
    data = DataSize(inputs=1, tokens=128)
    assert costs.training_flops(LARGE, Work(trained=data)) == 3 * costs.forward_flops(LARGE, data)


def test_masked_language_modelling_adds_the_output_layer() -> None:
    data = DataSize(inputs=1, tokens=100)
    more = costs.training_flops(LARGE, Work(trained=data, masked=15)) - costs.training_flops(LARGE, Work(trained=data))
    assert more == 6 * 15 * (250_002 * 1024 + 1024 * 1024)


def test_mining_compares_every_pair_in_float32() -> None:
    spent, starting = (
        [costs.seconds(LARGE, work, A100, precision) for precision in ("bfloat16", "float32")]
        for work in (Work(compared=1e12), Work())
    )
    assert spent[0] == spent[1]
    assert (spent[0] - starting[0]) * A100.flops("float32") == pytest.approx(2 * 1024 * 1e12)


def test_short_batches_take_the_time_of_starting_kernels() -> None:
    short = Work(steps=1000, micro_batches=1000, trained=DataSize(inputs=1000, tokens=10_000))
    long = Work(steps=1000, micro_batches=1000, trained=DataSize(inputs=1000, tokens=20_000))
    assert costs.seconds(LARGE, short, A100, "bfloat16") == costs.seconds(LARGE, long, A100, "bfloat16")


def test_eager_attention_and_float32_keep_more() -> None:
    sdpa, half = (costs.activations(LARGE, 4096, precision, "sdpa") for precision in ("float32", "bfloat16"))
    assert sdpa == 2 * half
    assert costs.activations(LARGE, 4096, "float32", "eager") > sdpa


def test_a_job_that_trains_nothing_holds_only_weights() -> None:
    read = costs.memory(LARGE, Work(read=DataSize(inputs=1, tokens=1)), A100, "float32", "sdpa")
    assert read.gpu / 1e9 == pytest.approx(2.24 + 1.5, rel=0.01)


class TestAdapters:
    """Rank 8: 24 x 8 x (8 x 1024 + 2 x (1024 + 4096)) = 3.5 million parameters, and 1.05 million of the pooler."""

    ADAPTED = replace(MNLI, lora=LoRA())

    @pytest.mark.parametrize("modules", [["attention"], ["all_linear"]])
    def test_parameters_are_those_of_a_real_one(self, modules: list[str]) -> None:
        from transformers import XLMRobertaConfig, XLMRobertaModel

        lora, shape = LoRA(rank=4, modules=modules), EncoderShape(90, 16, 3, 24, 2, 34)
        config = XLMRobertaConfig(
            vocab_size=90, hidden_size=16, num_hidden_layers=3, intermediate_size=24, num_attention_heads=2,
            max_position_embeddings=34,
        )  # fmt: skip
        adapters.add(encoder := XLMRobertaModel(config), lora)
        assert shape.trainable(lora) == encoder.num_parameters(only_trainable=True)

    def test_memory(self) -> None:
        # 560e6 x 4 = 2.2 GB, 1.1 GB of cast weights, 3.4 GB of activations, 1.5 GB of CUDA; 4.6e6 x 12 = 0.05 GB
        needed = costs.memory(LARGE, self.ADAPTED, A100, "bfloat16", "sdpa")
        assert needed.gpu / 1e9 == pytest.approx(2.24 + 1.1 + 3.4 + 1.5 + 0.05, rel=0.01)
        assert needed.main / 1e9 == pytest.approx(3 + 2.24, rel=0.01)

    def test_time(self) -> None:
        assert costs.training_flops(LARGE, self.ADAPTED) == pytest.approx(costs.training_flops(LARGE, MNLI) * 2 / 3)
        assert (
            costs.seconds(LARGE, self.ADAPTED, A100, "bfloat16") < costs.seconds(LARGE, MNLI, A100, "bfloat16") * 2 / 3
        )


def test_gradient_checkpointing_costs_a_pass_and_saves_activations() -> None:
    again = replace(MNLI, recomputed=True)
    assert costs.training_flops(LARGE, again) == pytest.approx(costs.training_flops(LARGE, MNLI) * 4 / 3)
    kept, freed = (costs.memory(LARGE, work, A100, "bfloat16", "sdpa").gpu for work in (MNLI, again))
    # 24 x 4096 x 1024 x 4 bytes, and one layer, in place of 24 layers x 4096 x 1024 x 34
    assert (kept - freed) / 1e9 == pytest.approx(4096 * 1024 * (23 * 34 - 24 * 4) / 1e9, rel=0.01)


def test_xlmr_xl_trains_on_80_gb() -> None:
    """By hand, with 32 x 128 tokens at a time: 16 x 3.5 GB (adapter: 4 x 3.5), 7 cast, 36 x 4096 x 2560 x 4, CUDA."""
    work = replace(MNLI, recomputed=True)
    whole, adapted = (
        costs.memory(KNOWN["xlm-roberta-xl"], one, A100, "bfloat16", "sdpa").gpu / 1e9
        for one in (work, replace(work, lora=LoRA()))
    )
    assert whole == pytest.approx(55.7 + 7 + 1.5 + 0.4 + 1.5, rel=0.01) and whole < A100.memory_gb
    assert adapted == pytest.approx(13.9 + 7 + 1.5 + 0.4 + 1.5 + 0.4, rel=0.03)


def test_several_gpus_share_weights_and_time() -> None:
    shape, four = KNOWN["xlm-roberta-xl"], replace(MNLI, gpus=4)
    each = costs.memory(shape, four, A100, "bfloat16", "sdpa")
    parts = 16 * shape.parameters / 4
    whole = 250_880 * 2560 + shape.layer_parameters / 36  # embeddings and a layer, cast and with gradients
    kept = costs.activations(shape, 8 * 128, "bfloat16", "sdpa")
    assert each.gpu == pytest.approx(parts + 10 * whole + kept + costs.CUDA_BYTES, rel=0.01)
    assert each.main >= 4 * 4 * shape.parameters
    alone = costs.seconds(shape, MNLI, A100, "bfloat16")
    assert costs.seconds(shape, four, A100, "bfloat16") == pytest.approx(alone / 4, rel=0.01)


def test_on_a_cpu_all_memory_is_main_memory() -> None:
    needed = costs.memory(LARGE, MNLI, GPUS["cpu"], "float32", "sdpa")
    assert needed.gpu == 0
    assert needed.main > 16 * LARGE.parameters
