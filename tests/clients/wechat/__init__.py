"""WeChat's protocol and API."""
