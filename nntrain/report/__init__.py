"""What a person sees: progress, tables, pictures and error messages."""
