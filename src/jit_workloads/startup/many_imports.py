"""A script that imports much of the standard library and does nothing with it.

Stresses: reading of bytecode and running of the code of modules, each line of it once. Claim: nothing gets hot.
"""

from __future__ import annotations

import argparse
import asyncio
import concurrent.futures
import csv
import dataclasses
import decimal
import email.message
import fractions
import html.parser
import http.client
import inspect
import json
import logging.config
import multiprocessing
import pathlib
import sqlite3
import statistics
import sys
import tarfile
import unittest.mock
import urllib.request
import xml.etree.ElementTree as ElementTree
import zipfile

__all__ = ["main"]

IMPORTED = (
    argparse, asyncio, concurrent.futures, csv, dataclasses, decimal, email.message, fractions, html.parser,
    http.client, inspect, json, logging.config, multiprocessing, pathlib, sqlite3, statistics, tarfile,
    unittest.mock, urllib.request, ElementTree, zipfile,
)  # fmt: skip


def main() -> None:
    """Write how many modules were asked for; how many more came with them differs between releases."""
    sys.stdout.write(f"{len(IMPORTED)}\n")


if __name__ == "__main__":
    main()
