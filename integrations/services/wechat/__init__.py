"""The WeChat official account: what comes in as a push becomes a line of a conversation, and answers find their way."""
