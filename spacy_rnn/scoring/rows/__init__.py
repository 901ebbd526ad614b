"""Tables of rows, read and written: CSV, TSV, JSON lines and Parquet."""
