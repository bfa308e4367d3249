"""What a worker's exit code says to whoever started it. Engines are configured with these numbers: do not change."""

from typing import Final

RESULT_STORED: Final = 0
#: The function raised and its exception is stored: the engine must not retry.
FUNCTION_RAISED: Final = 81
#: Another process holds the call now; nothing was stored by this worker. Its outcome will come from elsewhere.
CLAIM_LOST: Final = 82
#: The worker ended as it should: there is, or will be, an outcome in the store.
ORDERLY: Final = frozenset({RESULT_STORED, FUNCTION_RAISED, CLAIM_LOST})
#: The function returned, but the store refused its result.
NOT_STORED: Final = 83
