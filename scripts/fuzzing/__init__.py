"""Reading damaged, hostile and random inputs with every reader. See fuzz.py."""
