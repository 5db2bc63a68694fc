"""Settings of a small encoder, such as the demo's, that are used with a large one."""

from __future__ import annotations

from collections.abc import Iterator

from xstilts.checks import keys
from xstilts.checks.findings import Finding
from xstilts.encoders.config_file import Size
from xstilts.encoders.usual import is_large, size_of_encoder, usual_layer, usual_rate
from xstilts.graph.runs import RETRIEVAL, Runs
from xstilts.tasks.languages import ENGLISH
from xstilts.tasks.protocols import PROTOCOLS
from xstilts.wording import listed, short_number

_PUBLISHED = PROTOCOLS["phang2020"].training  # of XLM-R Large
_EPOCHS = sorted({float(settings["epochs"]) for settings in _PUBLISHED.values()})

FAR = 10  # times the usual learning rate
SMALL_PART = 0.25  # of an epoch, where the number of examples is known
FEW_STEPS = 500  # where it is not
LOW = 0.25  # of the layers; below, states are still close to the embeddings
_DEEP = 6  # layers: of fewer, any may be meant

_DEMO = "which looks like a value of the demo, whose encoder is tiny"


def findings(runs: Runs) -> Iterator[Finding]:
    """Iterate over values that ready-made encoders can hardly be meant to be trained or read with."""
    sizes = {f"models.{model}": _size(runs, model) for model in runs.study.models if not runs.pretrains(model)}
    for stage in keys.stages(runs.study) if sizes else ():
        yield from _rate(stage, sizes)
        yield from _steps(runs, stage, [model for model, size in sizes.items() if is_large(size)])
    for task in runs.targets_of(RETRIEVAL):
        layer = runs.study.embedding_of(task).layer
        for model, size in sizes.items():
            if size.layers is not None and size.layers >= _DEEP and layer < LOW * size.layers:
                yield Finding(
                    keys.embedding(runs.study, task, "layer"),
                    f"is {layer} for {model}, which has {size.layers} layers: so close to the embeddings, sentences "
                    f"are seldom told apart by their meaning. In proportion to the published protocol's it would be "
                    f"{usual_layer(size.layers)}.",
                    warning=True,
                )


def _size(runs: Runs, model: str) -> Size:
    snapshot = runs.study.models[model].snapshot
    return size_of_encoder(runs.ready_made(model), snapshot.repository if snapshot else None)


def _rate(stage: keys.Stage, sizes: dict[str, Size]) -> Iterator[Finding]:
    """A learning rate far above the usual one; adapters are trained at such rates."""
    rate = max(stage.settings.rates)
    high = [] if stage.settings.lora else [name for name, size in sizes.items() if rate >= FAR * usual_rate(size)]
    if not high:
        return
    large = any(is_large(sizes[name]) for name in high)
    usual = min(usual_rate(sizes[name]) for name in high)
    says = f"The published protocol has {usual:g}." if large else f"Encoders of that width usually have {usual:g}."
    yield Finding(stage.key("learning_rate"), f"is {rate:g} for {listed(high)}, {_DEMO}. {says}", warning=True)


def _steps(runs: Runs, stage: keys.Stage, large: list[str]) -> Iterator[Finding]:
    """A number of steps with which a large encoder sees hardly anything of its training data."""
    steps, examples = stage.settings.max_steps, _examples(runs, stage)
    if steps is None or not large:
        return
    share = steps * stage.settings.batch_size / examples if examples else None
    if share is None and steps <= FEW_STEPS:
        yield _too_few(stage, steps, f"for {listed(large)}")
    elif share is not None and share < SMALL_PART:
        what = runs.study.title_of(stage.tasks[0]) if len(stage.tasks) == 1 else "its tasks"
        part = f"{short_number(100 * share)} % of an epoch of the {examples:,} examples of {what}"
        yield _too_few(stage, steps, f"for {listed(large)}, {part}")


def _too_few(stage: keys.Stage, steps: int, where: str) -> Finding:
    text = f"is {steps} {where}, {_DEMO}. The published protocol trains {_epochs(stage.task)}: leave max_steps out and "
    return Finding(stage.key("max_steps"), f"{text}set epochs.", warning=True)


def _examples(runs: Runs, stage: keys.Stage) -> int | None:
    """The English training examples that a stage uses, as the releases state them; None where one does not."""
    known = [runs.study.task(task).published_examples("train", ENGLISH) for task in stage.tasks]
    counts = [count for count in known if count]
    if not known or len(counts) < len(known):
        return None
    generated = getattr(runs.study.source, "train_examples", None)
    limits = [limit for limit in (runs.study.examples.train, stage.train_examples, generated) if limit is not None]
    return sum(min(count, *limits) if limits else count for count in counts)


def _epochs(task: str | None) -> str:
    """What the protocol says of a task; of one that it is silent about, the range over its tasks."""
    if task is not None and task in _PUBLISHED:
        return f"{_PUBLISHED[task]['epochs']:g} epochs on this task"
    return f"{_EPOCHS[0]:g} to {_EPOCHS[-1]:g} epochs"
