"""Tables: what the readers of tabular files share."""
