"""A city brings its own divisions, boundaries and places: reading its files, matching them, and saying what changes."""
