"""Tests of the stores, each citing the promise it holds them to."""
