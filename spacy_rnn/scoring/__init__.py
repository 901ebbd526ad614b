"""Documents in, tables of numbers out: on one machine or on many."""
