"""`BatchScorer` as Spark calls it, and in Ray's workers."""

import math
import pickle

import pytest

from spacy_rnn import BatchScorer

from ..batches import COUNTS, FLOATS, TEXTS, assert_columns, expected


@pytest.fixture(scope="module")
def model(trained, tmp_path_factory):
    """The folder of a small trained English pipeline."""
    path = tmp_path_factory.mktemp("engines") / "model"
    trained.to_disk(path)
    return path


def test_spark_is_given_frames_and_a_schema(model, trained):
    pandas = pytest.importorskip("pandas")
    scorer = BatchScorer(model, measures=["rank"])
    assert scorer.ddl.startswith("`tokens` BIGINT, `unknown` BIGINT, `characters` BIGINT, `surp")
    assert scorer.ddl.endswith("`surprisal_known` DOUBLE, `mean_rank` DOUBLE, `error` STRING")
    function = pickle.loads(pickle.dumps(scorer.map_frames))
    taken = []

    def frames():
        for start in (0, 3, 8, 3):
            taken.append(start)
            yield pandas.DataFrame({"text": pandas.Series(TEXTS[start : start + 5], dtype=object)})

    found = function(frames())
    assert not taken
    first = next(found)
    assert taken == [0]  # one batch at a time
    parts = [first, *found]
    assert [len(part) for part in parts] == [5, 5, 0, 5]
    assert [list(part.columns) for part in parts] == [["text", *scorer.columns]] * 4
    assert_columns(pandas.concat(parts), expected(trained, TEXTS[:5] + TEXTS[3:8] * 2))


@pytest.mark.slow
def test_spark_maps_in_pandas(model, trained):
    sql = pytest.importorskip("pyspark.sql")
    try:
        spark = sql.SparkSession.builder.master("local[2]").getOrCreate()
    except Exception as error:
        pytest.skip(f"Spark doesn't start: {error}")
    scorer = BatchScorer(model)
    rows = [*enumerate(TEXTS), (len(TEXTS), None)]
    frame = spark.createDataFrame(rows, "id BIGINT, text STRING").repartition(3)
    types = pytest.importorskip("pyspark.sql.types").StructType
    schema = types([*frame.schema.fields, *types.fromDDL(scorer.ddl).fields])
    scored = frame.mapInPandas(scorer.map_frames, schema)
    *found, last = (row.asDict() for row in scored.orderBy("id").collect())
    spark.stop()
    assert [row["text"] for row in found] == TEXTS
    columns = {name: [row[name] for row in found] for name in (*COUNTS, *FLOATS)}
    assert_columns(columns, expected(trained, TEXTS))
    assert last["surprisal"] is None and last["tokens"] == 0 and "R524" in last["error"]


@pytest.mark.slow
@pytest.mark.parametrize("form", ["numpy", "pyarrow"])
def test_ray_maps_batches_in_a_pool_of_workers(model, trained, local_ray, form):
    texts = [*TEXTS * 3, None]
    rows = [{"id": number, "text": text} for number, text in enumerate(texts)]
    scored = (
        local_ray.data.from_items(rows)
        .map_batches(
            BatchScorer,
            fn_constructor_kwargs={"model": str(model)},
            compute=local_ray.data.ActorPoolStrategy(size=2),
            batch_size=5,
            batch_format=form,
        )
        .materialize()
    )
    kinds = dict(zip(scored.schema().names, map(str, scored.schema().types), strict=True))
    assert {kinds[name] for name in COUNTS} == {"int64"}
    assert {kinds[name] for name in FLOATS} == {"double"}
    assert kinds["error"].endswith("string")
    *found, last = sorted(scored.take_all(), key=lambda row: row["id"])
    assert [row["text"] for row in found] == texts[:-1]
    columns = {name: [row[name] for row in found] for name in (*COUNTS, *FLOATS)}
    assert_columns(columns, expected(trained, texts[:-1]))
    assert "R524" in last["error"] and last["tokens"] == 0
    # numpy has no null
    assert last["surprisal"] is None or (form == "numpy" and math.isnan(last["surprisal"]))


@pytest.mark.slow
def test_ray_can_have_an_instance_in_tasks(model, trained, local_ray):
    scorer = BatchScorer(model, on_error="raise")
    dataset = local_ray.data.from_items([{"text": text} for text in TEXTS])
    found = dataset.map_batches(scorer, batch_size=4).take_all()
    by_text = {row["text"]: row["surprisal"] for row in found}
    for doc in map(trained, TEXTS):
        assert by_text[doc.text] == pytest.approx(doc._.rnn_surprisal, rel=1e-5, abs=1e-6)
