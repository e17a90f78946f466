"""Tables: CSV files as columns, and columns as arrays."""
