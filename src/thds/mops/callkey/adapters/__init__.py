"""How to take apart values of one library each: functions from a value to a `Node`, named in `registry.py` and
imported when the first such value is met. FROZEN: what they return is the key format. No adapter knows another's
library, except where one library's values hold another's.
"""
