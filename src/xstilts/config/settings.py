"""The sections of a study config and their defaults. Every field's description is its documentation."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
    Field,
    Tag,
    model_validator,
)

from xstilts.config.section import (
    Count,
    InputLength,
    NonNegative,
    Positive,
    Section,
    Seed,
    Share,
    Whole,
    partial_of,
    unique,
)
from xstilts.config.task_names import AnyTask, IntermediateTask, RetrievalTask, TrainingSet


def _absolute(value: str) -> str:
    if value and not Path(value).is_absolute():
        raise ValueError(f"must be an absolute path, such as {Path(value).absolute()}: jobs may run in other folders")
    return value


class Architecture(Section):
    """The shape of an XLM-R that the study pretrains itself."""

    hidden_size: Count = Field(64, description="Width of the hidden states.")
    layers: Count = Field(3, description="Transformer layers.")
    heads: Count = Field(4, description="Attention heads; must divide hidden_size.")
    feed_forward_size: Count = Field(128, description="Width of the feed-forward layers.")
    max_length: InputLength = Field(128, description="Longest input in tokens that the position embeddings allow.")
    dropout: Share = Field(0.0, description="Dropout of hidden states and attention.")
    initializer_range: Positive = Field(0.05, description="Standard deviation of the initial weights.")
    vocabulary_size: Count = Field(2000, description="Tokens in the vocabulary that is learnt from the study's text.")

    seed: Seed = Field(1, description="Seed of the initial weights and of pretraining.")

    @model_validator(mode="after")
    def _heads_divide(self) -> Architecture:
        if self.hidden_size % self.heads:
            raise ValueError(f"hidden_size {self.hidden_size} is not a multiple of heads {self.heads}")
        return self


class LoRA(Section):
    """An adapter: products of two narrow matrices that are added to chosen weights, and alone are trained."""

    rank: Count = Field(8, description="Width of the two matrices.")
    alpha: Count = Field(16, description="What they add is multiplied by alpha / rank.")
    dropout: Share = Field(0.0, description="Dropout of what goes into them.")
    modules: Annotated[list[str], AfterValidator(unique)] = Field(
        ["all_linear"],
        min_length=1,
        description="The linear maps that get an adapter, by the end of their name in the encoder (query, "
        "attention.output.dense); 'attention' stands for those of attention, 'all_linear' for all in its layers.",
    )


#: One learning rate or a list of them. The tags are parts of paths in errors, which messages leave out.
LearningRate = Annotated[
    Annotated[Positive, Tag("[one]")]
    | Annotated[list[Positive], Field(min_length=2), AfterValidator(unique), Tag("[several]")],
    Discriminator(lambda value: "[several]" if isinstance(value, list) else "[one]"),
]


def _count_or_auto(value: Any) -> Any:
    if isinstance(value, str) and value != "auto" and not value.isdigit():
        raise ValueError(f"must be a whole number or 'auto', but is '{value}'")
    return value


#: The tags are parts of paths in errors, which messages leave out.
CountOrAuto = Annotated[
    Annotated[Count, Tag("[one]")] | Annotated[Literal["auto"], Tag("[auto]")],
    Discriminator(lambda value: "[auto]" if value == "auto" else "[one]"),
    BeforeValidator(_count_or_auto),
]


class Hyperparameters(Section):
    """One stage's optimisation. Defaults are those of Phang et al.'s released scripts where these state one."""

    learning_rate: LearningRate = Field(
        1e-5,
        description="Peak learning rate; warmed up linearly, then decayed to 0. Of a list, the one that is best on "
        "English dev data: a training with each, and once more with the best. Not for pretraining.",
    )
    batch_size: Count = Field(32, description="Examples (QA: windows) per optimiser step.")
    batch_tokens: Count | None = Field(
        None,
        description="Tokens per optimiser step, padding included; replaces batch_size. A longer example is a step of "
        "its own. For pretraining alone.",
    )
    micro_batch_size: Count | None = Field(
        None,
        description="Examples per forward pass; gradients accumulate up to batch_size. null: the whole batch at once. "
        "Dual encoders tell right answers from those of the same forward pass alone, so this is part of their task.",
    )
    epochs: Positive = Field(3.0, description="Passes over the training data.")
    max_steps: Whole | None = Field(None, description="Optimiser steps; replaces the number that epochs gives.")
    warmup_share: Share = Field(0.1, description="Share of the steps spent warming up, rounded down.")
    warmup_steps: Whole | None = Field(None, description="Steps spent warming up; replaces warmup_share.")
    weight_decay: NonNegative = Field(0.01, description="AdamW's decay; biases and layer norms are exempt.")
    adam_beta2: Share = Field(0.999, description="AdamW's second-moment decay.")
    adam_epsilon: Positive = Field(1e-8, description="AdamW's epsilon.")
    clip_norm: Positive = Field(1.0, description="Gradients are scaled down to this norm.")
    clip_each: Literal["step", "micro_batch"] = Field(
        "step", description="When to scale gradients down: once per step, or after each micro-batch as jiant does."
    )
    selection: Literal["best", "last"] = Field(
        "best", description="Which weights to keep: the best of all evaluations on English dev data, or the last."
    )
    eval_every: Count = Field(1000, description="Steps between evaluations on English dev data.")
    eval_examples: Count | None = Field(
        500, description="Dev examples of a task that an evaluation uses, the first ones of the file; null: all."
    )
    sentence_vector: Literal["pooler", "first_token", "last_token", "mean"] = Field(
        "pooler",
        description="What heads for sentences and choices read: the encoder's pooler, as in jiant; the first token's "
        "state, as in XTREME's code; the last token's; or the mean of all. Without a pooler, 'pooler' reads the first "
        "token's state, or in decoders, where it knows nothing of the others, the last token's.",
    )
    patience: Count | None = Field(
        None,
        description="Stop after this many evaluations in a row without a better one; null: train to the end. The "
        "learning rate is scheduled as if training went on to the end.",
    )
    restarts: Whole = Field(
        0, description="How many times a run that has diverged or collapsed is started again with another seed."
    )
    examples_cap: Count | None = Field(
        None, description="A mixture draws tasks in proportion to their size; this is the largest size that counts."
    )
    lora: LoRA | None = Field(
        None,
        description="Train an adapter (LoRA) beside the encoder's weights, which stay as they are; null: train all "
        "weights. Not for pretraining. An override replaces the section as a whole.",
    )

    @property
    def rates(self) -> tuple[float, ...]:
        """The learning rates to try."""
        return tuple(self.learning_rate) if isinstance(self.learning_rate, list) else (self.learning_rate,)


class Encoding(Section):
    """How examples become tokens, and answers come back."""

    max_length: InputLength = Field(128, description="Longest input in tokens, special ones included.")
    doc_stride: Count = Field(128, description="Span QA: tokens between the starts of a context's windows.")
    max_query_length: Count = Field(
        64, description="Span QA, dual encoders: longer questions and queries are cut to this many tokens."
    )
    n_best: Count = Field(20, description="Span QA: start and end positions considered per window.")
    max_answer_length: Count = Field(30, description="Span QA: longest answer in tokens.")
    long_sentences: Literal["split", "truncate"] = Field(
        "split",
        description="Tagging: split sentences above max_length and join their tags again, as in XTREME's code; or cut "
        "them off and give the remaining words the task's alphabetically last tag, as jiant means to.",
    )
    mask_probability: Share = Field(0.15, description="Masked LM: share of the tokens to predict.")


HyperparametersOverride: Any = partial_of(Hyperparameters)
EncodingOverride: Any = partial_of(Encoding)


class IntermediateStage(Hyperparameters):
    """Intermediate training, and what is different for single tasks."""

    tasks: dict[IntermediateTask, HyperparametersOverride] = Field(
        {}, description="Overrides by task, for arms of that task alone."
    )


class TargetStage(Hyperparameters):
    """Fine-tuning, and what is different for single training sets."""

    tasks: dict[TrainingSet, HyperparametersOverride] = Field(
        {}, description="Overrides by the task that is trained on: squad_v1 for XQuAD and MLQA."
    )


class Training(Section):
    """Hyper-parameters of the three stages."""

    pretraining: Hyperparameters = Field(
        Hyperparameters(), description="Masked language modelling, of models with an architecture."
    )
    intermediate: IntermediateStage = Field(IntermediateStage(), description="Training of arms.")
    target: TargetStage = Field(TargetStage(), description="Fine-tuning on the English data of the targets.")

    @model_validator(mode="after")
    def _pretrains_all_weights(self) -> Training:
        if self.pretraining.lora:
            raise ValueError("pretraining.lora: pretraining starts from random weights and trains all; leave lora out")
        if len(self.pretraining.rates) > 1:
            raise ValueError(
                "pretraining.learning_rate: pretraining has no dev data to choose one of several by; give one"
            )
        return self


class Encodings(Encoding):
    """Encoding settings, and what is different for single tasks."""

    tasks: dict[AnyTask, EncodingOverride] = Field({}, description="Overrides by task.")


class Embedding(Section):
    """How a retrieval task's sentences are embedded and matched."""

    layer: Whole = Field(
        14, description="Layer whose hidden states are pooled; 0: embeddings, 14: the paper's choice for XLM-R Large."
    )
    pooling: Literal["mean", "first_token", "last_token"] = Field(
        "mean", description="The mean over positions, or the first or last token's state alone."
    )
    special_tokens: bool = Field(True, description="Whether <s> and </s> are part of the mean, as in both codes.")
    neighbours: Count = Field(4, description="Nearest neighbours in the margin score of BUCC2018.")
    duplicates: Literal["drop", "expand"] = Field(
        "drop",
        description="BUCC2018: what to do with mined pairs whose sentence has several ids: drop them, as XTREME does, "
        "or list every pair of ids, as jiant does.",
    )


