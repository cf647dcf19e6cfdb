"""The arithmetic of the market: columns in, columns or numbers out.

Columns are float64 arrays in ascending time, those of one call equally long; numpy's ValueError
says where they are not. Nothing else is raised: what cannot be known is nan.
"""
