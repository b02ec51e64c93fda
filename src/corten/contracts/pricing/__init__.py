"""Prices of options in contract Python; `corten.quant` maps these functions over numpy columns. See docs/pricing.md."""
