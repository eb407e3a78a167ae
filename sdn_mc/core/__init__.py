"""The vocabulary: axis words, the types that stages exchange, fields, distributions, streams, bits."""
