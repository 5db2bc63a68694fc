"""The retrieval job: an arm's encoder embeds the sentences of BUCC2018 and Tatoeba; nothing is trained."""

from __future__ import annotations

import logging
import time
from pathlib import Path

import pyarrow as pa
import torch
from transformers import PreTrainedModel

from xstilts.config.settings import Embedding
from xstilts.data import examples
from xstilts.data.encoding import EncodedRows
from xstilts.data.tokenizer import load as load_tokenizer
from xstilts.encoders.capabilities import hidden_size
from xstilts.encoders.languages import language_layers
from xstilts.graph.runs import RETRIEVAL, Runs
from xstilts.graph.specs import Spec
from xstilts.jobs.loading import load_encoder
from xstilts.jobs.results import JobOutputs, write_record
from xstilts.retrieval.embedding import embed
from xstilts.retrieval.predict import Pool, predict_retrieval
from xstilts.task_types import task_type_of
from xstilts.task_types.base import SpecialTokens
from xstilts.task_types.retrieval import ENGLISH as ENGLISH_SIDE
from xstilts.task_types.retrieval import FOREIGN, rows_of
from xstilts.tasks.languages import ENGLISH
from xstilts.training.device import Device
from xstilts.training.session import Session
from xstilts.wording import counted

logger = logging.getLogger(__name__)


def retrieve(runs: Runs, spec: Spec, model: str, arm: str, seed: int, threads: int, session: Session) -> None:
    """Embed every pool once, then score all retrieval targets in every language.

    Args:
        runs: The study's jobs and paths.
        spec: The run spec, which is written into the record.
        model: Its name in the study.
        arm: Its name in the study.
        seed: The seed of the arm's encoder.
        threads: CPU threads.
        session: Stop requests and progress.
    """
    started, device = time.monotonic(), Device.choose(runs.study.compute, threads)
    tokens = SpecialTokens.of(load_tokenizer(runs.paths.tokenizer(model)))
    encoder = load_encoder(runs, model, runs.encoder_weights(model, arm, seed))
    device.place(encoder)
    outputs = JobOutputs(runs.study.study, model, arm, seed, spec["id"])
    for target in runs.targets_of(RETRIEVAL):
        task_type = task_type_of(runs.study.task(target), runs.study.encoding_of(target))
        settings = runs.study.embedding_of(target)
        languages = sorted({code for _, code in runs.files(target)})
        for language in languages:
            session.on_progress(f"mining {target} in {language}", 0, 0)
            pools = {}
            for split in [split for split, code in runs.files(target) if code == language]:
                encoded = runs.paths.encoded(model, target, split, language)
                gold = examples.read(runs.paths.examples(target, split, language))
                with device.autocast():
                    pools[split] = Pool(gold, embed_pool(encoder, encoded, gold, tokens, settings))
            predictions = predict_retrieval(runs.study.task(target), pools, settings, encoder.device)
            for split in [split for split in runs.study.splits_of(target) if split in pools]:
                outputs.add(task_type, language, split, predictions[split], pools[split].examples)
            if runs.study.task(target).tuned_on_dev:
                outputs.add_dev(RETRIEVAL, task_type, language, predictions["dev"], pools["dev"].examples)
        logger.info("%s: scored %s", target, counted(len(languages), "language"))
    session.stop.ignore_from_now_on()
    outputs.write(runs, RETRIEVAL)
    record = runs.paths.part("records", model, arm, RETRIEVAL, seed, "json")
    write_record(record, runs, spec, device, None, started)


def embed_pool(
    encoder: PreTrainedModel, encoded: Path, gold: pa.Table, tokens: SpecialTokens, settings: Embedding
) -> torch.Tensor:
    """Embed a pool, (rows, hidden); its two languages apart where the encoder has layers of their own for each."""
    if not language_layers(encoder.config):
        return embed(encoder, EncodedRows(encoded), tokens, settings)
    embeddings = torch.empty(gold.num_rows, hidden_size(encoder.config))
    for side in (FOREIGN, ENGLISH_SIDE):
        indices = rows_of(gold, side)
        rows = EncodedRows(encoded, only={encoded: indices.tolist()})
        rows.language = ENGLISH if side == ENGLISH_SIDE else rows.language
        embeddings[indices] = embed(encoder, rows, tokens, settings)
    return embeddings
