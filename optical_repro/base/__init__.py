"""What every other package uses: errors, files, the cache, languages, words, TREC files. Imports nothing else of optical_repro."""
