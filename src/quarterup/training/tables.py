"""Metrics as files for other programs: CSV, JSON lines, Parquet. One file a table, row by row, however long the run.

Columns are those of `metrics.db`. A file stands under its name only when it is whole.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from quarterup.training.extras import require
from quarterup.training.files import written_beside
from quarterup.training.metrics import COLUMNS, MetricsReader

TableFormat = Literal["csv", "jsonl", "parquet"]
ROWS_AT_ONCE = 65_536
"""Of a Parquet file's row group: all that is ever in memory."""

Rows = Iterator[tuple[Any, ...]]
"""Of one table, in the order of its `COLUMNS`."""


def export_tables(metrics: MetricsReader, kind: TableFormat, folder: Path) -> list[Path]:
    """Write scalars, episodes and events, all of the same moment, into `folder`; return the files.

    Raises ExportError if a package is missing.
    """
    files = []
    with metrics.one_moment():
        for table in COLUMNS:
            path = folder / f"{table}.{kind}"
            with written_beside(path) as unfinished:
                _WRITERS[kind](unfinished, table, (row[1:] for row in metrics.rows(table)))
            files.append(path)
    return files


def _write_csv(path: Path, table: str, rows: Rows) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS[table])
        writer.writerows(rows)


def _write_jsonl(path: Path, table: str, rows: Rows) -> None:
    with path.open("w") as file:
        for row in rows:
            file.write(json.dumps(dict(zip(COLUMNS[table], row, strict=True))) + "\n")


def _write_parquet(path: Path, table: str, rows: Rows) -> None:
    arrow, parquet = require("pyarrow", "export"), require("pyarrow.parquet", "export")
    types = dict.fromkeys(("name", "end", "kind", "text"), arrow.string())
    types |= dict.fromkeys(("wall_s", "value", "score", "expert_share"), arrow.float64())
    schema = arrow.schema([(name, types.get(name, arrow.int64())) for name in COLUMNS[table]])
    with parquet.ParquetWriter(path, schema) as writer:
        while group := list(islice(rows, ROWS_AT_ONCE)):
            columns = zip(*group, strict=True)
            arrays = [arrow.array(column, type=field.type) for column, field in zip(columns, schema, strict=True)]
            writer.write_table(arrow.table(arrays, schema=schema))


_WRITERS: dict[TableFormat, Callable[[Path, str, Rows], None]] = {
    "csv": _write_csv,
    "jsonl": _write_jsonl,
    "parquet": _write_parquet,
}
