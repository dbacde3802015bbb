"""Who counts, and as what: outcomes, attributes, levels, and every lead as small integers."""
