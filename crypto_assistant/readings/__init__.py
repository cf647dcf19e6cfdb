"""What a trader reads off the market: each subject is asked of all venues and put together once.

A reading notes its questions to a wave and returns what builds it from whatever has arrived;
commands combine readings, and show them.

every market now    quotes, ranking
volume              volumes, baselines, scan, spikes
takers              flows, takers, spans, pressure
open interest       interest, interest_totals, moves, windows, crowd, deliveries, one_by_one
the primary market  primary, outlook, recent, trend, days, score
the owner           wallets, positions, exposure, valuation, standing
the owner's PnL     pnl, account_log, fills, markets, reconciliation, midnights
whom to ask         segments
"""
