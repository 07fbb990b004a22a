"""What every room stands on: errors, files, the cache, languages, words, TREC's files. Imports nothing of the package but itself."""
