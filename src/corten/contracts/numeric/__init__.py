"""Functions of real numbers in contract Python; `corten.contracts.math` gives them one name."""
