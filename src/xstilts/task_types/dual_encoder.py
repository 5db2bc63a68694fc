"""Dual encoders: LAReQA and Mewsli-X, where the answers to a query are found among many candidates by their embeddings.

One encoder embeds queries and candidates. It is trained on pairs: a softmax over the products of each query with all
candidates of its batch, of which its own is the right one (XTREME-R's ``run_retrieval_qa.py`` and
``run_retrieval_el.py``). The other candidates of the batch are the negatives, so the size of a forward pass is part of
the task: micro-batches have fewer negatives than their batch.

Targets are searched in one pool of all languages (:mod:`xstilts.retrieval.pooled`). A prediction is the ids of the
:data:`TOP` nearest candidates, best first. Its score is its average precision among these, which is the reciprocal rank
where one candidate is right.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from xstilts.task_types.base import Batch, EncodedRow, Scored, SpecialTokens, TaskType
from xstilts.task_types.inputs import end_to_end, inputs_of, offsets_of, pad_inputs, run_encoder, single_texts
from xstilts.tasks.task import Task

if TYPE_CHECKING:
    import torch
    from torch import nn
    from transformers import PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerFast

#: The nearest candidates that count.
TOP = 20


class DualEncoder(TaskType):
    """Examples with a ``query``, a ``candidate``, or both, which makes them a pair to train on.

    ``matches`` are the ids of a query's right candidates; a candidate alone has none, and the candidate of a pair has
    the id that the pair's only match names. A file has pairs, or queries and candidates apart. An encoded row is a
    whole example, its texts end to end, with the tokens of each in ``lengths``.
    """

    schema: ClassVar[pa.Schema] = pa.schema(
        [
            pa.field("id", pa.string(), nullable=False),
            pa.field("query", pa.string()),
            pa.field("candidate", pa.string()),
            pa.field("matches", pa.list_(pa.string())),
        ]
    )
    gold_column: ClassVar[str] = "matches"
    text_columns: ClassVar[tuple[str, ...]] = ("query", "candidate")
    first_text: ClassVar[str] = "query"
    settings: ClassVar[tuple[str, ...]] = ("max_length", "max_query_length")
    whole_batches: ClassVar[bool] = True

    @classmethod
    def problems(cls, task: Task, table: pa.Table) -> Iterator[tuple[int, str]]:
        """Yield (row, problem) for rows without text or with unusable ids, and matches that do not fit them."""
        pairs = len(queries(table)) and len(np.intersect1d(queries(table), candidates(table)))
        columns = (table.column(name).to_pylist() for name in cls.schema.names)
        for row, (identifier, query, candidate, matches) in enumerate(zip(*columns, strict=True)):
            if identifier.split() != [identifier]:
                yield row, f"the id '{identifier}' is empty or has a space in it; predictions are ids between spaces."
            if not any(text and text.strip() for text in (query, candidate)):
                yield row, "has neither a query nor a candidate."
            elif pairs and (query is None or candidate is None):
                yield row, "is no pair, but others of the file are."
            elif matches is not None:
                expected = "none" if query is None else "exactly 1" if pairs else "at least 1"
                if {"none": matches, "exactly 1": len(matches) != 1, "at least 1": not matches}[expected]:
                    yield row, f"has {len(matches)} matching candidates; {expected} is expected."

    @classmethod
    def limited(cls, table: pa.Table, count: int) -> pa.Table:
        """Return the first ``count`` queries or pairs, and all candidates: which are there is part of the task."""
        alone = np.setdiff1d(candidates(table), queries(table))
        return table.take(pa.array(np.union1d(queries(table)[:count], alone)))

    @classmethod
    def texts(cls, table: pa.Table, file_language: str, language: str) -> Iterator[str]:
        """Yield queries, then candidates."""
        for name in cls.text_columns if language == file_language else ():
            yield from table.column(name).drop_null().to_pylist()

    def encode(self, examples: pa.Table, tokenizer: PreTrainedTokenizerFast, first: int = 0) -> pa.Table:
        """Encode one row per example: query, candidate or both, each cut at its end to its own length."""
        sides = (("query", self.encoding.max_query_length), ("candidate", self.encoding.max_length))
        encoded: list[list[dict[str, list[int]]]] = [[] for _ in range(examples.num_rows)]
        for name, length in sides:
            texts = examples.column(name).to_pylist()
            rows = [row for row, text in enumerate(texts) if text is not None]
            made = tokenizer([texts[row] for row in rows], truncation=True, max_length=length) if rows else {}
            for place, row in enumerate(rows):
                encoded[row].append({key: values[place] for key, values in made.items()})
        flat = [text for texts in encoded for text in texts]
        columns = inputs_of({key: [text[key] for text in flat] for key in flat[0]})
        counts = [len(texts) for texts in encoded]
        lengths = pa.array([len(text["input_ids"]) for text in flat], pa.int32())
        return pa.table(
            {
                "example": pa.array(range(first, first + examples.num_rows), pa.int32()),
                **{name: end_to_end(column, counts) for name, column in columns.items()},
                "lengths": pa.ListArray.from_arrays(offsets_of(counts), lengths),
            }
        )

    def collate(self, rows: Sequence[EncodedRow], tokens: SpecialTokens) -> Batch:
        """Build the tensors of one batch.

        Returns:
            The padded inputs, (texts of all rows, length) int64, and ``texts``, (batch,) int64: 2 for a pair, else 1.
        """
        import torch

        texts = [text for row in rows for text in single_texts(row)]
        return {**pad_inputs(texts, tokens), "texts": torch.tensor([len(row["lengths"]) for row in rows])}

    def head(self, config: PreTrainedConfig, sentence_vector: str = "pooler") -> nn.Module:
        """Build what makes vectors of unit length, and the learnt scale."""
        from xstilts.task_types.heads import EmbeddingHead

        return EmbeddingHead(config, sentence_vector)

    def logits(self, encoder: PreTrainedModel, head: nn.Module, batch: Batch) -> torch.Tensor:
        """Return the vectors of each row's texts, (batch, texts, hidden) float32.

        Those of queries and candidates that come alone have unit length. Of pairs, the queries are as long as the
        scale, so that their products with candidates are the logits of the softmax.
        """
        import torch

        vectors: torch.Tensor = head(run_encoder(encoder, batch), batch["attention_mask"])
        by_row = vectors.view(len(batch["texts"]), -1, vectors.shape[-1])
        if by_row.shape[1] == 1:
            return by_row
        return torch.stack([by_row[:, 0] * head.get_parameter("scale"), by_row[:, 1]], dim=1)

    def loss(self, logits: torch.Tensor, batch: Batch) -> torch.Tensor:
        """Return the mean cross-entropy of each query's own candidate among the batch's, a float32 scalar."""
        import torch
        from torch.nn.functional import cross_entropy

        query, candidate = logits.float().unbind(dim=1)
        return cross_entropy(query @ candidate.T, torch.arange(len(query), device=query.device))

    def outputs(self, logits: torch.Tensor, batch: Batch) -> list[Any]:
        """Return per row the vectors of its texts, (texts, hidden) float32."""
        return list(logits.float().cpu().numpy())

    def decode(self, outputs: Sequence[Any], rows: Sequence[EncodedRow], examples: pa.Table) -> list[str]:
        """Return for each query the ids of the nearest candidates of the same file, which may be of another query."""
        import torch

        from xstilts.task_types.neighbours import nearest_neighbours

        by_example = {int(row["example"]): output for output, row in zip(outputs, rows, strict=True)}
        ids = candidate_ids(examples)
        places = {ids[row]: by_example[row][-1] for row in candidates(examples).tolist()}
        asked, pool = (
            torch.from_numpy(np.stack(vectors))
            for vectors in ([by_example[row][0] for row in queries(examples).tolist()], list(places.values()))
        )
        names = np.array(list(places), dtype=object)
        _, positions = nearest_neighbours(asked, pool, TOP)
        return [" ".join(names[found]) for found in positions.numpy()]

    @classmethod
    def scored_ids(cls, examples: pa.Table) -> list[str]:
        """Return the ids of the queries."""
        return super().scored_ids(examples.take(pa.array(queries(examples))))

    @classmethod
    def invalid_predictions(
        cls, task: Task, predictions: Sequence[str], examples: pa.Table
    ) -> Iterator[tuple[str, str]]:
        """Yield (query id, problem) for predictions without any id, or with one twice."""
        for identifier, prediction in zip(cls.scored_ids(examples), predictions, strict=True):
            found = prediction.split()
            if not found:
                yield identifier, "names no candidate."
            for name in [name for name, count in Counter(found).items() if count > 1]:
                yield identifier, f"names the candidate '{name}' twice."

    @classmethod
    def constant_predictions(cls, task: Task, examples: pa.Table) -> Iterator[list[str]]:
        """Yield the candidates that match most queries, for all queries."""
        matches = examples.column("matches").combine_chunks()
        usual = Counter(pc.list_flatten(matches).to_pylist()).most_common(TOP)
        yield [" ".join(name for name, _ in usual)] * len(queries(examples))

    @classmethod
    def score(cls, task: Task, language: str, predictions: Sequence[str], examples: pa.Table) -> Scored:
        """Score by the mean over queries of the average precision among the first :data:`TOP` candidates."""
        gold = examples.column("matches").take(pa.array(queries(examples))).to_pylist()
        scores = [
            100.0 * average_precision(prediction.split(), set(right))
            for prediction, right in zip(predictions, gold, strict=True)
        ]
        return Scored({"map@20": sum(scores) / len(scores)}, [" ".join(right) for right in gold], scores)

    @classmethod
    def completed(cls, task: Task, tables: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
        """Return each language's queries with all of their matches in a pool of these languages.

        Where a task's queries occur in every language, those with the same id have the same right answers.
        """
        asked = {code: table.take(pa.array(queries(table))) for code, table in tables.items()}
        if task.matching != "in_every_language":
            return asked
        matches: dict[str, list[str]] = {}
        for table in asked.values():
            for identifier, own in zip(
                table.column("id").to_pylist(), table.column("matches").to_pylist(), strict=True
            ):
                matches.setdefault(identifier, []).extend(own)
        place = cls.schema.get_field_index("matches")
        return {
            code: table.set_column(
                place,
                cls.schema.field("matches"),
                pa.array([matches[identifier] for identifier in table.column("id").to_pylist()], pa.list_(pa.string())),
            )
            for code, table in asked.items()
        }


def average_precision(found: Sequence[str], right: Set[str], k: int = TOP) -> float:
    """Return the average precision of a ranking, from 0 to 1.

    It is the sum of the precisions at each right candidate among the first ``k``, divided by the number of right ones,
    or by ``k`` where there are more.
    """
    hits, total = 0, 0.0
    for rank, name in enumerate(found[:k], start=1):
        if name in right:
            hits += 1
            total += hits / rank
    return total / min(len(right), k)


def queries(examples: pa.Table) -> np.ndarray:
    """Return the row indices of examples with a query, (queries,) int64."""
    return np.flatnonzero(examples.column("query").is_valid().to_numpy())


def candidates(examples: pa.Table) -> np.ndarray:
    """Return the row indices of examples with a candidate, (candidates,) int64."""
    return np.flatnonzero(examples.column("candidate").is_valid().to_numpy())


def candidate_ids(examples: pa.Table) -> list[str]:
    """Return the id of each example's candidate: in a pair, that of its match, else the example's own."""
    columns = (examples.column(name) for name in ("id", "query", "matches"))
    return [
        identifier if query is None else (matches or [""])[0]
        for identifier, query, matches in zip(*(column.to_pylist() for column in columns), strict=True)
    ]
