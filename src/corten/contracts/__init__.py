"""The derivatives library in contract Python: what venues are built of. So far the order book."""
