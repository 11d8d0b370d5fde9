"""Independent libraries that speak WeChat's protocol, each in an environment of its own, never in the application's."""
