"""Rules of the WeChat official account, as tables and pure functions: pushes, quotas, error codes, lengths."""
