"""What must be right, said slowly and plainly: executable specifications that the fast code is tested against."""