EmbeddingOverride: Any = partial_of(Embedding)


class RetrievalSettings(Embedding):
    """How sentences are embedded and matched, and what is different for single tasks."""

    tasks: dict[RetrievalTask, EmbeddingOverride] = Field({}, description="Overrides by task.")


class Limits(Section):
    """How much of each file is used, to try a study out: the first examples only."""

    train: Count | None = Field(None, description="Training examples per task; null: all.")
    eval: Count | None = Field(None, description="Examples per task, language and dev or test split; null: all.")


class Compute(Section):
    """How training runs on the hardware."""

    precision: Literal["auto", "float32", "bfloat16"] = Field(
        "auto", description="'auto' takes bfloat16 on GPUs that have it, float32 elsewhere."
    )
    attention: Literal["auto", "eager", "sdpa"] = Field(
        "auto",
        description="Attention implementation of transformers. 'auto' takes the fastest that a model's family has: "
        "sdpa, else eager.",
    )
    cpu_kernels: Literal["fastest", "portable"] = Field(
        "fastest",
        description="Instructions that training on a CPU uses: all that the processor has, or 'portable', those of any "
        "x86 processor with AVX2, so that scores do not depend on which one it is. Slower.",
    )
    gradient_checkpointing: bool = Field(
        False,
        description="Compute the states of each layer again in the backward pass, in place of keeping them: less "
        "memory, about a third more time, the same results. Changing it reruns nothing.",
    )
    compile: Literal["off", "auto"] = Field(
        "off",
        description="Whether encoders are compiled for training: 'auto' does so on GPUs, by torch.compile with CUDA "
        "graphs, which takes time for each length of input. Not with gradient_checkpointing, adapters, batch_tokens, "
        "or layers by language (X-MOD). Dropout and masks are drawn otherwise. What it gains has not been measured.",
    )
    checkpoint_minutes: Positive = Field(
        15.0, description="Minutes between checkpoints of a training job; a killed job resumes from the last one."
    )
    checkpoints: Annotated[str, AfterValidator(_absolute)] = Field(
        "",
        description="Absolute path of a folder that checkpoints are kept in, each study in a folder of its own; by "
        "default they are in the study's folder. Where machines share no disk, it has to be mounted on all that train. "
        "Changing it reruns nothing.",
    )
    jobs_per_gpu: CountOrAuto = Field(
        1,
        description="Jobs that may share a GPU; 'auto': as many as fit by the estimates of xstilts plan, four at the "
        "most. It affects only where jobs run: changing it reruns nothing.",
    )
    mps: Literal["off", "auto"] = Field(
        "off",
        description="Whether jobs that share a GPU do so by CUDA's Multi-Process Service: 'auto' starts its daemon "
        "where it is installed. What it gains has not been measured. Changing it reruns nothing.",
    )
