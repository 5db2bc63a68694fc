"""Question answering by a span of the context: SQuAD 1.1 and 2.0, XQuAD, MLQA, TyDiQA.

The input is ``<s> question </s></s> context </s>``. A context that is too long is split into windows whose starts are
``doc_stride`` tokens apart (Devlin et al. 2019); in tokenizers, ``stride`` is the overlap instead. If a window does not
contain the whole answer, or there is none, the first token is the target, which means "no answer".

Decoding follows ``compute_predictions_logits`` of transformers, which jiant and XTREME use too, with two differences.
The ``n_best`` positions are chosen among the tokens of the context; there, among all tokens, padding included. And an
answer is the text of the context that its tokens cover; there, the tokens' text is projected onto whole words
(``get_final_text``), which in most cases gives the same text.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pyarrow as pa

from xstilts.errors import UserError
from xstilts.task_types.answers import exact_match_and_f1, rules_of
from xstilts.task_types.base import Batch, EncodedRow, Scored, SpecialTokens, TaskType
from xstilts.task_types.inputs import pad_inputs, run_encoder
from xstilts.task_types.span_decoding import best_span
from xstilts.task_types.span_windows import PairLayout, max_context_windows, tokenise_contexts, window_starts
from xstilts.tasks.task import Task

if TYPE_CHECKING:
    import torch
    from torch import nn
    from transformers import PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerFast


class SpanQA(TaskType):
    """Questions about a ``context``, with ``answers`` that are found in it at the characters ``answer_starts``."""

    schema: ClassVar[pa.Schema] = pa.schema(
        [
            pa.field("id", pa.string(), nullable=False),
            pa.field("context", pa.string(), nullable=False),
            pa.field("question", pa.string(), nullable=False),
            pa.field("answers", pa.list_(pa.string())),
            pa.field("answer_starts", pa.list_(pa.int32())),
        ]
    )
    gold_column: ClassVar[str] = "answers"
    text_columns: ClassVar[tuple[str, ...]] = ("context", "question")
    first_text: ClassVar[str] = "question"
    settings: ClassVar[tuple[str, ...]] = (
        "max_length",
        "doc_stride",
        "max_query_length",
        "n_best",
        "max_answer_length",
    )

    @classmethod
    def problems(cls, task: Task, table: pa.Table) -> Iterator[tuple[int, str]]:
        """Yield (row, problem) for empty texts and for answers that are missing or not found at their offset."""
        columns = (table.column(name).to_pylist() for name in ("context", "question", "answers", "answer_starts"))
        for row, (context, question, answers, starts) in enumerate(zip(*columns, strict=True)):
            if not context.strip():
                yield row, "the context is empty."
            if not question.strip():
                yield row, "the question is empty."
            if answers is None and starts is None:
                continue
            if answers is None or starts is None:
                yield row, "it has answers or their offsets, but not both."
            elif len(answers) != len(starts):
                yield row, f"there are {len(answers)} answers but {len(starts)} answer offsets; each needs one."
            elif not answers and not task.unanswerable:
                yield row, f"the question has no answer; in {task.title} every question has one."
            else:
                yield from ((row, problem) for problem in _misplaced(context, answers, starts))

    def encode(self, examples: pa.Table, tokenizer: PreTrainedTokenizerFast, first: int = 0) -> pa.Table:
        """Encode one row per window.

        Columns:

        * ``context_start``: the position of the window's first context token in ``input_ids``;
        * ``char_starts``, ``char_ends``: the characters of the context that each context token covers;
        * ``max_context``: 1 for context tokens at which an answer may start, 0 for those that have more context in
          another window;
        * ``start``, ``end``: the positions in ``input_ids`` of the first gold answer's first and last token, 0 if the
          window does not contain all of it.

        Raises:
            UserError: if a question leaves no room for a context.
        """
        questions, texts = examples.column("question").to_pylist(), examples.column("context").to_pylist()
        contexts, layout = tokenise_contexts(texts, tokenizer), PairLayout.of(tokenizer)
        question_ids = tokenizer(questions, add_special_tokens=False, verbose=False)["input_ids"]
        answers = zip(examples.column("answers").to_pylist(), examples.column("answer_starts").to_pylist(), strict=True)
        rows = []
        for example, (answer, question, text) in enumerate(zip(answers, question_ids, texts, strict=True)):
            question, context = question[: self.encoding.max_query_length], contexts[text]
            room = self._room(len(question) + layout.n_special)
            span = context.span(*answer)
            starts = window_starts(len(context.ids), room, self.encoding.doc_stride)
            most_context = max_context_windows(len(context.ids), room, starts)
            for number, start in enumerate(starts):
                row = layout.row(question, context.window(start, room), span, start)
                may_start = most_context[start : start + room] == number
                rows.append({"example": first + example, **row, "max_context": may_start.astype(np.int8)})
        names = [name for name in _ENCODED.names if name in rows[0]]
        return pa.Table.from_pylist(rows, pa.schema([_ENCODED.field(name) for name in names]))

    def _room(self, taken: int) -> int:
        room = self.encoding.max_length - taken
        if room < 1:
            raise UserError(
                f"encoding.max_length = {self.encoding.max_length} leaves no room for a context: a question and the "
                f"special tokens take {taken}. Raise max_length or lower encoding.max_query_length."
            )
        return room

    def collate(self, rows: Sequence[EncodedRow], tokens: SpecialTokens) -> Batch:
        """Build the tensors of one batch.

        Returns:
            The padded inputs; ``start`` and ``end``, (batch,) int64; and ``candidates``, (batch, length) bool, True for
            context tokens and for the first token, which means "no answer".
        """
        import torch

        batch = pad_inputs(rows, tokens)
        candidates = torch.zeros_like(batch["input_ids"], dtype=torch.bool)
        candidates[:, 0] = True
        for index, row in enumerate(rows):
            candidates[index, row["context_start"] : row["context_start"] + len(row["char_starts"])] = True
        ends = {name: torch.tensor([int(row[name]) for row in rows]) for name in ("start", "end")}
        return {**batch, **ends, "candidates": candidates}

    def head(self, config: PreTrainedConfig, sentence_vector: str = "pooler") -> nn.Module:
        """Build a linear layer with two outputs per token, for start and end."""
        from torch import nn

        from xstilts.encoders.capabilities import hidden_size
        from xstilts.task_types.heads import initialise

        head = nn.Linear(hidden_size(config), 2)
        initialise(head, config)
        return head

    def logits(self, encoder: PreTrainedModel, head: nn.Module, batch: Batch) -> torch.Tensor:
        """Return logits for start and end, (batch, length, 2)."""
        logits: torch.Tensor = head(run_encoder(encoder, batch).last_hidden_state)
        return logits

    def loss(self, logits: torch.Tensor, batch: Batch) -> torch.Tensor:
        """Return the mean cross-entropy of start and end, a float32 scalar.

        All positions of the input take part, those of the question included. Unlike in the published code, padding does
        not, so that the loss of a row does not depend on the other rows of its batch.
        """
        from torch.nn.functional import cross_entropy

        padding = (batch["attention_mask"] == 0).unsqueeze(-1)
        start, end = logits.float().masked_fill(padding, float("-inf")).unbind(dim=-1)
        return (cross_entropy(start, batch["start"]) + cross_entropy(end, batch["end"])) / 2

    def outputs(self, logits: torch.Tensor, batch: Batch) -> list[Any]:
        """Return per row the start and end logits of the first token and the context tokens.

        Each array has the shape (1 + context tokens, 2), float32.
        """
        all_logits = logits.float().cpu().numpy()
        candidates = batch["candidates"].cpu().numpy()
        return [row[is_candidate] for row, is_candidate in zip(all_logits, candidates, strict=True)]

    def decode(self, outputs: Sequence[Any], rows: Sequence[EncodedRow], examples: pa.Table) -> list[str]:
        """Return the text of the span with the highest sum of logits over a question's windows.

        A span has to start in the window in which its first token has the most context. The prediction is '' if no
        window has a span and, in tasks with unanswerable questions, if the lowest sum of the first token's logits over
        the windows is higher than the span's.
        """
        contexts = examples.column("context")
        best, null = np.full(examples.num_rows, -np.inf), np.full(examples.num_rows, np.inf)
        predictions = [""] * examples.num_rows
        for output, row in zip(outputs, rows, strict=True):
            example, logits = row["example"], output.astype(np.float64)
            null[example] = min(null[example], logits[0].sum())
            may_start = row["max_context"].astype(bool)
            score, start, end = best_span(logits[1:], may_start, self.encoding.n_best, self.encoding.max_answer_length)
            if score > best[example]:
                best[example] = score
                text = contexts[example].as_py()[row["char_starts"][start] : row["char_ends"][end]]
                predictions[example] = text.strip()
        if self.task.unanswerable:
            predictions = ["" if n > b else text for text, n, b in zip(predictions, null, best, strict=True)]
        return predictions

    @classmethod
    def constant_predictions(cls, task: Task, examples: pa.Table) -> Iterator[list[str]]:
        """Yield '' for all questions: correct for unanswerable ones, and no worse than any other constant text."""
        yield [""] * examples.num_rows

    @classmethod
    def score(cls, task: Task, language: str, predictions: Sequence[str], examples: pa.Table) -> Scored:
        """Score by exact match and F1, means over the questions; an example's score is the mean of the two.

        In tasks with unanswerable questions, ``has_answer_exact_match``, ``has_answer_f1`` and ``no_answer_accuracy``
        are those of the questions with and without an answer, if there are any: ``HasAns_exact``, ``HasAns_f1`` and
        ``NoAns_exact`` of SQuAD 2.0's script.
        """
        rules = rules_of(task, language)
        gold = examples.column("answers").to_pylist()
        scores = np.array([exact_match_and_f1(p, g, rules) for p, g in zip(predictions, gold, strict=True)])
        metrics = _means(scores)
        if task.unanswerable:
            answerable = np.array([len(answers) > 0 for answers in gold])
            if answerable.any():
                metrics |= {f"has_answer_{name}": mean for name, mean in _means(scores[answerable]).items()}
            if not answerable.all():
                metrics["no_answer_accuracy"] = _means(scores[~answerable])["exact_match"]
        return Scored(
            metrics=metrics,
            gold=[json.dumps(texts, ensure_ascii=False) for texts in gold],
            example_scores=scores.mean(axis=1).tolist(),
        )


_ENCODED = pa.schema(
    [
        ("example", pa.int32()),
        ("input_ids", pa.list_(pa.int32())),
        ("token_type_ids", pa.list_(pa.int32())),
        ("context_start", pa.int32()),
        ("char_starts", pa.list_(pa.int32())),
        ("char_ends", pa.list_(pa.int32())),
        ("max_context", pa.list_(pa.int8())),
        ("start", pa.int32()),
        ("end", pa.int32()),
    ]
)


def _means(scores: np.ndarray) -> dict[str, float]:
    exact_match, f1 = scores.mean(axis=0)
    return {"exact_match": float(exact_match), "f1": float(f1)}


def _misplaced(context: str, answers: Sequence[str], starts: Sequence[int]) -> Iterator[str]:
    for answer, start in zip(answers, starts, strict=True):
        text = context[start : start + len(answer)] if start >= 0 else ""
        if not answer.strip():
            yield f"the answer at character {start} is empty."
        elif text != answer:
            yield f"the answer '{answer}' should stand at character {start} of the context, but '{text}' is there."
