"""What the city knows: pure rules and content. No network, no database, no Rasa."""
