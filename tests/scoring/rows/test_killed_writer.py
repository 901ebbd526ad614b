"""A writer that is killed, again and again, leaves an output that becomes what one run writes."""

import gzip
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet
import pytest

from .tables import read_values

WRITER = """
import sys, time
from pathlib import Path
import spacy_rnn.scoring.outputs as outputs
import spacy_rnn.scoring.parquet_parts as parquet_parts
from spacy_rnn.scoring.rows.row_output import open_rows_output
from spacy_rnn.scoring.rows.row_reader import RowReader

outputs._FLUSH_SIZE = parquet_parts._PART_ROWS = 1
reader = RowReader(Path(sys.argv[1]))
with open_rows_output(
    Path(sys.argv[2]), reader=reader, new={"row": int, "bits": float}, group=["item"], resume=True
) as output:
    print(output.next_row, flush=True)
    group = []
    for row in reader.read(start=output.next_row):
        if group and group[-1]["item"] != row.values["item"]:
            output.write(group, row.number - 1)
            print("group", flush=True)
            time.sleep(0.02)
            group = []
        group.append({**row.values, "row": row.number, "bits": row.number / 7})
    output.write(group, row.number)
"""


def start(*args):
    command = [sys.executable, "-c", WRITER, *map(str, args)]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3]
    )


def content(path):
    if path.is_dir():
        return pyarrow.parquet.read_table(path)
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["out.tsv", "out.jsonl.gz", "out.parquet"])
def test_a_killed_writer_loses_and_doubles_no_row(tmp_path, name):
    items = tmp_path / "items.csv"
    rows = [f'{number // 3},"say ""{number}""\n"' for number in range(300)]
    items.write_text("item,text\n" + "\n".join(rows) + "\n")
    whole = tmp_path / f"whole.{name}"
    assert start(items, whole).communicate(timeout=400)[0].count("group") == 99
    path = tmp_path / name
    begins = []
    for groups in (1, 15, 30):
        with start(items, path) as writer:
            begins.append(int(writer.stdout.readline()))
            for _ in range(groups):
                assert writer.stdout.readline() == "group\n"
            writer.kill()
    with start(items, path) as writer:
        begins.append(int(writer.stdout.readline()))
        writer.communicate(timeout=400)
    assert writer.returncode == 0
    assert begins[0] == 1 and begins == sorted(begins) and begins[-1] > 100
    assert content(path) == content(whole)
    assert [int(values["row"]) for values in read_values(path)] == [*range(1, 301)]
