"""Tables of results that a program makes again and checks: one data file, and what reads, runs, records and shows it."""
