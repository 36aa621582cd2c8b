"""Find out which cards may be one person: keys that bring cards together, and how alike they are."""
