"""What is asked after closure, how its answers are heard, and what a re-check must show.

`levels` has the scale, `hearing` turns words into answers, `reasons` lists what may be chosen, `checklists` and
`rechecks` say what a re-check needs before it may be decided. What the city may set is in `content/satisfaction/`.
"""
