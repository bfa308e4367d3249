"""The order of the steps of a call, and nothing else: every step itself lives in a room further down.

call.py     what a call is: function, arguments, settings, key, place
line.py     THE LINE: hit? may I compute? run, commit
remote.py   the part of the line where the body runs through a shim
ending.py   who may compute, and what each waiter gets
blocking.py, awaited.py, submitted.py   the three ways to walk the line
"""
