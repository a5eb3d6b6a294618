"""Long runs with verbs of their own in the Makefile; the tests run a small one of each."""
