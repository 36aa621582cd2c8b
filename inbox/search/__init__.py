"""Search over all messages, people and files' names: words as both languages form them, newest first.

`words` makes words of texts, `asked` makes a question of what somebody typed, `index` keeps the tables that answer it (called by
the worker), `find` asks them.
"""
