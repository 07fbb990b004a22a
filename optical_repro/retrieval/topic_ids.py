"""Topic ids in Pyserini's own commands: it reads digits as a number, so that topic 007 would stand as 7 in its runs."""

from __future__ import annotations

from typing import Any

NUMBERS, STRINGS = (f"io.anserini.search.topicreader.{name}TopicReader" for name in ("TsvInt", "TsvString"))


def keep_ids() -> None:
    """Has Pyserini keep ids as the file writes them, where numbers would not; all other topics are read as before."""
    from pyserini import query_iterator
    from pyserini.search import _base

    read = query_iterator.get_topics_with_reader

    def exact(reader: str, file: str) -> Any:
        in_java = _base.JTopicReader.getTopicsWithStringIdsFromFileWithTopicReaderClass(STRINGS if reader == NUMBERS else reader, file)
        ids = list(in_java.keySet().toArray()) if in_java is not None else []
        if not any(topic.isdigit() and str(int(topic)) != topic for topic in ids):
            return read(reader, file)
        fields = {topic: in_java.get(topic) for topic in ids}
        return {topic: {key: of_topic.get(key) for key in of_topic.keySet().toArray()} for topic, of_topic in fields.items()}

    query_iterator.get_topics_with_reader = exact
