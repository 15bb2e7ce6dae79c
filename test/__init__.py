"""A package, so that ``test.shared`` is ours and not the standard library's ``test`` (run from the top of the checkout)."""
