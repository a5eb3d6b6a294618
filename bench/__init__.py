"""The benchmark suite: ratios against named baselines, measured in one interleaved run."""
