"""The room that decides who answers a request, by when, and what happens if nobody does. Pure: facts in, decisions out.

    route = rules.route(Incoming(channel="telegram", language="ru", text="Где мой заказ?"), team_rules)
    request = Request(id=conversation_id, team_id=route.team_id, responsible_id=7, when_away=route.when_away, since=now)
    decision = assign.assign(request, managers)                  # one; or, for many in one pass:
    desk = Desk(managers)                                        # loads are updated between picks
    decisions = [desk.take(request) for request in requests]     # = assign_all(requests, managers)
    for conversation_id, manager_id in assign.drain(queue, managers): ...   # when somebody becomes free
    due = tasks.answer_due(route.priority, team_hours, now)      # within working hours
    step = tasks.next_step(task, now)                            # Wait, Reassign or Escalate

Numbers (`int`) name conversations, managers and teams. Times are aware; nothing here reads a clock.
"""
