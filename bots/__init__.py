"""The room that decides what a bot says and who gets a broadcast. Pure: no database, no clock, no randomness.

    flow = load(text)                                            # bots.load; FlowError.problems names step, field and line
    flow = choose(flows, heard, facts, first=True)               # bots.triggers: which flow begins, or None
    turn = start(flow, facts, heard)                             # bots.engine; heard: the message that began it, or None
    turn = advance(flow, Session.from_json(row), Heard(text="2"), facts)
    for effect in turn.effects: ...                              # Say, SetField, SetTag, HandOver, Finish, in this order
    store(turn.session.to_json()); over = turn.session.done
    consent("СТОП!") == "stop"                                   # bots.consent: before anything else, typed text only
    for each in plan(people, broadcast, now): ...                # bots.broadcast: Delivery or Skip(reason), one a person
    text = render("Hello {{ name }}", {"name": "Anna"})          # bots.render; RenderError names variable and line
    flows = library()                                            # bots.library: the starter flows, by name

Import from the modules named; this package itself imports nothing.
"""
