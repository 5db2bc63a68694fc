"""Adapters are added to encoders of every family, stored without them, and merged into them again."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import tiny_encoders
import torch
from tiny_encoders import KINDS
from transformers import PreTrainedModel, XLMRobertaConfig, XLMRobertaModel

from xstilts.config.settings import Compute, LoRA
from xstilts.encoders import adapters, storage
from xstilts.errors import UserError

IDS = torch.tensor([[5, 6, 7, 8], [9, 10, 11, 12]])
Make = Callable[[], PreTrainedModel]


def states(encoder: PreTrainedModel) -> torch.Tensor:
    with torch.no_grad():
        hidden: torch.Tensor = encoder.eval()(IDS).last_hidden_state
    return hidden


def trained(encoder: PreTrainedModel) -> set[str]:
    return {name for name, parameter in encoder.named_parameters() if parameter.requires_grad}


def moved(encoder: PreTrainedModel, seed: int = 2) -> PreTrainedModel:
    """The encoder after all that trains has changed."""
    torch.manual_seed(seed)
    with torch.no_grad():
        for parameter in encoder.parameters():
            if parameter.requires_grad:
                parameter.add_(0.1 * torch.randn_like(parameter))
    return encoder


def maker(kind: str, folder: Path) -> Make:
    tiny_encoders.write(kind, folder)
    return lambda: storage.load(folder, Compute())


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Loads the same XLM-R each time."""
    return maker("xlmr", tmp_path / "base")


@pytest.mark.parametrize("kind", KINDS)
def test_an_adapter_of_any_family_comes_back_as_it_was_trained(kind: str, tmp_path: Path) -> None:
    make = maker(kind, tmp_path / "base")
    torch.manual_seed(1)
    encoder = make()  # a pooler that the folder lacks is drawn here
    before, all_names = states(encoder), trained(encoder)
    adapters.add(encoder, LoRA(rank=2))
    assert torch.allclose(states(encoder), before, atol=1e-5)
    assert {name for name in trained(encoder) if ".lora_" not in name} == {n for n in all_names if "pooler" in n}
    after = states(moved(encoder))
    assert not torch.allclose(after, before, atol=1e-2)
    adapters.save(encoder, tmp_path / "arm", "base")
    merged = adapters.merged(make(), tmp_path / "arm")
    assert torch.allclose(states(merged), after, atol=1e-5)
    assert type(merged) is type(make()) and trained(merged) == all_names
    pooler = {name: value for name, value in encoder.state_dict().items() if name.startswith("pooler.")}
    assert all(torch.equal(value, merged.state_dict()[name]) for name, value in pooler.items())


def test_an_adapter_goes_on_top_of_a_merged_one(make: Make, tmp_path: Path) -> None:
    first = make()
    adapters.add(first, LoRA(rank=2))
    adapters.save(moved(first), tmp_path, "base")
    merged = adapters.merged(make(), tmp_path)
    before = states(merged)
    adapters.add(merged, LoRA(rank=3, modules=["attention"]))
    assert torch.allclose(states(merged), before, atol=1e-6)
    assert not torch.allclose(states(moved(merged, 3)), before, atol=1e-2)


def test_the_initial_adapter_follows_from_the_random_state(make: Make) -> None:
    found = []
    for seed in (1, 1, 2):
        encoder = make()
        torch.manual_seed(seed)
        adapters.add(encoder, LoRA())
        found.append(encoder.get_parameter("encoder.layer.0.attention.self.query.lora_A.default.weight"))
    assert torch.equal(found[0], found[1]) and not torch.equal(found[0], found[2])


def test_its_folder_is_one_of_peft_and_the_same_each_time(make: Make, tmp_path: Path) -> None:
    encoder = make()
    adapters.add(encoder, LoRA(rank=4, alpha=12, dropout=0.1))
    for name in ("one", "other"):
        adapters.save(encoder, tmp_path / name, "models/xlmr")
    files = {file.name: file.read_bytes() for file in (tmp_path / "one").iterdir()}
    assert files.keys() == {"adapter_config.json", "adapter_model.safetensors"}
    assert files == {file.name: file.read_bytes() for file in (tmp_path / "other").iterdir()}
    config = json.loads(files["adapter_config.json"])
    assert (config["peft_type"], config["r"], config["lora_alpha"], config["lora_dropout"]) == ("LORA", 4, 12, 0.1)
    assert (config["base_model_name_or_path"], config["modules_to_save"]) == ("models/xlmr", ["pooler"])


