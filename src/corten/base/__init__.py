"""Foundations that every layer shares: error families and permanent codes. Standard library only."""
