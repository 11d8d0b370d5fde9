"""Random and mutated messages for the chat API, and what must hold whatever is sent.

`texts` makes words, `requests` makes what is posted, `markers` are what is each citizen's alone, `leaks` finds them
where they must not stand, `storing` reads what is left behind, `watching` looks at the processes, `playing` sends.
"""
