"""What Jiesu adds to Rasa: custom components, and one repair."""
