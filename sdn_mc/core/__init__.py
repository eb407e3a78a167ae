"""The vocabulary: axis words, types that stages exchange, fields, distributions, streams, bits."""
