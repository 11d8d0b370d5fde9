"""The WeChat official account's protocol and API, translated once into the words of the use cases."""
