"""Sections: the parts of the page, one function each."""
