"""Registers of elders as files: read, judged row by row, and taken over in one transaction.

file bytes -> reader -> columns -> rows (cells) -> matching -> a report, or rows in the registry
"""