@pytest.mark.parametrize(
    ("modules", "expected"),
    [
        (["query"], ["attention.self.query"]),
        (["attention.output.dense"], ["attention.output.dense"]),
        (["key", "intermediate.dense"], ["attention.self.key", "intermediate.dense"]),
        (["attention"], [f"attention.{part}" for part in ("self.query", "self.key", "self.value", "output.dense")]),
        (
            ["all_linear"],
            [
                *(f"attention.{part}" for part in ("self.query", "self.key", "self.value", "output.dense")),
                "intermediate.dense",
                "output.dense",
            ],
        ),
    ],
)
def test_modules(make: Make, modules: list[str], expected: list[str]) -> None:
    names = adapters.target_modules(make(), LoRA(modules=modules))
    assert names == [f"encoder.layer.{layer}.{name}" for layer in (0, 1) for name in expected]


@pytest.mark.parametrize("kind", KINDS)
def test_every_family_has_attention(kind: str, tmp_path: Path) -> None:
    encoder = maker(kind, tmp_path)()
    attention = adapters.target_modules(encoder, LoRA(modules=["attention"]))
    assert attention and set(attention) < set(adapters.target_modules(encoder, LoRA()))


@pytest.mark.parametrize("modules", [["q_proj"], ["query", "q_proj"], ["uery"]])
def test_a_module_that_the_encoder_has_not(make: Make, modules: list[str]) -> None:
    with pytest.raises(UserError, match=f"called '{modules[-1]}'. There are dense, key, query, value; or use 'att"):
        adapters.add(make(), LoRA(modules=modules))


@pytest.mark.parametrize(("hidden", "layers"), [(768, 12), (1024, 24), (2560, 36)])
def test_its_size_is_at_most_2_percent_of_the_encoder_s(hidden: int, layers: int) -> None:
    config = XLMRobertaConfig(
        vocab_size=250_002,
        hidden_size=hidden,
        num_hidden_layers=layers,
        num_attention_heads=16,
        intermediate_size=4 * hidden,
        max_position_embeddings=514,
    )
    with torch.device("meta"):
        encoder = XLMRobertaModel(config)
        whole = encoder.num_parameters()
        adapters.add(encoder, LoRA())
    assert 0 < encoder.num_parameters(only_trainable=True) <= 0.02 * whole


def test_an_adapter_for_another_encoder(make: Make, tmp_path: Path) -> None:
    wide = XLMRobertaModel(XLMRobertaConfig(vocab_size=9, hidden_size=8, num_hidden_layers=2, num_attention_heads=2))
    adapters.add(wide, LoRA())
    adapters.save(wide, tmp_path / "arm", "base")
    with pytest.raises(
        UserError, match=r"arm: this adapter does not fit its encoder, or is damaged: .*size mismatch for [^:]*: [^:]*$"
    ):
        adapters.merged(make(), tmp_path / "arm")


@pytest.mark.parametrize(
    ("name", "content"), [("adapter_model.safetensors", b"\x10"), ("adapter_config.json", b"{"), ("both", b"")]
)
def test_damaged_files(make: Make, tmp_path: Path, name: str, content: bytes) -> None:
    encoder = make()
    adapters.add(encoder, LoRA())
    adapters.save(encoder, tmp_path, "base")
    if name == "both":
        (tmp_path / "adapter_model.safetensors").unlink()
    else:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(
        UserError, match=r"(does not fit its encoder, or is damaged|needs adapter_config.json and adapter_model)"
    ):
        adapters.merged(make(), tmp_path)


def test_a_folder_has_a_whole_encoder_or_an_adapter(make: Make, tmp_path: Path) -> None:
    whole, adapted = make(), make()
    adapters.add(adapted, LoRA())
    for _ in range(2):
        storage.save(whole, tmp_path)
        assert {file.name for file in tmp_path.iterdir()} == {"base", "config.json", "model.safetensors"}
        assert not adapters.is_stored_in(tmp_path)
        adapters.save(adapted, tmp_path, "base")
        assert {f.name for f in tmp_path.iterdir()} == {"base", "adapter_config.json", "adapter_model.safetensors"}
        assert adapters.is_stored_in(tmp_path)


def test_jobs_without_adapters_do_not_import_peft(tmp_path: Path) -> None:
    """Importing it takes seconds; parts of transformers would."""
    maker("xlmr", tmp_path)
    program = f"""
import sys
from pathlib import Path
import xstilts.jobs.retrieval, xstilts.jobs.similarity, xstilts.jobs.training
from xstilts.config.settings import Compute
from xstilts.encoders import storage
storage.save(storage.load(Path({str(tmp_path)!r}), Compute()), Path({str(tmp_path)!r}))
sys.exit("peft" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0
