"""One execution of a call at a time. Saves work, and nothing else: correctness is the commit's, for the first result
wins however many compute. What belongs here never looks into results.

claim.py    what a lease says            acquire.py    taking, handing over and ending one
record.py   what a session says          session.py    one a process and store; heartbeat.py renews it
holder.py   who, for people              waiter.py     watching what others hold;
                                                       watched.py concludes from what is seen
"""
