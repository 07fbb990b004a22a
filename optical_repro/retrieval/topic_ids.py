"""Keeps topic ids in Pyserini's own commands, which read digits as a number: topic 007 would be 7 in their runs."""

from __future__ import annotations

from typing import Any

NUMBERS, STRINGS = (f"io.anserini.search.topicreader.{name}TopicReader" for name in ("TsvInt", "TsvString"))


def keep_ids() -> None:
    """Makes Pyserini keep ids as the file has them where numbers would change them; other topics are read as before."""
    from pyserini import query_iterator
    from pyserini.search import _base

    original = query_iterator.get_topics_with_reader

    def with_exact_ids(reader: str, file: str) -> Any:
        java_topics = _base.JTopicReader.getTopicsWithStringIdsFromFileWithTopicReaderClass(STRINGS if reader == NUMBERS else reader, file)
        ids = list(java_topics.keySet().toArray()) if java_topics is not None else []
        if not any(topic.isdigit() and str(int(topic)) != topic for topic in ids):
            return original(reader, file)
        fields = {topic: java_topics.get(topic) for topic in ids}
        return {topic: {key: topic_fields.get(key) for key in topic_fields.keySet().toArray()} for topic, topic_fields in fields.items()}

    query_iterator.get_topics_with_reader = with_exact_ids
