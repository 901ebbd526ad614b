"""What the pieces of code in README and docs find around them: a trained model, texts, names."""

import gzip
import itertools
import json
import shutil
import sys
from types import ModuleType, SimpleNamespace

import pandas as pd
import pyarrow
import pyarrow.parquet
import pytest
import spacy

from ..helpers import ROOT, TINY, train_corpus

TEXTS = ["我爱北京", "他在学校里看书。", "妈妈做饭！"]


@pytest.fixture(scope="session")
def documented_model(tmp_path_factory):
    """A model as the main job makes it, of a few steps."""
    folder = tmp_path_factory.mktemp("documented")
    lines = (ROOT / "assets" / "zh-modern" / "train.txt").read_text("utf8").splitlines()
    lines = [line for line in lines if "爱" in line or "北京" in line] + lines[:100]
    for part, some in (("train", lines), ("dev", lines[:20])):
        (folder / f"{part}.txt").write_text("\n".join(some), encoding="utf8")
    few = {"--training.max_steps": 4, "--training.eval_frequency": 4}
    few |= {"--training.optimizer.learn_rate.warmup_steps": 1}
    few |= {"--components.rnn_lm.model.speller_width": 4}
    done = train_corpus(folder, folder / "out", **{**TINY, **few})
    assert done.exception is None, done.output
    return folder / "out" / "model-best"


@pytest.fixture
def workplace(documented_model, tmp_path, monkeypatch):
    """The current folder of the code: the model and texts lie where it looks for them."""
    trained = ("training/zh-modern/model-best", "path/to/mine/model-best")
    for name in (*trained, "path/to/by-hand/model-best", "MODEL", "path/to/model", "zh_rnn_modern"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).symlink_to(documented_model)
    shutil.copytree(documented_model, tmp_path / "MODEL_A")
    shutil.copytree(documented_model, tmp_path / "MODEL_B")
    text = "".join(f"{line}\n" for line in TEXTS * 2)
    for name in ("train", "dev", "test", "novel", "raw", "a", "b"):
        (tmp_path / f"{name}.txt").write_text(text, encoding="utf8")
    (tmp_path / "path/to/zh-classics").mkdir()
    (tmp_path / "path/to/zh-classics/dev.txt").write_text(text, encoding="utf8")
    records = "".join(json.dumps({"text": line}) + "\n" for line in TEXTS)
    (tmp_path / "texts.jsonl.gz").write_bytes(gzip.compress(records.encode()))
    rows = "".join(f"{i},{'ab'[i % 2]},{line}\n" for i, line in enumerate(TEXTS))
    (tmp_path / "items.csv").write_text("item,condition,sentence\n" + rows, encoding="utf8")
    reviews = pyarrow.table({"text": list(TEXTS), "stars": [*range(len(TEXTS))]})
    pyarrow.parquet.write_table(reviews, tmp_path / "reviews.parquet")
    shutil.copytree(ROOT / "configs", tmp_path / "configs")
    (tmp_path / "assets").symlink_to(ROOT / "assets")
    monkeypatch.chdir(tmp_path)
    return tmp_path


class Dataset:
    """Stands for Ray's: reads three texts, and hands them to the class in one batch."""

    def __init__(self, table):
        self.table = table

    def map_batches(self, cls, *, fn_constructor_kwargs, compute, batch_size, **options):
        assert compute.size > 0 and batch_size > 0
        assert options.keys() <= {"num_cpus", "num_gpus", "batch_format"}
        settings = fn_constructor_kwargs | {"model": "path/to/model", "gpu_id": -1}
        cls(**fn_constructor_kwargs)  # the options are those that it has
        return Dataset(cls(**settings)(self.table))

    def write_parquet(self, path):
        assert {"text", "surprisal", "error"} <= set(self.table)


class Frame:
    """Stands for Spark's DataFrame: hands its rows to the function as pandas does."""

    def __init__(self, table):
        self.table = table
        self.schema = SimpleNamespace(fields=[*table])

    def mapInPandas(self, function, schema):
        (made,) = function([self.table])
        assert [*made.columns] == schema.fields
        return Frame(made)


class StructType(SimpleNamespace):
    """Stands for Spark's: the names of columns."""

    def __init__(self, fields):
        super().__init__(fields=fields)

    @classmethod
    def fromDDL(cls, ddl):
        return cls([column.split()[0].strip("`") for column in ddl.split(",")])


@pytest.fixture
def around(workplace, monkeypatch):
    """The names that a text takes for granted before its code. Modules are none: a reader copies
    the code into an empty file."""
    modules = {"pyspark": ModuleType("pyspark"), "pyspark.sql": ModuleType("pyspark.sql")}
    modules["pyspark.sql.types"] = types = ModuleType("pyspark.sql.types")
    types.StructType = StructType
    modules["pyspark"].TaskContext = SimpleNamespace(
        get=lambda: SimpleNamespace(resources=lambda: {"gpu": SimpleNamespace(addresses=["0"])})
    )
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    nlp = spacy.load("path/to/model")
    table = {"text": TEXTS}
    data = SimpleNamespace(
        read_parquet=lambda path: Dataset(table),
        ActorPoolStrategy=lambda size: SimpleNamespace(size=size),
    )
    monkeypatch.setitem(sys.modules, "ray", SimpleNamespace(data=data))
    # it is there from Python 3.12 on
    batched = getattr(itertools, "batched", lambda texts, size: [tuple(texts)])
    monkeypatch.setattr(itertools, "batched", batched, raising=False)
    return {
        "nlp": nlp,
        "lm": nlp.get_pipe("rnn_lm"),
        "doc": nlp("我爱北京"),
        "path": "path/to/model",
        "texts": TEXTS,
        "dataset": Dataset(table),
        "df": Frame(pd.DataFrame(table)),
        "write": [].append,
        "serve": lambda nlp: nlp("我爱北京"),
    }
