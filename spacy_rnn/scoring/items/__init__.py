"""From a table of experimental items to the same table with numbers."""
