"""Registers and exports that earlier versions made."""
