"""References as BibTeX: those that tasks declare, and those of encoders, methods and software."""

from __future__ import annotations

import re

from xstilts.config.factors import Model, Snapshot
from xstilts.config.study import Study
from xstilts.tasks.registry import TASKS

_KEY = re.compile(r"@\w+\{\s*([^,\s]+)\s*,")

KNOWN = {
    "phang2020": """@inproceedings{phang-etal-2020-english,
  title = {English Intermediate-Task Training Improves Zero-Shot Cross-Lingual Transfer Too},
  author = {Phang, Jason and Calixto, Iacer and Htut, Phu Mon and Pruksachatkun, Yada and Liu, Haokun and Vania, Clara
            and Kann, Katharina and Bowman, Samuel R.},
  booktitle = {Proceedings of AACL-IJCNLP},
  year = {2020}
}""",
    "xtreme": """@inproceedings{hu-etal-2020-xtreme,
  title = {{XTREME}: A Massively Multilingual Multi-task Benchmark for Evaluating Cross-lingual Generalisation},
  author = {Hu, Junjie and Ruder, Sebastian and Siddhant, Aditya and Neubig, Graham and Firat, Orhan
            and Johnson, Melvin},
  booktitle = {Proceedings of ICML},
  year = {2020}
}""",
    "xtreme_r": TASKS["mewslix"].citation,
    "xlm-roberta": """@inproceedings{conneau-etal-2020-unsupervised,
  title = {Unsupervised Cross-lingual Representation Learning at Scale},
  author = {Conneau, Alexis and Khandelwal, Kartikay and Goyal, Naman and Chaudhary, Vishrav and Wenzek, Guillaume
            and Guzm{\\'a}n, Francisco and Grave, Edouard and Ott, Myle and Zettlemoyer, Luke and Stoyanov, Veselin},
  booktitle = {Proceedings of ACL},
  year = {2020}
}""",
    "adamw": """@inproceedings{loshchilov-hutter-2019-decoupled,
  title = {Decoupled Weight Decay Regularization},
  author = {Loshchilov, Ilya and Hutter, Frank},
  booktitle = {Proceedings of ICLR},
  year = {2019}
}""",
    "lora": """@inproceedings{hu-etal-2022-lora,
  title = {{LoRA}: Low-Rank Adaptation of Large Language Models},
  author = {Hu, Edward J. and Shen, Yelong and Wallis, Phillip and Allen-Zhu, Zeyuan and Li, Yuanzhi and Wang, Shean
            and Wang, Lu and Chen, Weizhu},
  booktitle = {Proceedings of ICLR},
  year = {2022}
}""",
    "false_discovery": """@article{benjamini-hochberg-1995-controlling,
  title = {Controlling the False Discovery Rate: A Practical and Powerful Approach to Multiple Testing},
  author = {Benjamini, Yoav and Hochberg, Yosef},
  journal = {Journal of the Royal Statistical Society: Series B},
  volume = {57},
  number = {1},
  pages = {289--300},
  year = {1995}
}""",
    "transformers": """@inproceedings{wolf-etal-2020-transformers,
  title = {Transformers: State-of-the-Art Natural Language Processing},
  author = {Wolf, Thomas and Debut, Lysandre and Sanh, Victor and Chaumond, Julien and Delangue, Clement and others},
  booktitle = {Proceedings of EMNLP: System Demonstrations},
  year = {2020}
}""",
    "torch": """@inproceedings{paszke-etal-2019-pytorch,
  title = {{PyTorch}: An Imperative Style, High-Performance Deep Learning Library},
  author = {Paszke, Adam and Gross, Sam and Massa, Francisco and Lerer, Adam and Bradbury, James and others},
  booktitle = {Advances in Neural Information Processing Systems},
  year = {2019}
}""",
    "snakemake": """@article{molder-etal-2021-sustainable,
  title = {Sustainable data analysis with {Snakemake}},
  author = {M{\\"o}lder, Felix and Jablonski, Kim Philipp and Letcher, Brice and Hall, Michael B. and others},
  journal = {F1000Research},
  volume = {10},
  number = {33},
  year = {2021}
}""",
}


class References:
    """The references that a text cites, in the order in which it does.

    Attributes:
        entries: BibTeX by key.
        lacking: Titles of what should be cited and declares no reference.
    """

    def __init__(self, study: Study) -> None:
        self._study = study
        self.entries: dict[str, str] = {}
        self.lacking: list[str] = []

    def to(self, *names: str) -> str:
        """Cite entries of :data:`KNOWN`, as Pandoc's Markdown does: ``[@key; @key]``."""
        return self._cite(*(KNOWN[name] for name in names))

    def to_task(self, name: str) -> str:
        """Return the title of a task with its reference; generated tasks have none."""
        title = self._study.title_of(name)
        if self._study.source.kind == "synthetic":
            return title
        citation = self._study.task(name).citation.strip()
        if not citation and title not in self.lacking:
            self.lacking.append(title)
        return f"{title} {self._cite(citation)}" if citation else title

    def to_snapshot(self, model: Model) -> str:
        """Cite a model of the Hub at its commit; empty for any other."""
        return self._cite(_of_snapshot(model.snapshot)) if model.snapshot else ""

    def to_software(self, version: str) -> str:
        """Cite this software."""
        return self._cite(
            "@misc{xstilts,\n"
            "  title = {{XSTILTs}: cross-lingual transfer studies with English intermediate-task training},\n"
            "  author = {{The XSTILTs developers}},\n"
            f"  note = {{Version {version}}}\n}}"
        )

    def text(self) -> str:
        """Return the BibTeX file of all that was cited."""
        return "\n\n".join(self.entries.values()) + "\n"

    def _cite(self, *citations: str) -> str:
        keys = []
        for citation in citations:
            for entry in re.split(r"\n(?=@)", citation.strip()):
                found = _KEY.match(entry)
                if found:
                    self.entries.setdefault(found[1], entry.strip())
                    keys.append(f"@{found[1]}")
        return f"[{'; '.join(keys)}]" if keys else ""


def _of_snapshot(snapshot: Snapshot) -> str:
    name = snapshot.repository
    key = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    return (
        f"@misc{{{key},\n  title = {{{name}}},\n  author = {{{{{name.split('/')[0]}}}}},\n"
        f"  howpublished = {{Hugging Face Hub, commit {snapshot.revision}}},\n"
        f"  url = {{https://huggingface.co/{name}}}\n}}"
    )
