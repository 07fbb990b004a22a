"""An experiment: one collection, one teacher, any number of systems, each stage kept in the cache."""
