"""Tests of what comes in and what goes out: sheets, machine formats, rule files, packages."""
