"""Tables of results that a program reproduces and checks: one data file, and the code that reads, runs, records and shows it."""
