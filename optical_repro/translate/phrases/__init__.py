"""Phrase-based translation (Koehn, Och and Marcu 2003) trained on the bitext alone: phrases, a language model, a decoder."""
