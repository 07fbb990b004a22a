"""An experiment: one collection, one teacher, any number of systems. The cache keeps every stage."""
